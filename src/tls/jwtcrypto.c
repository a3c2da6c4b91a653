/*
 * What libjwt leaves to a crypto library, on BearSSL: HMAC with SHA-2 and
 * base64. Keys with a public half (RS, ES, PS) are refused: nothing here
 * signs or accepts them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>
#include <jwt-private.h>
#include <base64.h>
#include <bearssl.h>

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

/* Compares the texts, so that a signature has one spelling only; in constant time. */
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

int
jwt_verify_sha_pem(jwt_t *jwt, const char *head, unsigned int head_len, const char *sig_b64)
{
	(void)jwt, (void)head, (void)head_len, (void)sig_b64;

	return (EINVAL);
}
