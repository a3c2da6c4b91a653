/*
 * A certificate chain with its private key: the listener's certificate, or a
 * client certificate.
 */
#ifndef WANZAMI_IDENTITY_H
#define WANZAMI_IDENTITY_H

#include <stddef.h>

#include <bearssl.h>

struct identity {
	br_x509_certificate	*chain;		/* end-entity certificate first */
	size_t			chain_len;
	int			key_type;	/* BR_KEYTYPE_RSA or BR_KEYTYPE_EC */
	const br_rsa_private_key *rsa;		/* rsa or ec is set, by key_type */
	const br_ec_private_key	*ec;
	br_skey_decoder_context	decoder;	/* holds the key */
};

/*
 * Parses PEM: certificates, the end-entity certificate first, and a private key
 * as PKCS #1, SEC 1 or PKCS #8 without a passphrase, RSA or EC (P-256, P-384,
 * P-521). Returns NULL and sets why (static) if something is missing or
 * malformed, or if the key does not match. Free with identity_free(), which
 * wipes the key. Any thread.
 */
struct identity	*identity_parse(const char *chain_pem, const char *key_pem, const char **why);
void		identity_free(struct identity *);

#endif
