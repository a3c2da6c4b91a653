/*
 * Parses the fields of a certificate that verification needs, and matches host names.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tls/cert.h"

#define OID_IS(oid, bytes)	der_is((oid), (bytes), sizeof(bytes) - 1)

static const struct {
	const char	*oid;
	size_t		len;
	int		hash;
} signatures[] = {
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", 9, br_md5_ID },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", 9, br_sha1_ID },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", 9, br_sha224_ID },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9, br_sha256_ID },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9, br_sha384_ID },
	{ "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9, br_sha512_ID },
	{ "\x2a\x86\x48\xce\x3d\x04\x01", 7, br_sha1_ID },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x01", 8, br_sha224_ID },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8, br_sha256_ID },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x03", 8, br_sha384_ID },
	{ "\x2a\x86\x48\xce\x3d\x04\x03\x04", 8, br_sha512_ID },
};

static int
digits(const uint8_t **p, int n, int *out)
{
	for (*out = 0; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return (0);
		*out = *out * 10 + (**p - '0');
	}

	return (1);
}

/* Returns the days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t
days_of(int year, int month, int day)
{
	int	y = year - (month <= 2), era = y / 400, of_era = y - era * 400;

	return ((int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1 - 719468);
}

static int
time_take(struct der *in, int64_t *out)
{
	struct der	t;
	const uint8_t	*p;
	uint8_t		tag;
	int		year, month, day, hour, minute, second;

	if (!der_next(in, &tag, &t, NULL) || t.len != (tag == DER_UTCTIME ? 13u : 15u) || (tag != DER_UTCTIME && tag != DER_GENTIME) ||
	    t.p[t.len - 1] != 'Z')
		return (0);
	p = t.p;
	if (!digits(&p, tag == DER_UTCTIME ? 2 : 4, &year) || !digits(&p, 2, &month) || !digits(&p, 2, &day) || !digits(&p, 2, &hour) ||
	    !digits(&p, 2, &minute) || !digits(&p, 2, &second))
		return (0);
	if (tag == DER_UTCTIME)
		year += year < 50 ? 2000 : 1900;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return (0);
	*out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;

	return (1);
}

/* Reads an INTEGER without its sign byte. Returns 0 if it is negative or zero. */
static int
unsigned_take(struct der *in, struct der *out)
{
	if (!der_take(in, DER_INTEGER, out) || out->len == 0 || out->p[0] >= 0x80)
		return (0);
	while (out->len > 0 && out->p[0] == 0) {
		out->p++;
		out->len--;
	}

	return (out->len > 0);
}

static int
key_rsa(struct cert *c, struct der bits)
{
	struct der	seq, n, e;

	if (!der_take(&bits, DER_SEQUENCE, &seq) || bits.len != 0 || !unsigned_take(&seq, &n) || !unsigned_take(&seq, &e) || seq.len != 0)
		return (0);
	c->key.key_type = BR_KEYTYPE_RSA;
	c->key.key.rsa = (br_rsa_public_key){ .n = (unsigned char *)(uintptr_t)n.p, .nlen = n.len, .e = (unsigned char *)(uintptr_t)e.p, .elen = e.len };

	return (1);
}

static int
key_ec(struct cert *c, struct der algorithm, struct der bits)
{
	struct der	oid;
	int		curve = 0;

	if (!der_take(&algorithm, DER_OID, &oid))
		return (1);
	if (OID_IS(oid, "\x2a\x86\x48\xce\x3d\x03\x01\x07"))
		curve = BR_EC_secp256r1;
	else if (OID_IS(oid, "\x2b\x81\x04\x00\x22"))
		curve = BR_EC_secp384r1;
	else if (OID_IS(oid, "\x2b\x81\x04\x00\x23"))
		curve = BR_EC_secp521r1;
	if (curve == 0)
		return (1);
	c->key.key_type = BR_KEYTYPE_EC;
	c->key.key.ec = (br_ec_public_key){ .curve = curve, .q = (unsigned char *)(uintptr_t)bits.p, .qlen = bits.len };

	return (bits.len > 0);
}

