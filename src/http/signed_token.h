/*
 * Signed tokens: a short text with a purpose and an expiry, authenticated with
 * an HMAC. Used in gate URLs and as OAuth state. Any thread, after the
 * configuration has been loaded.
 */
#ifndef WANZAMI_SIGNED_TOKEN_H
#define WANZAMI_SIGNED_TOKEN_H

#define SIGNED_TOKEN_TEXT_MAX	96				/* with its NUL */
#define SIGNED_TOKEN_MAX	(SIGNED_TOKEN_TEXT_MAX + 16 + 2 + 32)	/* with its NUL */

/*
 * Writes "<text>.<expiry, hexadecimal Unix time>.<HMAC-SHA256, 128 bits>". The
 * key is JWT_ACCESS_SECRET. text is letters and digits. The token is valid for
 * the given number of seconds.
 */
void	signed_token_make(const char *purpose, const char *text, int seconds, char out[SIGNED_TOKEN_MAX]);

/* Verifies a token. Returns 1 and writes its text if the HMAC is right for this purpose and the token has not expired; otherwise returns 0. */
int	signed_token_open(const char *purpose, const char *token, char text[SIGNED_TOKEN_TEXT_MAX]);

#endif
