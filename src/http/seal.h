/*
 * Words that go out with a client and come back: we made them, for this
 * purpose, and not too long ago. Any thread, once the configuration is loaded.
 */
#ifndef WANZAMI_SEAL_H
#define WANZAMI_SEAL_H

#define SEAL_TEXT_MAX	64				/* with its NUL */
#define SEAL_MAX	(SEAL_TEXT_MAX + 16 + 2 + 32)	/* with its NUL */

/* text is letters and digits. The word is "<text>.<end>.<HMAC-SHA256, cut to 128 bits>", under JWT_ACCESS_SECRET. */
void	seal_make(const char *purpose, const char *text, int seconds, char out[SEAL_MAX]);

/* Whether it is such a word and still counts; text is then what it was made of. */
int	seal_open(const char *purpose, const char *word, char text[SEAL_TEXT_MAX]);

#endif
