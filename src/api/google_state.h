/*
 * The state of a Google sign-in: a signed token that names the browser which
 * asked for the consent page, so that nobody can complete their own sign-in in
 * somebody else's browser (RFC 6749 §10.12, docs/compatibility.md#google-url).
 * Event loop only.
 */
#ifndef WANZAMI_GOOGLE_STATE_H
#define WANZAMI_GOOGLE_STATE_H

#include "http/request.h"
#include "http/signed_token.h"

/* Writes a new state for the browser of this request, and adds its cookie to the response. */
void	google_state_make(struct request *, char state[SIGNED_TOKEN_MAX]);

/*
 * Returns 1 if a state is valid and was made for the browser of this request. A
 * browser that sent no cookie because the page belongs to another origin passes.
 */
int	google_state_ok(struct request *, const char *state);

#endif
