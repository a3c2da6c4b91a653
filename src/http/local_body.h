/*
 * Bodies of PUT requests to presigned URLs of the local object storage
 * (store/local/local_objects.h). Such a body may be as large as a part of an
 * upload and is written to disk as it arrives. Event loop only.
 */
#ifndef WANZAMI_LOCAL_BODY_H
#define WANZAMI_LOCAL_BODY_H

#include <stddef.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#define LOCALBODY_MEMORY_MAX	4194304		/* bytes; http_body_max of kore.conf, the limit of all other bodies */
#define LOCALBODY_FULL		"The storage for media is full"	/* message of a response with status 507 (RFC 4918 §11.5) */

/* The parts of a presigned URL. They are read before the body is received, when there is no struct request yet. */
struct local_body_url {
	char	key[1040], allowed[8], expires[24], upload[48], part[8], sig[80];
	int	has_upload, has_part, has_sig;
};

/* Returns 1 for the path of a local object, if local object storage is enabled. */
int	local_body_path(const char *path);

/* Makes Kore write large bodies to files of the local object storage, if it is enabled (MEDIA_DIR). Call once in each worker. */
void	local_body_start(void);

/*
 * Returns the limit of the body, in bytes, of a request with a header section
 * of these len bytes, which begins with its request line: OBJECTS_PART_MAX for a PUT to a valid presigned URL, 0
 * for a PUT to an invalid one, LOCALBODY_MEMORY_MAX for any other request.
 */
size_t	local_body_max(const char *line, size_t len);

/*
 * Creates the file of the next body, which the next http_header_recv() takes.
 * Returns 0, or the status of the refusal, 507 or 503, after a log line.
 * local_body_release() deletes the file if Kore has refused the request.
 */
int	local_body_create(void);
void	local_body_release(void);

/* Writes bytes of a body to the file of its request. Returns as local_body_create() does. */
int	local_body_write(const struct http_request *, const void *data, size_t len);

/* Logs that MEDIA_DIR is full, with what to do. id is that of the request, or NULL. */
void	local_body_full(const char *id, const char *error);

/*
 * Parses a presigned URL. path is percent-encoded, with its prefix; query may
 * be NULL. Returns 1 if the URL is valid for the method now.
 */
int	local_body_allows(const char *method, const char *path, const char *query, struct local_body_url *);

#endif