/* Parses SubjectPublicKeyInfo. An unsupported key type is no error; it leaves key_type 0. */
static int
key_take(struct der *tbs, struct cert *c)
{
	struct der	info, algorithm, oid, bits;

	if (!der_take(tbs, DER_SEQUENCE, &info) || !der_take(&info, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
	    !der_take(&info, DER_BITS, &bits) || info.len != 0 || bits.len < 2 || bits.p[0] != 0)
		return (0);
	bits.p++;
	bits.len--;
	if (OID_IS(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"))
		return (key_rsa(c, bits));
	if (OID_IS(oid, "\x2a\x86\x48\xce\x3d\x02\x01"))
		return (key_ec(c, algorithm, bits));

	return (1);
}

int
cert_key_parse(br_x509_pkey *key, const uint8_t *der, size_t len)
{
	struct der	in = { der, len };
	struct cert	c = { 0 };
	int		ok = key_take(&in, &c) && in.len == 0;

	*key = c.key;

	return (ok);
}

static int
basic_constraints(struct cert *c, struct der value)
{
	struct der	seq, flag;

	if (!der_take(&value, DER_SEQUENCE, &seq) || value.len != 0)
		return (0);
	if (der_take(&seq, DER_BOOLEAN, &flag))
		c->is_ca = flag.len == 1 && flag.p[0] != 0;

	return (1);
}

static int
extension(struct cert *c, struct der oid, struct der value)
{
	if (OID_IS(oid, "\x55\x1d\x13"))
		return (basic_constraints(c, value));
	if (OID_IS(oid, "\x55\x1d\x11"))
		return (c->names.p == NULL && der_take(&value, DER_SEQUENCE, &c->names) && value.len == 0);
	if (OID_IS(oid, "\x55\x1d\x25"))
		return (c->purposes.p == NULL && der_take(&value, DER_SEQUENCE, &c->purposes) && value.len == 0);
	if (OID_IS(oid, "\x55\x1d\x1e"))
		return (c->constraints.p == NULL && der_take(&value, DER_SEQUENCE, &c->constraints) && value.len == 0);

	return (1);
}

static int
extensions(struct cert *c, struct der all)
{
	struct der	list, one, oid, value, flag;

	if (!der_take(&all, DER_SEQUENCE, &list) || all.len != 0)
		return (0);
	while (list.len > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &oid))
			return (0);
		(void)der_take(&one, DER_BOOLEAN, &flag);
		if (!der_take(&one, DER_OCTETS, &value) || one.len != 0 || !extension(c, oid, value))
			return (0);
	}

	return (1);
}

static int
name_take(struct der *in, struct der *name)
{
	struct der	content;
	uint8_t		tag;

	return (der_next(in, &tag, &content, name) && tag == DER_SEQUENCE);
}

static int
signature_hash(struct der algorithm)
{
	struct der	oid;
	size_t		i;

	if (der_take(&algorithm, DER_OID, &oid)) {
		for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
			if (der_is(oid, signatures[i].oid, signatures[i].len))
				return (signatures[i].hash);
		}
	}

	return (0);
}

static int
body_parse(struct cert *c, struct der tbs)
{
	struct der	skipped, validity, all;

	(void)der_take(&tbs, DER_EXPLICIT(0), &skipped);
	if (!der_take(&tbs, DER_INTEGER, &skipped) || !der_take(&tbs, DER_SEQUENCE, &skipped) || !name_take(&tbs, &c->issuer) ||
	    !der_take(&tbs, DER_SEQUENCE, &validity) || !time_take(&validity, &c->not_before) || !time_take(&validity, &c->not_after) ||
	    !name_take(&tbs, &c->subject) || !key_take(&tbs, c))
		return (0);
	(void)der_take(&tbs, DER_CONTEXT(1), &skipped);
	(void)der_take(&tbs, DER_CONTEXT(2), &skipped);

	return ((!der_take(&tbs, DER_EXPLICIT(3), &all) || extensions(c, all)) && tbs.len == 0);
}

