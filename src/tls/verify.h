/*
 * Whether the certificates that a server shows may be believed: an X.509
 * engine for BearSSL. BearSSL's own follows signatures, dates, key usage and
 * path constraints up to an authority; this one adds names (with addresses and
 * wildcards), extended key usage and name constraints, keeps the server's
 * certificate, and says in words what is wrong. No CRL and no OCSP: a revoked
 * certificate is believed until it expires.
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

enum verify_how {
	VERIFY_NOTHING,		/* encrypts, and believes anybody */
	VERIFY_CHAIN,		/* an authority vouches for the certificate, whomever it names */
	VERIFY_NAME		/* and it names the host */
};

struct verify {
	const br_x509_class	*vtable;	/* first: what BearSSL knows of it */
	br_x509_minimal_context	path;
	enum verify_how		how;
	const struct roots	*roots;
	struct cert_host	host;
	int64_t			now;		/* 0: the clock's; tests set another */
	struct {
		uint8_t		*der;
		size_t		len;
	} chain[VERIFY_CHAIN_MAX];
	size_t			count;		/* certificates that came, kept or not */
	size_t			bytes;
	int			too_much;
	struct cert		peer;		/* the server's own, once the chain has ended; peer.whole.p is NULL before */
	char			error[320];	/* "" unless it was not believed */
};

/*
 * Prepares it, with roots that outlive it, for one handshake after the other;
 * host is wanted for VERIFY_NAME only. Give &v->vtable to
 * br_ssl_engine_set_x509(). One thread at a time; verify_free() gives back
 * what a chain took.
 */
void	verify_init(struct verify *, enum verify_how, const struct roots *, const struct cert_host *host);
void	verify_free(struct verify *);

/*
 * The hash of the server's certificate that binds a channel to it (RFC 5929
 * §4.1): by the hash of its signature, SHA-256 in place of MD5 and SHA-1.
 * Returns the length, 0 when there is no certificate or no such hash.
 */
size_t	verify_peer_hash(const struct verify *, uint8_t out[VERIFY_HASH_MAX]);

#endif
