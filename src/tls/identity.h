/*
 * A certificate chain with its private key: who we are, to a server that asks
 * or to clients of our own listener.
 */
#ifndef WANZAMI_IDENTITY_H
#define WANZAMI_IDENTITY_H

#include <stddef.h>

#include <bearssl.h>

struct identity {
	br_x509_certificate	*chain;		/* the own certificate first */
	size_t			chain_len;
	int			key_type;	/* BR_KEYTYPE_RSA or BR_KEYTYPE_EC */
	const br_rsa_private_key *rsa;		/* one of the two, by key_type */
	const br_ec_private_key	*ec;
	br_skey_decoder_context	decoder;	/* holds the key */
};

/*
 * From PEM: certificates, the own one first, and a key as PKCS #1, SEC 1 or
 * PKCS #8 without a passphrase, RSA or EC (P-256, P-384, P-521). Returns NULL
 * and why (static) when something is missing, damaged or does not belong
 * together. For identity_free(), which wipes the key. Any thread.
 */
struct identity	*identity_parse(const char *chain_pem, const char *key_pem, const char **why);
void		identity_free(struct identity *);

#endif