int
cert_parse(struct cert *c, const uint8_t *der, size_t len)
{
	struct der	in = { der, len }, outer, tbs, algorithm, bits;

	memset(c, 0, sizeof(*c));
	c->whole = in;
	if (!der_take(&in, DER_SEQUENCE, &outer) || in.len != 0 || !der_take(&outer, DER_SEQUENCE, &tbs) ||
	    !der_take(&outer, DER_SEQUENCE, &algorithm) || !der_take(&outer, DER_BITS, &bits) || outer.len != 0)
		return (0);
	c->signature_hash = signature_hash(algorithm);

	return (body_parse(c, tbs));
}

int
cert_host_parse(struct cert_host *h, const char *text)
{
	size_t	len = strlen(text);

	memset(h, 0, sizeof(*h));
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (len > 1 && text[len - 1] == '.') {
		len--;
	}
	if (len == 0 || len >= sizeof(h->name))
		return (0);
	memcpy(h->name, text, len);
	if (inet_pton(AF_INET, h->name, h->address) == 1)
		h->address_len = 4;
	else if (inet_pton(AF_INET6, h->name, h->address) == 1)
		h->address_len = 16;

	return (1);
}

int
cert_name_next(struct der *rest, enum cert_name_kind *kind, struct der *name)
{
	uint8_t	tag;

	while (der_next(rest, &tag, name, NULL)) {
		if (tag == DER_CONTEXT(CERT_NAME_DNS) || tag == DER_CONTEXT(CERT_NAME_IP)) {
			*kind = tag & 0x1f;
			return (1);
		}
	}

	return (0);
}

static int
same_text(const uint8_t *a, const char *b, size_t len)
{
	return (!strncasecmp((const char *)a, b, len));
}

/* *.example.com matches one label before .example.com. The domain after "*." must contain a dot. */
static int
dns_matches(struct der name, const char *host)
{
	const char	*dot;

	if (memchr(name.p, '\0', name.len) != NULL)
		return (0);
	if (name.len == strlen(host) && same_text(name.p, host, name.len))
		return (1);
	if (name.len < 5 || name.p[0] != '*' || name.p[1] != '.' || (dot = strchr(host, '.')) == NULL || dot == host)
		return (0);
	if (memchr(name.p + 2, '.', name.len - 2) == NULL)
		return (0);

	return (name.len - 1 == strlen(dot) && same_text(name.p + 1, dot, name.len - 1));
}

int
cert_names_host(const struct cert *c, const struct cert_host *h)
{
	struct der		rest = c->names, name;
	enum cert_name_kind	kind;

	while (cert_name_next(&rest, &kind, &name)) {
		if (kind == CERT_NAME_IP ? h->address_len > 0 && der_is(name, h->address, h->address_len)
		    : h->address_len == 0 && dns_matches(name, h->name))
			return (1);
	}

	return (0);
}

/* Finds the last value of attribute 2.5.4.x in a Name. */
static int
attribute(struct der name, uint8_t which, struct der *value)
{
	struct der	rdns, set, pair, oid, text;
	uint8_t		tag;
	int		found = 0;

	if (!der_take(&name, DER_SEQUENCE, &rdns))
		return (0);
	while (der_take(&rdns, DER_SET, &set)) {
		while (der_take(&set, DER_SEQUENCE, &pair)) {
			if (der_take(&pair, DER_OID, &oid) && oid.len == 3 && !memcmp(oid.p, "\x55\x04", 2) && oid.p[2] == which &&
			    der_next(&pair, &tag, &text, NULL)) {
				*value = text;
				found = 1;
			}
		}
	}

	return (found);
}

int
cert_common_name(const struct cert *c, struct der *name)
{
	return (attribute(c->subject, 3, name));
}

int
cert_serves(const struct cert *c)
{
	struct der	rest = c->purposes, oid;

	if (c->purposes.p == NULL)
		return (1);
	while (der_take(&rest, DER_OID, &oid)) {
		if (OID_IS(oid, "\x2b\x06\x01\x05\x05\x07\x03\x01") || OID_IS(oid, "\x55\x1d\x25\x00"))
			return (1);
	}

	return (0);
}

