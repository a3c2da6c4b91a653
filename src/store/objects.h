/*
 * The object store, where films, renditions and artwork live: one interface
 * over an S3 bucket (S3_BUCKET) and a local directory (MEDIA_DIR).
 *
 * Threads: everything but presigning blocks on the network or the disk and is
 * for WORK_STORE and threads of one's own; each thread keeps a connection for
 * its next call. Presigning only computes and is for any thread.
 *
 * Every call takes a struct objects_call: what bounds it, and where it says
 * what went wrong. Connection errors and 5xx are tried again within those
 * bounds, so OBJECTS_LATER means that it has been.
 *
 * Keys are UTF-8 without control characters, at most OBJECTS_KEY_MAX bytes;
 * no segment between slashes is empty, "." or "..", or longer than 255 bytes
 * (docs/compatibility.md#object-keys). Others are refused, by both backends
 * alike.
 *
 * Sources: Amazon S3 API reference and "Signature Version 4".
 */
#ifndef WANZAMI_OBJECTS_H
#define WANZAMI_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#define OBJECTS_KEY_MAX		1024			/* bytes */
#define OBJECTS_URL_MAX		12288			/* with its NUL; a session token alone may be 2 KiB and more */
#define OBJECTS_ETAG_MAX	128			/* with its NUL */
#define OBJECTS_UPLOAD_MAX	512			/* id of a multipart upload, with its NUL */
#define OBJECTS_PART_MIN	(5u << 20)		/* bytes of every part but the last */
#define OBJECTS_PART_MAX	((uint64_t)5 << 30)
#define OBJECTS_PARTS_MAX	10000
#define OBJECTS_SECONDS_MAX	604800			/* longest life of an address */

enum objects_result {
	OBJECTS_OK = 0,
	OBJECTS_MISSING,	/* no such object or upload */
	OBJECTS_CHANGED,	/* the object is not the one with that etag any more */
	OBJECTS_REFUSED,	/* the store says no, and will say so again: keys, rights, parts, a bad key */
	OBJECTS_LATER,		/* unreachable, overloaded, out of space: later it may work */
	OBJECTS_CANCELED	/* canceled said so */
};

/* Zeroed is fine. The same one may be used for many calls, one at a time. */
struct objects_call {
	int	(*canceled)(void *ctx);	/* may be NULL; asked at least once a second, on the calling thread */
	void	*ctx;
	int	seconds;		/* bound of the whole call, tries and pauses included; 0 is 120 */
	int	patient;		/* a store that is away is asked again until the bound; else a few seconds, since somebody waits */
	char	error[256];		/* unless OBJECTS_OK: one line for the log, without keys or signatures */
	int	repeated;		/* the last request was sent more than once: an earlier one may have been obeyed, too */
};

struct objects_stat {
	uint64_t	size;				/* bytes */
	char		etag[OBJECTS_ETAG_MAX];		/* with its quotes */
};

struct objects_part {
	int		number;				/* from 1 */
	uint64_t	size;				/* bytes; only what objects_parts tells, else ignored */
	char		etag[OBJECTS_ETAG_MAX];		/* with or without quotes */
};

/*
 * Checks S3_ variables and MEDIA_DIR. Returns NULL, or one line (static
 * storage) about what is wrong. Once, in the parent, before anything else
 * here. That there is no store at all is no mistake here: see below.
 */
const char	*objects_configure(void);

/* Whether there is a store; where there is none, every call is refused and says so. Any thread. */
int		objects_enabled(void);

/*
 * What a process needs that presigns on its event loop: it keeps credentials
 * that expire (ECS) fresh. Event loop, once per worker.
 */
void		objects_start(void);

/* Whether a key is one (see above). Any thread. */
int		objects_key_ok(const char *key);

/* Whether there may be such an object: a bucket may have some that we would not write to. Any thread. */
int		objects_key_readable(const char *key);

enum objects_result	objects_head(const char *key, struct objects_stat *, struct objects_call *);

