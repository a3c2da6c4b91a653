/*
 * Verification of a server's certificate chain: an X.509 engine for BearSSL.
 * BearSSL's own engine checks signatures, dates, key usage and path constraints
 * up to a trust anchor. This one adds host names (with IP addresses and
 * wildcards), extended key usage and name constraints, keeps the server's
 * certificate, and sets an error message. There is no CRL and no OCSP: a
 * revoked certificate is accepted until it expires.
 */
#ifndef WANZAMI_VERIFY_H
#define WANZAMI_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include <bearssl.h>

#include "tls/cert.h"
#include "tls/roots.h"

#define VERIFY_CHAIN_MAX	12	/* certificates */
#define VERIFY_BYTES_MAX	(96 * 1024)
#define VERIFY_HASH_MAX		64
#define VERIFY_PIN_LEN		32	/* SHA-256 of a certificate */
#define VERIFY_PIN_TEXT		(3 * VERIFY_PIN_LEN)	/* its text, with the 0 at the end */

enum verify_mode {
	VERIFY_NOTHING,		/* encryption only; every certificate is accepted */
	VERIFY_CHAIN,		/* the chain must lead to a trust anchor; the name is not checked */
	VERIFY_NAME,		/* like VERIFY_CHAIN, and the certificate must be for the host */
	VERIFY_PIN		/* the certificate is a given one, whatever its issuer, names and time */
};

struct verify {
	const br_x509_class	*vtable;	/* first: BearSSL casts its address */
	br_x509_minimal_context	path;
	enum verify_mode	mode;
	const struct roots	*roots;
	struct cert_host	host;
	uint8_t			pin[VERIFY_PIN_LEN];	/* of VERIFY_PIN */
	int64_t			now;		/* seconds since 1970; 0: system clock (tests set a time) */
	struct {
		uint8_t		*der;
		size_t		len;
	} chain[VERIFY_CHAIN_MAX];
	size_t			count;		/* certificates received, kept or not */
	size_t			bytes;
	int			too_long;	/* over a limit, or out of memory */
	struct cert		peer;		/* server certificate, after the end of the chain; peer.whole.p is NULL before */
	char			error[320];	/* why the chain was rejected, else "" */
};

/*
 * Initialises a verifier for any number of successive handshakes. roots must
 * outlive it; host is used by VERIFY_NAME only. Pass &v->vtable to
 * br_ssl_engine_set_x509(). One thread at a time. verify_free() frees the
 * certificates of the last chain.
 */
void	verify_init(struct verify *, enum verify_mode, const struct roots *, const struct cert_host *host);
void	verify_free(struct verify *);

/* Changes an initialised verifier to VERIFY_PIN: only the certificate with this SHA-256 is accepted. */
void	verify_pin_set(struct verify *, const uint8_t pin[VERIFY_PIN_LEN]);

/* Reads a SHA-256 as hexadecimal digits, with or without colons between the bytes. Returns 0 if it is none. */
int	verify_pin_parse(uint8_t pin[VERIFY_PIN_LEN], const char *text);

/* Writes the SHA-256 of the server's certificate, as openssl x509 -fingerprint does; "" without a certificate. Returns out. */
const char	*verify_peer_pin(const struct verify *, char out[VERIFY_PIN_TEXT]);

/*
 * Computes the hash of the server's certificate for channel binding
 * (tls-server-end-point, RFC 5929 §4.1): the hash function of its signature,
 * SHA-256 instead of MD5 and SHA-1. Returns the length, 0 without a certificate
 * or with an unknown signature algorithm.
 */
size_t	verify_peer_hash(const struct verify *, uint8_t out[VERIFY_HASH_MAX]);

#endif