/* Returns 1 if the name is in the subtree: the domain and its subdomains, or the IP addresses of a network. */
static int
in_subtree(enum cert_name_kind kind, struct der name, struct der base)
{
	size_t	i;

	if (kind == CERT_NAME_IP) {
		if (base.len != 2 * name.len)
			return (0);
		for (i = 0; i < name.len; i++) {
			if ((name.p[i] ^ base.p[i]) & base.p[name.len + i])
				return (0);
		}
		return (1);
	}
	if (base.len > 0 && base.p[0] == '.') {
		base.p++;
		base.len--;
	}
	if (base.len == 0)
		return (1);
	if (name.len < base.len || !same_text(name.p + name.len - base.len, (const char *)base.p, base.len))
		return (0);

	return (name.len == base.len || name.p[name.len - base.len - 1] == '.');
}

/* No subtree has the name's kind; one contains the name; none of that kind contains it. */
enum match { MATCH_NO_KIND, MATCH_IN, MATCH_OUT };

static enum match
subtrees_match(struct der trees, enum cert_name_kind kind, struct der name)
{
	struct der	tree, base;
	enum match	match = MATCH_NO_KIND;
	uint8_t		tag;

	while (der_take(&trees, DER_SEQUENCE, &tree)) {
		if (!der_next(&tree, &tag, &base, NULL) || tag != DER_CONTEXT(kind))
			continue;
		if (in_subtree(kind, name, base))
			return (MATCH_IN);
		match = MATCH_OUT;
	}

	return (match);
}

int
cert_permits(const struct cert *ca, const struct cert *c)
{
	struct der		lists = ca->constraints, permitted = { NULL, 0 }, excluded = { NULL, 0 }, rest = c->names, name;
	enum cert_name_kind	kind;
	int			n;

	if (ca->constraints.p == NULL)
		return (1);
	(void)der_take(&lists, DER_EXPLICIT(0), &permitted);
	(void)der_take(&lists, DER_EXPLICIT(1), &excluded);
	if (lists.len != 0)
		return (0);
	for (n = 0; cert_name_next(&rest, &kind, &name); n++) {
		if (subtrees_match(excluded, kind, name) == MATCH_IN || subtrees_match(permitted, kind, name) == MATCH_OUT)
			return (0);
	}

	return (n > 0);
}

/* Appends text to out; '?' replaces each byte that is not printable ASCII. */
static void
text_append(char out[CERT_TEXT_MAX], struct der text)
{
	size_t	n = strlen(out), i;

	for (i = 0; i < text.len && n < CERT_TEXT_MAX - 1; i++)
		out[n++] = text.p[i] >= ' ' && text.p[i] < 0x7f ? (char)text.p[i] : '?';
	out[n] = '\0';
}

const char *
cert_name_text(struct der name, char out[CERT_TEXT_MAX])
{
	struct der	value;

	*out = '\0';
	if (attribute(name, 3, &value) || attribute(name, 11, &value) || attribute(name, 10, &value))
		text_append(out, value);
	else
		snprintf(out, CERT_TEXT_MAX, "(no name)");

	return (out);
}

const char *
cert_names_text(const struct cert *c, char out[CERT_TEXT_MAX])
{
	struct der		rest = c->names, name;
	enum cert_name_kind	kind;
	char			address[INET6_ADDRSTRLEN];
	int			n;

	*out = '\0';
	for (n = 0; n < 4 && cert_name_next(&rest, &kind, &name); n++) {
		if (n > 0)
			text_append(out, (struct der){ (const uint8_t *)", ", 2 });
		if (kind == CERT_NAME_IP && (name.len == 4 || name.len == 16) &&
		    inet_ntop(name.len == 4 ? AF_INET : AF_INET6, name.p, address, sizeof(address)) != NULL)
			name = (struct der){ (const uint8_t *)address, strlen(address) };
		text_append(out, name);
	}
	if (n == 0)
		snprintf(out, CERT_TEXT_MAX, "none");
	else if (cert_name_next(&rest, &kind, &name))
		text_append(out, (struct der){ (const uint8_t *)", ...", 5 });

	return (out);
}
