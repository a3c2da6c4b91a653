/*
 * Parses keys with BearSSL's decoder, and signs.
 */
#include <string.h>

#include "tls/pem.h"
#include "tls/private_key.h"

static const char *
key_decode(struct private_key *key, const unsigned char *der, size_t len)
{
	br_skey_decoder_init(&key->decoder);
	br_skey_decoder_push(&key->decoder, der, len);
	if (br_skey_decoder_last_error(&key->decoder) != 0)
		return ("unsupported or malformed private key; use RSA, or EC on P-256, P-384 or P-521");
	key->type = br_skey_decoder_key_type(&key->decoder);
	key->rsa = br_skey_decoder_get_rsa(&key->decoder);
	key->ec = br_skey_decoder_get_ec(&key->decoder);

	return (NULL);
}

const char *
private_key_parse(struct private_key *key, const char *pem)
{
	char		label[PEM_LABEL_MAX];
	unsigned char	*der;
	const char	*why = "no private key found; it must be in PEM format";
	size_t		len, n;
	int		ret;

	memset(key, 0, sizeof(*key));
	if (strstr(pem, "ENCRYPTED") != NULL)
		return ("the private key is encrypted; remove its passphrase");
	while ((ret = pem_next(&pem, label, &der, &len)) == 1) {
		n = strlen(label);
		if (n >= 11 && !strcmp(label + n - 11, "PRIVATE KEY"))
			why = key_decode(key, der, len);
		pem_free(der, len);
		if (n >= 11 && !strcmp(label + n - 11, "PRIVATE KEY"))
			return (why);
	}

	return (ret == -1 ? "malformed PEM block in the private key" : why);
}

size_t
private_key_sign_sha1(const struct private_key *key, const void *data, size_t len, uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX])
{
	br_sha1_context	ctx;
	unsigned char	hash[br_sha1_SIZE];
	size_t		size;

	br_sha1_init(&ctx);
	br_sha1_update(&ctx, data, len);
	br_sha1_out(&ctx, hash);
	if (key->type == BR_KEYTYPE_EC)
		return (br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), &br_sha1_vtable, hash, key->ec, signature));
	if (key->type != BR_KEYTYPE_RSA)
		return (0);
	size = (key->rsa->n_bitlen + 7) / 8;
	if (size > PRIVATE_KEY_SIGNATURE_MAX || !br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA1, hash, sizeof(hash), key->rsa, signature))
		return (0);

	return (size);
}
