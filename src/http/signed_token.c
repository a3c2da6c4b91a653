/*
 * Signed tokens.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf.h"
#include "base/mac.h"
#include "http/signed_token.h"

#define MAC_BYTES	16

static void
token_sign(const char *key, const char *purpose, const char *text, const char *end, char hex[2 * MAC_BYTES + 1])
{
	const char	*texts[] = { "seal", purpose, text, end };

	mac_make(key, strlen(key), texts, sizeof(texts) / sizeof(*texts), MAC_BYTES, hex);
}

void
signed_token_make(const char *purpose, const char *text, int seconds, char out[SIGNED_TOKEN_MAX])
{
	char	end[17], mac[2 * MAC_BYTES + 1];

	snprintf(end, sizeof(end), "%llx", (unsigned long long)time(NULL) + (unsigned long long)seconds);
	token_sign(conf_str(CONF_JWT_ACCESS_SECRET), purpose, text, end, mac);
	snprintf(out, SIGNED_TOKEN_MAX, "%.*s.%s.%s", SIGNED_TOKEN_TEXT_MAX - 1, text, end, mac);
}

/* Returns 1 if mac is that of the token by this key. "" is no key. */
static int
token_fits(const char *key, const char *purpose, const char *text, const char *end, const char *given)
{
	char	mac[2 * MAC_BYTES + 1];

	if (*key == '\0')
		return (0);
	token_sign(key, purpose, text, end, mac);

	return (mac_same(given, strlen(given), mac, strlen(mac)));
}

int
signed_token_open(const char *purpose, const char *token, char text[SIGNED_TOKEN_TEXT_MAX])
{
	char	end[17];
	size_t	text_len = strcspn(token, "."), end_len;

	if (text_len >= SIGNED_TOKEN_TEXT_MAX || token[text_len] != '.')
		return (0);
	memcpy(text, token, text_len);
	text[text_len] = '\0';
	token += text_len + 1;
	end_len = strcspn(token, ".");
	if (end_len == 0 || end_len >= sizeof(end) || token[end_len] != '.')
		return (0);
	memcpy(end, token, end_len);
	end[end_len] = '\0';
	token += end_len + 1;

	return ((token_fits(conf_str(CONF_JWT_ACCESS_SECRET), purpose, text, end, token) ||
	    token_fits(conf_str(CONF_JWT_ACCESS_SECRET_PREVIOUS), purpose, text, end, token)) &&
	    strtoull(end, NULL, 16) > (unsigned long long)time(NULL));
}
