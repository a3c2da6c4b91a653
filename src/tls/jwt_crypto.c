/*
 * libjwt's crypto backend on BearSSL: base64, HS256, HS384 and HS512, and
 * verification of RS256 and ES256 with a public key (RFC 7518 §3). Other
 * algorithms and signing with a private key return EINVAL. The caller decides
 * which algorithms a token may use (src/http/token.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>
#include <jwt-private.h>
#include <base64.h>
#include <bearssl.h>

#include "tls/cert.h"
#include "tls/pem.h"

#define RSA_BYTES_MIN	256	/* RFC 7518 §3.3 */
#define ES256_BYTES	64
#define KEY_TEXT_MAX	16384

static const char	alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
jwt_Base64encode(char *coded, const char *plain, int plain_len)
{
	const unsigned char	*p = (const unsigned char *)plain;
	unsigned int		v;
	char			*out = coded;
	int			left;

	for (left = plain_len; left > 0; left -= 3, p += 3) {
		v = (unsigned int)p[0] << 16 | (left > 1 ? (unsigned int)p[1] << 8 : 0) | (left > 2 ? p[2] : 0);
		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		*out++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
		*out++ = left > 2 ? alphabet[v & 63] : '=';
	}
	*out++ = '\0';

	return ((int)(out - coded));
}

int
jwt_Base64decode(unsigned char *plain, const char *coded)
{
	const char	*a;
	unsigned char	*out = plain;
	unsigned int	v = 0;
	int		bits = 0;

	for (; *coded != '\0' && (a = strchr(alphabet, *coded)) != NULL; coded++) {
		v = v << 6 | (unsigned int)(a - alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*out++ = (unsigned char)(v >> bits);
		}
	}

	return ((int)(out - plain));
}

static const br_hash_class *
hash_of(jwt_alg_t alg)
{
	switch (alg) {
	case JWT_ALG_HS256:
		return (&br_sha256_vtable);
	case JWT_ALG_HS384:
		return (&br_sha384_vtable);
	case JWT_ALG_HS512:
		return (&br_sha512_vtable);
	default:
		return (NULL);
	}
}

int
jwt_sign_sha_hmac(jwt_t *jwt, char **out, unsigned int *len, const char *str, unsigned int str_len)
{
	const br_hash_class	*hash = hash_of(jwt->alg);
	br_hmac_key_context	key;
	br_hmac_context		ctx;

	if (hash == NULL)
		return (EINVAL);
	br_hmac_key_init(&key, hash, jwt->key, (size_t)jwt->key_len);
	br_hmac_init(&ctx, &key, 0);
	br_hmac_update(&ctx, str, str_len);
	*len = (unsigned int)br_hmac_size(&ctx);
	if ((*out = jwt_malloc(*len)) == NULL)
		return (ENOMEM);
	br_hmac_out(&ctx, *out);

	return (0);
}

/* Compares the encoded text, so that only the canonical encoding is accepted; in constant time. */
int
jwt_verify_sha_hmac(jwt_t *jwt, const char *head, unsigned int head_len, const char *sig)
{
	char		coded[96], *mac;
	unsigned int	len;
	int		ret;

	if ((ret = jwt_sign_sha_hmac(jwt, &mac, &len, head, head_len)) != 0)
		return (ret);
	(void)jwt_Base64encode(coded, mac, (int)len);
	jwt_base64uri_encode(coded);
	ret = jwt_strcmp(coded, sig) ? EINVAL : 0;
	jwt_freemem(mac);

	return (ret);
}

int
jwt_sign_sha_pem(jwt_t *jwt, char **out, unsigned int *len, const char *str, unsigned int str_len)
{
	(void)jwt, (void)out, (void)len, (void)str, (void)str_len;

	return (EINVAL);
}

static int
rs256_verify(const br_rsa_public_key *key, const unsigned char hash[br_sha256_SIZE], const unsigned char *sig, size_t len)
{
	unsigned char	seen[br_sha256_SIZE];

	return (key->nlen >= RSA_BYTES_MIN && len == key->nlen &&
	    br_rsa_pkcs1_vrfy_get_default()(sig, len, BR_HASH_OID_SHA256, sizeof(seen), key, seen) && !memcmp(seen, hash, sizeof(seen)));
}

static int
es256_verify(const br_ec_public_key *key, const unsigned char hash[br_sha256_SIZE], const unsigned char *sig, size_t len)
{
	return (key->curve == BR_EC_secp256r1 && len == ES256_BYTES &&
	    br_ecdsa_vrfy_raw_get_default()(br_ec_get_default(), hash, br_sha256_SIZE, key, sig, len) == 1);
}

static int
signature_verify(jwt_alg_t alg, const br_x509_pkey *key, const unsigned char hash[br_sha256_SIZE], const unsigned char *sig, size_t len)
{
	if (alg == JWT_ALG_RS256 && key->key_type == BR_KEYTYPE_RSA)
		return (rs256_verify(&key->key.rsa, hash, sig, len));
	if (alg == JWT_ALG_ES256 && key->key_type == BR_KEYTYPE_EC)
		return (es256_verify(&key->key.ec, hash, sig, len));

	return (0);
}

/* Decodes a signature. Returns NULL if the text is not its canonical encoding. Free with jwt_freemem(). */
static unsigned char *
signature_decode(const char *text, int *len)
{
	unsigned char	*sig = jwt_b64_decode(text, len);
	char		*again;
	int		same;

	if (sig == NULL || (again = jwt_malloc((size_t)*len / 3 * 4 + 8)) == NULL) {
		jwt_freemem(sig);
		return (NULL);
	}
	(void)jwt_Base64encode(again, (const char *)sig, *len);
	jwt_base64uri_encode(again);
	same = !strcmp(again, text);
	jwt_freemem(again);
	if (!same) {
		jwt_freemem(sig);
		return (NULL);
	}

	return (sig);
}

/* Parses the first block of a PEM text, which must be a public key. Returns its bytes, which key points into. Free with pem_free(). */
static unsigned char *
public_key(const jwt_t *jwt, br_x509_pkey *key, size_t *len)
{
	char		text[KEY_TEXT_MAX], label[PEM_LABEL_MAX];
	const char	*rest = text;
	unsigned char	*der;

	if (jwt->key_len <= 0 || (size_t)jwt->key_len >= sizeof(text))
		return (NULL);
	memcpy(text, jwt->key, (size_t)jwt->key_len);
	text[jwt->key_len] = '\0';
	if (pem_next(&rest, label, &der, len) != 1)
		return (NULL);
	if (strcmp(label, "PUBLIC KEY") || !cert_key_parse(key, der, *len)) {
		pem_free(der, *len);
		return (NULL);
	}

	return (der);
}

int
jwt_verify_sha_pem(jwt_t *jwt, const char *head, unsigned int head_len, const char *sig_b64)
{
	br_sha256_context	ctx;
	br_x509_pkey		key;
	unsigned char		hash[br_sha256_SIZE], *der, *sig;
	size_t			der_len;
	int			sig_len, ok = 0;

	if ((der = public_key(jwt, &key, &der_len)) == NULL)
		return (EINVAL);
	br_sha256_init(&ctx);
	br_sha256_update(&ctx, head, head_len);
	br_sha256_out(&ctx, hash);
	if ((sig = signature_decode(sig_b64, &sig_len)) != NULL)
		ok = signature_verify(jwt->alg, &key, hash, sig, (size_t)sig_len);
	jwt_freemem(sig);
	pem_free(der, der_len);

	return (ok ? 0 : EINVAL);
}
