/*
 * One X.509 certificate (RFC 5280), taken apart: what it says and whom it
 * names. Whether it may be believed is verify.c's business.
 */
#ifndef WANZAMI_CERT_H
#define WANZAMI_CERT_H

#include <stdint.h>

#include <bearssl.h>

#include "tls/der.h"

#define CERT_TEXT_MAX	160

/* Every pointer leads into the bytes that cert_parse() was given. */
struct cert {
	struct der	whole;
	struct der	issuer;		/* names as they are encoded, header and all */
	struct der	subject;
	br_x509_pkey	key;		/* key_type 0 when it is of a kind that nothing here understands */
	int64_t		not_before;	/* seconds since 1970 */
	int64_t		not_after;
	int		signature_hash;	/* br_md5_ID … br_sha512_ID; 0 when unknown */
	int		authority;	/* may sign other certificates */
	struct der	names;		/* content of subjectAltName; p is NULL without the extension */
	struct der	purposes;	/* content of extKeyUsage; likewise */
	struct der	constraints;	/* content of nameConstraints; likewise */
};

/* Who is asked for: a host name (without a dot at its end), or an address when address_len is 4 or 16. */
struct cert_host {
	char		name[256];
	uint8_t		address[16];
	size_t		address_len;
};

enum cert_name_kind {
	CERT_NAME_DNS = 2,	/* the tags of GeneralName */
	CERT_NAME_IP = 7
};

/* All functions: any thread; no memory is allocated. */

/* Returns 1, or 0 when the bytes are not exactly one well-formed certificate. */
int	cert_parse(struct cert *, const uint8_t *der, size_t len);

/* The same for a public key alone (SubjectPublicKeyInfo); key_type is 0 for one of a kind that nothing here understands. */
int	cert_key_parse(br_x509_pkey *, const uint8_t *der, size_t len);

/* What the text of a URL or a connection string stands for: a name, an IPv4 or an IPv6 address (with or without brackets). 0 when neither. */
int	cert_host_parse(struct cert_host *, const char *text);

/*
 * Whether the certificate names the host: a dNSName equal to it without regard
 * to case, or a wildcard *.domain that stands for exactly one label (RFC 6125
 * §6.4.3); an iPAddress of the same bytes. The common name counts for nothing.
 */
int	cert_names_host(const struct cert *, const struct cert_host *);

/* Walks the alternative names of the two kinds that hosts have: starts with *rest = cert->names; 0 after the last. */
int	cert_name_next(struct der *rest, enum cert_name_kind *, struct der *name);

/* The last common name of the subject, as it is encoded; 0 when there is none. */
int	cert_common_name(const struct cert *, struct der *name);

/* Whether it may be used by a TLS server, as far as extKeyUsage says. */
int	cert_serves(const struct cert *);

/*
 * Whether the name constraints of the authority (if it has any) let all host
 * names of the other certificate pass (RFC 5280 §4.2.1.10); one without any
 * does not pass.
 */
int	cert_permits(const struct cert *authority, const struct cert *);

/* A name (cert->subject or cert->issuer) for people: its common name, else unit or organisation; only printable ASCII. Returns out. */
const char	*cert_name_text(struct der name, char out[CERT_TEXT_MAX]);

/* The first few alternative names for people, "none" without; returns out. */
const char	*cert_names_text(const struct cert *, char out[CERT_TEXT_MAX]);

#endif
