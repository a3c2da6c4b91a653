/*
 * Object storage for films, renditions and artwork: one interface to an S3
 * bucket (S3_BUCKET) and a local directory (MEDIA_DIR).
 *
 * Threads: all calls block on the network or the disk, except those that sign or
 * build URLs. Call them on WORK_STORE or on threads of your own; each thread
 * keeps a connection for its next call. Presigning only computes. Any thread.
 *
 * Every call takes a struct objects_call, which holds its limits and receives
 * its error. Connection errors and responses of 5xx are retried within the
 * limits before a call returns OBJECTS_LATER.
 *
 * Object keys are UTF-8 without control characters, at most OBJECTS_KEY_MAX
 * bytes; no segment between slashes is empty, "." or "..", or longer than 255
 * bytes (docs/compatibility.md#object-keys). Both back ends refuse others.
 *
 * Sources: Amazon S3 API reference and "Signature Version 4".
 */
#ifndef WANZAMI_OBJECTS_H
#define WANZAMI_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#define OBJECTS_KEY_MAX		1024			/* bytes, without the NUL */
#define OBJECTS_URL_MAX		12288			/* bytes, with the NUL; a session token alone may have 2 KiB and more */
#define OBJECTS_ETAG_MAX	128			/* bytes, with the NUL */
#define OBJECTS_UPLOAD_MAX	512			/* upload ID of a multipart upload, with the NUL */
#define OBJECTS_PART_MIN	(5u << 20)		/* bytes; every part but the last */
#define OBJECTS_PART_MAX	((uint64_t)5 << 30)
#define OBJECTS_PARTS_MAX	10000
#define OBJECTS_SECONDS_MAX	604800			/* longest validity of a presigned URL */

enum objects_result {
	OBJECTS_OK = 0,
	OBJECTS_MISSING,	/* the object or upload does not exist */
	OBJECTS_CHANGED,	/* the object has another ETag */
	OBJECTS_REFUSED,	/* permanent error: credentials, permissions, parts, an invalid key */
	OBJECTS_LATER,		/* temporary error: unreachable, overloaded, disk full */
	OBJECTS_CANCELED	/* canceled returned non-zero */
};

/* Limits and error of a call. May be zeroed, and reused for one call after the other. */
struct objects_call {
	int	(*canceled)(void *ctx);	/* may be NULL; called at least once a second, on the calling thread */
	void	*ctx;
	int	seconds;		/* limit of the whole call with its retries; 0 is 120 */
	int	keep_retrying;		/* 1: retry until the limit; 0: at most eight attempts, for a caller that a client waits for */
	char	error[256];		/* unless OBJECTS_OK: one line for the log, without credentials or signatures */
	int	create;			/* 1: objects_put() does not replace an object, but returns OBJECTS_CHANGED (MEDIA_DIR only) */
	int	no_space;		/* set to 1 if MEDIA_DIR has no space or inodes left, or its quota is used up; the result is OBJECTS_LATER */
	int	repeated;		/* 1: the last request was sent more than once, and the server may have executed several */
};

struct objects_stat {
	uint64_t	size;				/* bytes */
	char		etag[OBJECTS_ETAG_MAX];		/* with its quotes */
};

struct objects_part {
	int		number;				/* from 1 */
	uint64_t	size;				/* bytes; set by objects_parts(), else ignored */
	char		etag[OBJECTS_ETAG_MAX];		/* with or without quotes */
};

/*
 * Checks the S3_ variables and MEDIA_DIR. Returns NULL, or one line (static
 * storage) that says what is wrong. Object storage may be missing altogether:
 * see objects_enabled(). Call it once, in the parent, before the other
 * functions.
 */
const char	*objects_configure(void);

/* Returns 1 if object storage is configured. If not, every call returns OBJECTS_REFUSED. Any thread. */
int		objects_enabled(void);

/*
 * Keeps expiring credentials (ECS) fresh, for a process that presigns on its
 * event loop. Once per worker. Event loop only.
 */
void		objects_start(void);

/* Returns 1 for a valid object key (see above). Any thread. */
int		objects_key_ok(const char *key);

/* Returns 1 if an object with this key may exist: a bucket may hold keys that objects_key_ok() refuses. Any thread. */
int		objects_key_readable(const char *key);

/* Returns size and ETag of an object. */
enum objects_result	objects_head(const char *key, struct objects_stat *, struct objects_call *);

/*
 * Reads len bytes from offset into buf. *got is less than len only at the end of
 * the object, and 0 at or beyond it. With an ETag (may be NULL), returns
 * OBJECTS_CHANGED if the object has been replaced, so that a caller never mixes
 * pieces of two versions.
 */
enum objects_result	objects_read(const char *key, const char *etag, uint64_t offset, void *buf, size_t len, size_t *got,
			    struct objects_call *);

