/*
 * Interface of a storage back end: objects.h without its checks. Keys, part
 * numbers and lengths are valid, and call->error is empty. For objects.c and its
 * two back ends only.
 */
#ifndef WANZAMI_OBJECTS_BACKEND_H
#define WANZAMI_OBJECTS_BACKEND_H

#include <time.h>

#include "base/conf.h"
#include "store/objects.h"

struct objects_backend {
	enum conf_id		chosen_by;	/* the variable that selects this back end when it is set */
	int			keys_are_paths;	/* only keys that objects_key_ok() accepts can be read */
	const char		*(*configure)(void);	/* returns NULL, or what is wrong with the variables (static storage) */
	const char		*(*bucket)(void);	/* the bucket of s3://bucket/key URLs */
	void			(*start)(void);		/* called in each worker, on the event loop; may be NULL */
	enum objects_result	(*head)(const char *, struct objects_stat *, struct objects_call *);
	enum objects_result	(*read)(const char *, const char *, uint64_t, void *, size_t, size_t *, struct objects_call *);
	enum objects_result	(*put)(const char *, const char *, const void *, size_t, char *, struct objects_call *);
	enum objects_result	(*begin)(const char *, const char *, char *, struct objects_call *);
	enum objects_result	(*part)(const char *, const char *, int, const void *, size_t, char *, struct objects_call *);
	enum objects_result	(*complete)(const char *, const char *, const struct objects_part *, size_t, char *, struct objects_call *);
	enum objects_result	(*abort)(const char *, const char *, struct objects_call *);
	/* Finds an upload to a key, other than that in the second argument; OBJECTS_MISSING if there is none. */
	enum objects_result	(*upload)(const char *, const char *, char *, struct objects_call *);
	enum objects_result	(*parts)(const char *, const char *, struct objects_part **, size_t *, struct objects_call *);
	enum objects_result	(*delete)(const char *, struct objects_call *);
	enum objects_result	(*list)(const char *, int (*)(void *, const char *, uint64_t), void *, struct objects_call *);
	enum objects_result	(*probe)(struct objects_call *);
	/* For a whole object the upload ID is NULL and the part number 0. The seconds count from the time. */
	int			(*presign)(const char *, const char *, const char *, const char *, int, int, time_t, char *);
	int			(*presign_life)(void);	/* NULL: OBJECTS_SECONDS_MAX */
	int			(*presign_seconds)(int);	/* NULL: as many as are wanted */
	int			(*url)(const char *, const char *, char *);
};

extern const struct objects_backend	objects_s3, objects_local;

/* Writes the reason to call->error and returns result. */
enum objects_result	objects_fail(struct objects_call *, enum objects_result, const char *, ...)
			    __attribute__((format(printf, 3, 4)));

/* Returns 1 if the caller has canceled the call. */
int	objects_canceled(const struct objects_call *);

/* Returns 1 if two ETags are the same, with or without quotes. */
int	objects_etag_same(const char *, const char *);

/* Returns 1 for a key that S3 accepts: 1 to OBJECTS_KEY_MAX bytes of UTF-8. */
int	objects_key_possible(const char *key);

#endif
