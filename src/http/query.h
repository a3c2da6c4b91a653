/*
 * The query string of a request, and percent-decoding.
 */
#ifndef WANZAMI_QUERY_H
#define WANZAMI_QUERY_H

#include <kore/kore.h>
#include <kore/http.h>

/*
 * Decodes the first parameter of that exact name into out (cut to size).
 * Returns 0 when there is none, or when its escapes are broken, hide a NUL or
 * are not UTF-8.
 * Event loop only.
 */
int	query_get(const struct http_request *, const char *name, char *out, size_t size);

/*
 * Decodes len bytes into out, cut to size - 1 bytes and a NUL; form says that
 * "+" is a blank. Returns 0 for a broken escape, one that hides a NUL, and
 * escapes that are not UTF-8 (ECMA-262 §19.2.6.1). Any thread.
 */
int	query_decode(const char *text, size_t len, int form, char *out, size_t size);

/*
 * Appends the parameters as a JSON object of texts. A broken escape is kept as
 * it is written; what hides a NUL is left out. Of those whose name comes more
 * than once (docs/compatibility.md#query-parameters) the first is there as
 * "name[0]".
 */
void	query_json(const struct http_request *, struct kore_buf *);

#endif
