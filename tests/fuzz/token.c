/*
 * Tokens: only tokens signed by us are accepted. The input by itself is never
 * accepted, except for an unlikely guess of the signature; the input as header
 * and payload with our signature is accepted only for HS256 and a user.
 */
#include "fuzz.h"

#include <bearssl.h>

#include "base/conf.h"
#include "http/token.h"

#define SECRET	"access-secret-of-the-fuzzer-0123456789"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	kore_mem_init();
	setenv("JWT_ACCESS_SECRET", SECRET, 1);
	MUST(conf_load() == NULL);

	return (0);
}

static void
base64_url(char *out, const unsigned char *p, size_t len)
{
	static const char	letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t			i;
	unsigned		bits = 0, n = 0;

	for (i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (n += 8; n >= 6; n -= 6)
			*out++ = letters[bits >> (n - 6) & 63];
	}
	if (n > 0)
		*out++ = letters[bits << (6 - n) & 63];
	*out = '\0';
}

/* Returns header.payload.signature of two JSON texts. */
static char *
sign(const char *header, const char *payload)
{
	char			*token = malloc(2 * (strlen(header) + strlen(payload)) + 80), *end;
	unsigned char		mac[br_sha256_SIZE];
	br_hmac_key_context	key;
	br_hmac_context		hmac;

	base64_url(token, (const unsigned char *)header, strlen(header));
	strcat(token, ".");
	base64_url(token + strlen(token), (const unsigned char *)payload, strlen(payload));
	br_hmac_key_init(&key, &br_sha256_vtable, SECRET, strlen(SECRET));
	br_hmac_init(&hmac, &key, 0);
	br_hmac_update(&hmac, token, strlen(token));
	br_hmac_out(&hmac, mac);
	end = token + strlen(token);
	*end++ = '.';
	base64_url(end, mac, sizeof(mac));

	return (token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char		*text = text_of(data, len), *payload = strchr(text, '\n'), *token;
	struct token	t;

	MUST(!token_verify(TOKEN_ACCESS, text, &t));
	token_free(&t);
	if (payload != NULL) {
		*payload++ = '\0';
		token = sign(text, payload);
		if (token_verify(TOKEN_ACCESS, token, &t)) {
			MUST(strstr(text, "HS256") != NULL || strstr(text, "\\u") != NULL);
			MUST(*t.user_id != '\0' && strspn(t.user_id, "0123456789") == strlen(t.user_id) && t.device_id != NULL && t.lifetime >= 0);
		}
		token_free(&t);
		MUST(!token_verify(TOKEN_REFRESH, token, &t));
		token_free(&t);
		free(token);
	}
	free(text);

	return (0);
}
