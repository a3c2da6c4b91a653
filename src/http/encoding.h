/*
 * The gzip content coding of responses (RFC 9110 §8.4.1.3, §12.5.3). Event loop
 * only.
 */
#ifndef WANZAMI_ENCODING_H
#define WANZAMI_ENCODING_H

#include <kore/kore.h>
#include <kore/http.h>

/*
 * Bytes of a body that is compressed. A smaller one fits into a packet anyway;
 * compressing a larger one would stop the event loop for more than 10 ms.
 */
#define ENCODING_MIN	1024
#define ENCODING_MAX	(512 * 1024)

/* Returns 1 if Accept-Encoding allows gzip and len is in the limits above. */
int	encoding_wanted(struct http_request *, size_t len);

/* Returns data compressed, in memory that the caller frees, and its length. Ends the process if memory is out. */
void	*encoding_gzip_new(const void *data, size_t len, size_t *gzip_len);

/* Returns the room that encoding_gzip() needs for len bytes. */
size_t	encoding_bound(size_t len);

/* Compresses len bytes into out, which has encoding_bound(len) bytes. Returns the length of the result. */
size_t	encoding_gzip(const void *data, size_t len, void *out);

#endif