/* Writes a whole object, atomically. type may be NULL (application/octet-stream), etag too. */
enum objects_result	objects_put(const char *key, const char *type, const void *data, size_t len,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);

/*
 * Multipart upload. objects_begin() returns the upload ID. objects_part() writes
 * parts 1 to OBJECTS_PARTS_MAX (at most 2 GiB each) in any order; a part that is
 * written again is replaced. objects_complete() takes at least one part, in
 * ascending order, and makes the object visible.
 *
 * If objects_begin() had to repeat its request, it aborts other uploads to the
 * key, whose IDs nobody knows.
 *
 * If the response to objects_complete() did not arrive, call it again:
 * OBJECTS_MISSING then means that the upload no longer exists, and
 * objects_head() shows whether it was completed. etag may be NULL.
 *
 * objects_abort() deletes an upload and its parts, and returns OBJECTS_OK also
 * if it does not exist. objects_abort_all() deletes all uploads to a key, for
 * callers without the upload IDs (S3: needs s3:ListBucketMultipartUploads).
 */
enum objects_result	objects_begin(const char *key, const char *type, char upload[OBJECTS_UPLOAD_MAX], struct objects_call *);
enum objects_result	objects_part(const char *key, const char *upload, int number, const void *data, size_t len,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);
enum objects_result	objects_complete(const char *key, const char *upload, const struct objects_part *, size_t count,
			    char etag[OBJECTS_ETAG_MAX], struct objects_call *);
enum objects_result	objects_abort(const char *key, const char *upload, struct objects_call *);
enum objects_result	objects_abort_all(const char *key, struct objects_call *);

/* Orders parts by number, for qsort() and bsearch(). Any thread. */
int	objects_part_compare(const void *, const void *);

/* Lists the parts of an upload in ascending order, in whatever order the store lists them. The caller frees *parts (NULL if there are none). */
enum objects_result	objects_parts(const char *key, const char *upload, struct objects_part **parts, size_t *count,
			    struct objects_call *);

/* Deletes an object. Returns OBJECTS_OK also if it does not exist. */
enum objects_result	objects_delete(const char *key, struct objects_call *);

/*
 * Calls each(ctx, key, size) for every object whose key begins with prefix
 * ("" for all), in no particular order, until it returns non-zero. each may
 * delete the object.
 */
enum objects_result	objects_list(const char *prefix, int (*each)(void *ctx, const char *key, uint64_t size), void *ctx,
			    struct objects_call *);

/* Deletes every object below a prefix, which must end with a slash. */
enum objects_result	objects_delete_prefix(const char *prefix, struct objects_call *);

/* Checks that object storage responds and accepts the credentials. */
enum objects_result	objects_probe(struct objects_call *);

/*
 * Write a presigned URL, valid for seconds (1 to OBJECTS_SECONDS_MAX), for one
 * method (GET or PUT; a local URL and one of MEDIA_CDN for GET allow HEAD too)
 * and an object or one part of an upload. For GET the key needs to be readable only
 * (objects_key_readable()). base is scheme://host[:port] of this API, which
 * serves local objects; S3 ignores it. Return 0 without object storage, with an
 * invalid key, and before the first credentials have been fetched. Any thread.
 */
int	objects_presign(const char *base, const char *method, const char *key, int seconds, char url[OBJECTS_URL_MAX]);
int	objects_presign_part(const char *base, const char *key, const char *upload, int number, int seconds,
	    char url[OBJECTS_URL_MAX]);

/*
 * Writes a presigned GET URL that is the same in all calls of the same `step`
 * seconds, unless the credentials change. It is valid for `seconds` at least,
 * and for `step` more at most. Any thread.
 */
int	objects_presign_steady(const char *base, const char *key, int seconds, int step, char url[OBJECTS_URL_MAX]);

/*
 * Returns for how long a GET URL that is signed now for `seconds` is valid:
 * less with temporary credentials that end before, 0 without object storage or
 * credentials. Any thread.
 */
int	objects_presign_seconds(int seconds);

/*
 * Returns the time in seconds for which a presigned GET URL is valid at least,
 * whenever it was signed: OBJECTS_SECONDS_MAX, or less with temporary
 * credentials; 0 without credentials, -1 if their life is not known. May block on
 * the network; any thread except the event loop's.
 */
int	objects_presign_life(void);

/* Writes the unsigned URL of an object under a public prefix (docs/compatibility.md#public-url). Returns 0 without object storage or with an invalid key. */
int	objects_public_url(const char *base, const char *key, char url[OBJECTS_URL_MAX]);

/* Writes the URL that the database stores: s3://bucket/key; the bucket of a local directory is "local". Returns 0 if it does not fit. */
int	objects_uri(const char *key, char *uri, size_t size);

#endif
