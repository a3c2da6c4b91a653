/*
 * Parses certificate chains and checks that the private key matches.
 */
#include <stdlib.h>
#include <string.h>

#include "tls/cert.h"
#include "tls/identity.h"
#include "tls/pem.h"

#define RSA_BYTES_MAX	512

static const char *
chain_parse(struct identity *id, const char *pem)
{
	char			label[PEM_LABEL_MAX];
	unsigned char		*der;
	br_x509_certificate	*grown;
	size_t			len;
	int			ret;

	while ((ret = pem_next(&pem, label, &der, &len)) == 1) {
		if (strcmp(label, "CERTIFICATE")) {
			pem_free(der, len);
			continue;
		}
		if ((grown = realloc(id->chain, (id->chain_len + 1) * sizeof(*grown))) == NULL) {
			free(der);
			return ("out of memory");
		}
		id->chain = grown;
		id->chain[id->chain_len++] = (br_x509_certificate){ .data = der, .data_len = len };
	}
	if (ret == -1)
		return ("malformed PEM block in the certificate");

	return (id->chain_len > 0 ? NULL : "no certificate found; it must be in PEM format");
}

/* Returns 1 if the certificate's key verifies a signature by the private key. */
static int
rsa_matches(const struct identity *id, const struct cert *c)
{
	static const unsigned char	hash[br_sha256_SIZE] = { 1, 2, 3 };
	unsigned char			signature[RSA_BYTES_MAX], found[br_sha256_SIZE];
	size_t				len = (id->key.rsa->n_bitlen + 7) / 8;

	return (c->key.key_type == BR_KEYTYPE_RSA && len <= sizeof(signature) &&
	    br_rsa_pkcs1_sign_get_default()(BR_HASH_OID_SHA256, hash, sizeof(hash), id->key.rsa, signature) &&
	    br_rsa_pkcs1_vrfy_get_default()(signature, len, BR_HASH_OID_SHA256, sizeof(hash), &c->key.key.rsa, found) &&
	    !memcmp(found, hash, sizeof(hash)));
}

static int
ec_matches(const struct identity *id, const struct cert *c)
{
	unsigned char		point[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key	pub;

	if (c->key.key_type != BR_KEYTYPE_EC || c->key.key.ec.curve != id->key.ec->curve ||
	    br_ec_compute_pub(br_ec_get_default(), &pub, point, id->key.ec) == 0)
		return (0);

	return (pub.qlen == c->key.key.ec.qlen && !memcmp(pub.q, c->key.key.ec.q, pub.qlen));
}

struct identity *
identity_parse(const char *chain_pem, const char *key_pem, const char **why)
{
	struct identity	*id = calloc(1, sizeof(*id));
	struct cert	own;

	if (id == NULL) {
		*why = "out of memory";
		return (NULL);
	}
	if ((*why = chain_parse(id, chain_pem)) == NULL && (*why = private_key_parse(&id->key, key_pem)) == NULL) {
		if (!cert_parse(&own, id->chain[0].data, id->chain[0].data_len))
			*why = "malformed certificate";
		else if (!(id->key.type == BR_KEYTYPE_RSA ? rsa_matches(id, &own) : ec_matches(id, &own)))
			*why = "the private key does not match the first certificate";
	}
	if (*why != NULL) {
		identity_free(id);
		return (NULL);
	}

	return (id);
}

void
identity_free(struct identity *id)
{
	size_t	i;

	if (id == NULL)
		return;
	for (i = 0; i < id->chain_len; i++)
		free(id->chain[i].data);
	free(id->chain);
	explicit_bzero(id, sizeof(*id));
	free(id);
}
