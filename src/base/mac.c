/*
 * Computes and compares message authentication codes.
 */
#include <string.h>

#include <bearssl.h>

#include "base/hex.h"
#include "base/mac.h"

void
mac_make(const void *key, size_t key_len, const char *const *texts, size_t n, size_t bytes, char *hex)
{
	unsigned char		mac[br_sha256_SIZE];
	br_hmac_key_context	kc;
	br_hmac_context		hc;
	size_t			i;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, key_len);
	br_hmac_init(&hc, &kc, 0);
	for (i = 0; i < n; i++)
		br_hmac_update(&hc, texts[i], strlen(texts[i]) + 1);
	br_hmac_out(&hc, mac);
	hex_write(hex, mac, bytes < sizeof(mac) ? bytes : sizeof(mac));
}

int
mac_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned char	differ = a_len != b_len;
	size_t		i;

	for (i = 0; i < a_len && i < b_len; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);

	return (!differ);
}
