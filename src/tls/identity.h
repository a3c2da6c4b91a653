/*
 * A certificate chain with its private key: the listener's certificate, or a
 * client certificate.
 */
#ifndef WANZAMI_IDENTITY_H
#define WANZAMI_IDENTITY_H

#include <stddef.h>

#include <bearssl.h>

#include "tls/private_key.h"

struct identity {
	br_x509_certificate	*chain;		/* end-entity certificate first */
	size_t			chain_len;
	struct private_key	key;
};

/*
 * Parses PEM: certificates, the end-entity certificate first, and a private key
 * (tls/private_key.h). Returns NULL and sets why (static) if something is
 * missing or malformed, or if the key does not match. Free with
 * identity_free(), which wipes the key. Any thread.
 */
struct identity	*identity_parse(const char *chain_pem, const char *key_pem, const char **why);
void		identity_free(struct identity *);

#endif