/*
 * Reads len bytes from offset into buf; *got is less only at the end of the
 * object, 0 at or behind it. With an etag (may be NULL) the answer is
 * OBJECTS_CHANGED once the object has been replaced, so that pieces of two
 * versions are never mixed.
 */
enum objects_result	objects_read(const char *key, const char *etag, uint64_t offset, void *buf, size_t len, size_t *got,
			    struct objects_call *);

/* Writes a whole object, at once or not at all. type may be NULL (application/octet-stream); etag may be NULL. */
enum objects_result	objects_put(const char *key, const char *type, const void *data, size_t len,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);

/*
 * A multipart upload: begun, parts 1 to OBJECTS_PARTS_MAX put in any order and
 * as often as one likes (the last one counts, at most 2 GiB each from a
 * buffer), and completed with the parts in ascending order, at least one.
 * Nothing of it is visible before it is complete. upload is the id. If the
 * answer to objects_begin gets lost and it is tried again, the upload that
 * nobody knows the id of is aborted.
 *
 * objects_complete may be called again when its answer got lost:
 * OBJECTS_MISSING then means that the upload is gone, and objects_head says
 * whether that is because it had been completed. etag may be NULL.
 *
 * objects_abort forgets the upload and its parts; OBJECTS_OK also when it is
 * gone already. objects_abort_all does so with every upload to that key, for
 * who does not know the ids (S3: s3:ListBucketMultipartUploads is needed).
 */
enum objects_result	objects_begin(const char *key, const char *type, char upload[OBJECTS_UPLOAD_MAX], struct objects_call *);
enum objects_result	objects_part(const char *key, const char *upload, int number, const void *data, size_t len,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);
enum objects_result	objects_complete(const char *key, const char *upload, const struct objects_part *, size_t count,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);
enum objects_result	objects_abort(const char *key, const char *upload, struct objects_call *);
enum objects_result	objects_abort_all(const char *key, struct objects_call *);

/* The parts that an upload has, in ascending order; the caller frees *parts (NULL when there are none). */
enum objects_result	objects_parts(const char *key, const char *upload, struct objects_part **parts, size_t *count,
			    struct objects_call *);

/* Removes an object; OBJECTS_OK also when there is none. */
enum objects_result	objects_delete(const char *key, struct objects_call *);

/*
 * Calls each(ctx, key, size) for every object whose key begins with prefix
 * ("" for all), in no particular order, until it returns non-zero. each may
 * remove the object it is told about.
 */
enum objects_result	objects_list(const char *prefix, int (*each)(void *ctx, const char *key, uint64_t size), void *ctx,
			    struct objects_call *);

/* Removes every object below a prefix, which must end with a slash. */
enum objects_result	objects_delete_prefix(const char *prefix, struct objects_call *);

/* Whether the store answers and lets us in. */
enum objects_result	objects_probe(struct objects_call *);

/*
 * An address that anybody may use for seconds (1 to OBJECTS_SECONDS_MAX) with
 * that method (GET, which HEAD may use too where the store is local, or PUT),
 * of an object (GET: objects_key_readable) or of one part of an upload. base is
 * scheme://host[:port] of ourselves, where local objects are served; S3 does not look at it. Returns
 * 0 when it cannot be made: no store, bad key, no credentials (yet).
 */
int	objects_presign(const char *base, const char *method, const char *key, int seconds, char url[OBJECTS_URL_MAX]);
int	objects_presign_part(const char *base, const char *key, const char *upload, int number, int seconds,
	    char url[OBJECTS_URL_MAX]);

/* The address of an object under a prefix that everybody may read (docs/compatibility.md#public-url). Returns 0 as above. */
int	objects_public_url(const char *base, const char *key, char url[OBJECTS_URL_MAX]);

/* The URL that the database keeps: s3://bucket/key; "local" is the bucket of a directory. Returns 0 when it does not fit. */
int	objects_uri(const char *key, char *uri, size_t size);

#endif
