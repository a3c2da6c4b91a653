/*
 * Query parameters and percent-decoding.
 */
#ifndef WANZAMI_QUERY_H
#define WANZAMI_QUERY_H

#include <kore/kore.h>
#include <kore/http.h>

/*
 * Decodes the first parameter with exactly that name into out, truncated to
 * size - 1 bytes at a character boundary. Returns 0 if there is none, if a
 * percent-escape is malformed, or if the value holds a NUL or is not UTF-8.
 * Event loop only.
 */
int	query_get(const struct http_request *, const char *name, char *out, size_t size);

/*
 * Percent-decodes len bytes into out, truncated to size - 1 bytes at a
 * character boundary and terminated. If form is 1, "+" is a space. Returns 0
 * if an escape is malformed, or if the result holds a NUL or is not UTF-8
 * (ECMA-262 §19.2.6.1). Any thread.
 */
int	query_decode(const char *text, size_t len, int form, char *out, size_t size);

/*
 * Appends the parameters as a JSON object of strings, at most 32. A parameter
 * with a malformed escape is kept undecoded; one that holds a NUL is left out.
 * If a name occurs more than once, the object has its first value as "name[0]"
 * (docs/compatibility.md#query-parameters). Event loop only.
 */
void	query_json(const struct http_request *, struct kore_buf *);

#endif
