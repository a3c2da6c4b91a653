/*
 * Names of contents, by which a client that has an answer is told that it
 * still does (docs/compatibility.md#etag).
 */
#ifndef WANZAMI_ETAG_H
#define WANZAMI_ETAG_H

#include <kore/kore.h>
#include <kore/http.h>

#define ETAG_MAX	64

/* The weak tag of len bytes: their number and their SHA-1. Any thread. */
void	etag_make(const void *, size_t len, char out[ETAG_MAX]);

/* Whether the client says that it has what the tag names, and does not insist on an answer. Event loop only. */
int	etag_known(struct http_request *, const char *etag);

#endif
