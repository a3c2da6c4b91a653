/*
 * Parser for one X.509 certificate (RFC 5280) and matching of host names.
 * verify.c decides whether the certificate is trusted.
 */
#ifndef WANZAMI_CERT_H
#define WANZAMI_CERT_H

#include <stdint.h>

#include <bearssl.h>

#include "tls/der.h"

#define CERT_TEXT_MAX	160

/* A parsed certificate. Every pointer points into the bytes passed to cert_parse(). */
struct cert {
	struct der	whole;
	struct der	issuer;		/* encoded Name, including its DER header */
	struct der	subject;
	br_x509_pkey	key;		/* key_type 0: unsupported key type */
	int64_t		not_before;	/* seconds since 1970 */
	int64_t		not_after;
	int		signature_hash;	/* br_md5_ID … br_sha512_ID; 0 when unknown */
	int		is_ca;		/* basicConstraints cA: may sign other certificates */
	struct der	names;		/* content of subjectAltName; p is NULL without the extension */
	struct der	purposes;	/* content of extKeyUsage; p is NULL without the extension */
	struct der	constraints;	/* content of nameConstraints; p is NULL without the extension */
};

/* The requested server: a host name without a trailing dot, or an IP address if address_len is 4 or 16. */
struct cert_host {
	char		name[256];
	uint8_t		address[16];
	size_t		address_len;
};

enum cert_name_kind {
	CERT_NAME_DNS = 2,	/* the tags of GeneralName */
	CERT_NAME_IP = 7
};

/* All functions may be called from any thread and allocate no memory. */

/* Parses a certificate. Returns 0 if the bytes are not exactly one well-formed certificate. */
int	cert_parse(struct cert *, const uint8_t *der, size_t len);

/* Parses a public key (SubjectPublicKeyInfo). Returns 0 if it is malformed; key_type is 0 for an unsupported key type. */
int	cert_key_parse(br_x509_pkey *, const uint8_t *der, size_t len);

/* Parses the host of a URL or connection string: a name, an IPv4 or an IPv6 address (with or without brackets). Returns 0 if text is empty or too long. */
int	cert_host_parse(struct cert_host *, const char *text);

/*
 * Returns 1 if the certificate is for the host: a dNSName equal to the name
 * (case-insensitive), a wildcard *.domain that matches exactly one label
 * (RFC 6125 §6.4.3), or an iPAddress with the same bytes. The common name is
 * ignored.
 */
int	cert_names_host(const struct cert *, const struct cert_host *);

/* Reads the next dNSName or iPAddress of subjectAltName; begin with *rest = cert->names. Returns 0 after the last. */
int	cert_name_next(struct der *rest, enum cert_name_kind *, struct der *name);

/* Reads the last common name of the subject, still encoded. Returns 0 if there is none. */
int	cert_common_name(const struct cert *, struct der *name);

/* Returns 1 if extKeyUsage is absent or allows TLS servers. */
int	cert_serves(const struct cert *);

/*
 * Returns 1 if the name constraints of the CA are absent or allow all host
 * names of the other certificate (RFC 5280 §4.2.1.10). Returns 0 if there are
 * constraints and the certificate has no host name.
 */
int	cert_permits(const struct cert *ca, const struct cert *);

/* Formats cert->subject or cert->issuer for messages: common name, else unit or organisation, as printable ASCII. Returns out. */
const char	*cert_name_text(struct der name, char out[CERT_TEXT_MAX]);

/* Formats the first four host names for messages; "none" if there is none. Returns out. */
const char	*cert_names_text(const struct cert *, char out[CERT_TEXT_MAX]);

#endif
