/*
 * Makes and checks sealed words with BearSSL's HMAC.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bearssl.h>

#include "base/conf.h"
#include "http/seal.h"

#define MAC_BYTES	16

/* Every field with its NUL, so that none can run over into the next. */
static void
mac_make(const char *purpose, const char *text, const char *end, char hex[2 * MAC_BYTES + 1])
{
	const char		*fields[] = { "seal", purpose, text, end }, *key = conf_str(CONF_JWT_ACCESS_SECRET);
	unsigned char		mac[br_sha256_SIZE];
	br_hmac_key_context	kc;
	br_hmac_context		hc;
	size_t			i;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, strlen(key));
	br_hmac_init(&hc, &kc, 0);
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		br_hmac_update(&hc, fields[i], strlen(fields[i]) + 1);
	br_hmac_out(&hc, mac);
	for (i = 0; i < MAC_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", mac[i]);
}

int
seal_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned char	differ = a_len != b_len;
	size_t		i;

	for (i = 0; i < a_len && i < b_len; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);

	return (!differ);
}

void
seal_make(const char *purpose, const char *text, int seconds, char out[SEAL_MAX])
{
	char	end[17], mac[2 * MAC_BYTES + 1];

	snprintf(end, sizeof(end), "%llx", (unsigned long long)time(NULL) + (unsigned long long)seconds);
	mac_make(purpose, text, end, mac);
	snprintf(out, SEAL_MAX, "%.*s.%s.%s", SEAL_TEXT_MAX - 1, text, end, mac);
}

int
seal_open(const char *purpose, const char *word, char text[SEAL_TEXT_MAX])
{
	char	end[17], mac[2 * MAC_BYTES + 1];
	size_t	text_len = strcspn(word, "."), end_len;

	if (text_len >= SEAL_TEXT_MAX || word[text_len] != '.')
		return (0);
	memcpy(text, word, text_len);
	text[text_len] = '\0';
	word += text_len + 1;
	end_len = strcspn(word, ".");
	if (end_len == 0 || end_len >= sizeof(end) || word[end_len] != '.')
		return (0);
	memcpy(end, word, end_len);
	end[end_len] = '\0';
	mac_make(purpose, text, end, mac);

	return (seal_same(word + end_len + 1, strlen(word + end_len + 1), mac, strlen(mac)) &&
	    strtoull(end, NULL, 16) > (unsigned long long)time(NULL));
}
