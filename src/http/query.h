/*
 * The query string of a request.
 */
#ifndef WANZAMI_QUERY_H
#define WANZAMI_QUERY_H

#include <kore/kore.h>
#include <kore/http.h>

/*
 * Decodes the first parameter of that exact name into out (cut to size).
 * Returns 0 when there is none, or when its escapes are broken or hide a NUL.
 * Event loop only.
 */
int	query_get(const struct http_request *, const char *name, char *out, size_t size);

#endif
