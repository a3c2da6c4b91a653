/*
 * Statements return keys of objects where clients need addresses. They mark
 * such a value, and this puts a signed address in its place.
 */
#ifndef WANZAMI_SIGN_H
#define WANZAMI_SIGN_H

#include <stddef.h>

#include <kore/kore.h>
#include <kore/http.h>

#define SIGN_BASE_MAX	300

/*
 * What a statement begins a value with that is to be signed, followed by
 * ":<seconds>:<key>". Random for each process, so that no stored text can look
 * like it. Event loop only.
 */
const char	*sign_mark(void);

/*
 * What stands in front of addresses that lead to ourselves: PUBLIC_API_ORIGIN,
 * or scheme and host of the request (contract README 21). Empty when no
 * address does, because the objects are not ours to serve. Event loop only.
 */
void	sign_base(struct http_request *, char base[SIGN_BASE_MAX]);

/*
 * Appends a JSON body to out with every marked string replaced by a presigned
 * GET URL, or by null when it cannot be signed. Event loop only.
 */
void	sign_body(struct kore_buf *out, const char *base, const char *body, size_t len);

#endif
