/*
 * A private key, RSA or EC, and signatures with it.
 */
#ifndef WANZAMI_PRIVATE_KEY_H
#define WANZAMI_PRIVATE_KEY_H

#include <stddef.h>
#include <stdint.h>

#include <bearssl.h>

#define PRIVATE_KEY_SIGNATURE_MAX	512	/* bytes: RSA of 4096 bits */

struct private_key {
	int			type;		/* BR_KEYTYPE_RSA or BR_KEYTYPE_EC; 0: no key */
	const br_rsa_private_key *rsa;		/* rsa or ec is set, by type */
	const br_ec_private_key	*ec;
	br_skey_decoder_context	decoder;	/* holds the key; rsa and ec point into it, so the struct must not be copied */
};

/*
 * Parses the first private key of a PEM text: PKCS #1, SEC 1 or PKCS #8 without
 * a passphrase, RSA or EC (P-256, P-384, P-521). Returns NULL, or what is wrong
 * with it (static). Wipe the key with explicit_bzero(). Any thread.
 */
const char	*private_key_parse(struct private_key *, const char *pem);

/*
 * Signs the SHA-1 of data: RSASSA-PKCS1-v1_5, or ECDSA in ASN.1 with a nonce
 * after RFC 6979, so that the same data has the same signature. For CloudFront,
 * whose default is SHA-1. Returns the length of the signature, 0 if there is no
 * key or it is too large. Any thread.
 */
size_t	private_key_sign_sha1(const struct private_key *, const void *data, size_t len, uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX]);

#endif
