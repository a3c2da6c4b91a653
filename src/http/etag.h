/*
 * Weak ETags and the evaluation of If-None-Match (docs/compatibility.md#etag).
 */
#ifndef WANZAMI_ETAG_H
#define WANZAMI_ETAG_H

#include <kore/kore.h>
#include <kore/http.h>

#define ETAG_MAX	64

/* Writes the weak ETag of len bytes: their length and SHA-1. Any thread. */
void	etag_make(const void *, size_t len, char out[ETAG_MAX]);

/* Returns 1 if If-None-Match has the ETag and Cache-Control has no "no-cache". Event loop only. */
int	etag_known(struct http_request *, const char *etag);

#endif
