/*
 * Statements return keys of objects where clients need addresses. They mark
 * such a value, and this puts a signed address in its place.
 */
#ifndef WANZAMI_SIGN_H
#define WANZAMI_SIGN_H

#include <stddef.h>

#include <kore/kore.h>
#include <kore/http.h>

struct request;

#define SIGN_BASE_MAX	300

/* Where the media of pay-per-view titles are asked for, and what their sealed addresses are for (http/signed_token.h). */
#define SIGN_GATE_PATH		"/api/ppv/media/"
#define SIGN_GATE_PURPOSE	"media"

/*
 * What a statement begins a value with that is to be signed, followed by
 * ":<seconds>:<key>", or by ":gate:<id of an asset version>" for an address
 * of ours that looks whether it may be used. Random for each process, so that no stored text can look
 * like it. Event loop only.
 */
const char	*sign_mark(void);

/*
 * What stands in front of addresses that lead to ourselves: PUBLIC_API_ORIGIN,
 * or scheme and host of the request (docs/compatibility.md#api-origin). Empty
 * when the request names no good host. Event loop only.
 */
void	sign_origin(const struct request *, char base[SIGN_BASE_MAX]);

/* The same, but empty when the objects are not ours to serve, so that their addresses lead elsewhere. Event loop only. */
void	sign_base(const struct request *, char base[SIGN_BASE_MAX]);

/*
 * Appends a JSON body to out with every marked string replaced by a presigned
 * GET URL, or by null when it cannot be signed. Event loop only.
 */
void	sign_body(struct kore_buf *out, const char *base, const char *body, size_t len);

#endif
