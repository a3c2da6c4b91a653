/*
 * Words that go out with a client and come back: we made them, for this
 * purpose, and not too long ago. Any thread, once the configuration is loaded.
 */
#ifndef WANZAMI_SIGNED_TOKEN_H
#define WANZAMI_SIGNED_TOKEN_H

#define SIGNED_TOKEN_TEXT_MAX	64				/* with its NUL */
#define SIGNED_TOKEN_MAX	(SIGNED_TOKEN_TEXT_MAX + 16 + 2 + 32)	/* with its NUL */

/* text is letters and digits. The word is "<text>.<end>.<HMAC-SHA256, cut to 128 bits>", under JWT_ACCESS_SECRET. */
void	signed_token_make(const char *purpose, const char *text, int seconds, char out[SIGNED_TOKEN_MAX]);

/* Whether it is such a word and still counts; text is then what it was made of. */
int	signed_token_open(const char *purpose, const char *word, char text[SIGNED_TOKEN_TEXT_MAX]);

#endif
