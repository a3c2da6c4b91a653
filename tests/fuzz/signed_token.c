/*
 * Signed tokens, such as those in the URLs of playlists: a token by itself is never
 * accepted, and one of ours is accepted for its purpose and unchanged only.
 */
#include "fuzz.h"

#include "base/conf.h"
#include "http/signed_token.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	kore_mem_init();
	setenv("JWT_ACCESS_SECRET", "access-secret-of-the-fuzzer-0123456789", 1);
	MUST(conf_load() == NULL);

	return (0);
}

/* Checks that a token of ours is opened, and refused after a change of one byte. */
static void
own_check(const char *text, size_t at, uint8_t change)
{
	char	token[SIGNED_TOKEN_MAX], found[SIGNED_TOKEN_TEXT_MAX];

	signed_token_make("play", text, 60, token);
	MUST(strlen(token) < sizeof(token));
	MUST(signed_token_open("play", token, found) && !strncmp(found, text, SIGNED_TOKEN_TEXT_MAX - 1) && strlen(found) < sizeof(found));
	MUST(!signed_token_open("media", token, found) && !signed_token_open("", token, found));
	if (change != 0) {
		token[at % strlen(token)] ^= (char)change;
		MUST(!signed_token_open("play", token, found));
	}
	signed_token_make("play", text, -1, token);
	MUST(!signed_token_open("play", token, found));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*text = text_of(data, len), found[SIGNED_TOKEN_TEXT_MAX];

	MUST(!signed_token_open("play", text, found) && !signed_token_open(text, text, found));
	if (strchr(text, '.') == NULL && strlen(text) < SIGNED_TOKEN_TEXT_MAX)
		own_check(text, len > 0 ? data[0] : 0, len > 1 ? data[1] : 0);
	free(text);

	return (0);
}
