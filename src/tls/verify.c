/*
 * Wraps BearSSL's minimal X.509 engine and adds the checks that it lacks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "tls/ending.h"
#include "tls/verify.h"

#define RSA_MIN_BYTES	256
#define DAY_ZERO	719528	/* 1970-01-01 in BearSSL's day count */

static struct verify *
self(const br_x509_class **ctx)
{
	return ((struct verify *)(void *)ctx);
}

static void
chain_drop(struct verify *v)
{
	size_t	i;

	for (i = 0; i < VERIFY_CHAIN_MAX; i++) {
		free(v->chain[i].der);
		v->chain[i].der = NULL;
		v->chain[i].len = 0;
	}
	v->count = v->bytes = 0;
	v->too_long = 0;
	memset(&v->peer, 0, sizeof(v->peer));
	v->error[0] = '\0';
}

/* Returns 1 if BearSSL's engine checks the chain. */
static int
path_used(const struct verify *v)
{
	return (v->mode == VERIFY_CHAIN || v->mode == VERIFY_NAME);
}

static int64_t
clock_now(const struct verify *v)
{
	return (v->now != 0 ? v->now : (int64_t)time(NULL));
}

/* Starts BearSSL's engine without a server name: name_check() checks it. */
static void
path_start(struct verify *v)
{
	static const br_hash_class	*hashes[] = { &br_sha224_vtable, &br_sha256_vtable, &br_sha384_vtable, &br_sha512_vtable };
	int64_t				now = clock_now(v);
	size_t				i;

	br_x509_minimal_init(&v->path, &br_sha256_vtable, v->roots->anchors, v->roots->count);
	for (i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		br_x509_minimal_set_hash(&v->path, br_sha224_ID + (int)i, hashes[i]);
	br_x509_minimal_set_rsa(&v->path, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(&v->path, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_minrsa(&v->path, RSA_MIN_BYTES);
	br_x509_minimal_set_time(&v->path, (uint32_t)(now / 86400 + DAY_ZERO), (uint32_t)(now % 86400));
	v->path.vtable->start_chain(&v->path.vtable, NULL);
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct verify	*v = self(ctx);

	(void)server_name;
	chain_drop(v);
	if (path_used(v))
		path_start(v);
}

static void
start_cert(const br_x509_class **ctx, uint32_t len)
{
	struct verify	*v = self(ctx);

	v->count++;
	v->bytes += len;
	if (v->count > VERIFY_CHAIN_MAX || v->bytes > VERIFY_BYTES_MAX || len == 0 ||
	    (v->chain[v->count - 1].der = malloc(len)) == NULL)
		v->too_long = 1;
	if (path_used(v))
		v->path.vtable->start_cert(&v->path.vtable, len);
}

static void
append(const br_x509_class **ctx, const unsigned char *data, size_t len)
{
	struct verify	*v = self(ctx);
	size_t		last = v->count - 1;

	if (!v->too_long) {
		memcpy(v->chain[last].der + v->chain[last].len, data, len);
		v->chain[last].len += len;
	}
	if (path_used(v))
		v->path.vtable->append(&v->path.vtable, data, len);
}

static void
end_cert(const br_x509_class **ctx)
{
	struct verify	*v = self(ctx);

	if (path_used(v))
		v->path.vtable->end_cert(&v->path.vtable);
}

static unsigned
reject(struct verify *v, unsigned err, const char *why)
{
	snprintf(v->error, sizeof(v->error), "%s", why);

	return (err);
}

static const char *
date_text(int64_t t, char out[32])
{
	time_t		tt = (time_t)t;
	struct tm	tm;

	if (gmtime_r(&tt, &tm) == NULL || strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(out, 32, "an unknown time");

	return (out);
}

/* Sets the error for an expired or not yet valid certificate. A clock earlier than the built-in CA list is wrong itself. */
static void
explain_time(struct verify *v)
{
	char		now_text[32], then_text[32], name[CERT_TEXT_MAX];
	int64_t		now = clock_now(v);
	struct cert	c;
	size_t		i;

	date_text(now, now_text);
	if (now < roots_date()) {
		snprintf(v->error, sizeof(v->error),
		    "the system clock is wrong: %s is before the date of this program; certificates cannot be verified", now_text);
		return;
	}
	snprintf(v->error, sizeof(v->error), "certificate expired or not yet valid (system clock: %s)", now_text);
	for (i = 0; i < v->count && i < VERIFY_CHAIN_MAX; i++) {
		if (!cert_parse(&c, v->chain[i].der, v->chain[i].len) || (now >= c.not_before && now <= c.not_after))
			continue;
		cert_name_text(c.subject, name);
		if (now > c.not_after)
			snprintf(v->error, sizeof(v->error), "certificate of \"%s\" expired on %s (system clock: %s)", name,
			    date_text(c.not_after, then_text), now_text);
		else
			snprintf(v->error, sizeof(v->error),
			    "certificate of \"%s\" is not yet valid: it begins on %s (system clock: %s)", name,
			    date_text(c.not_before, then_text), now_text);
		return;
	}
}

/* Sets the error for a chain that leads to no trust anchor. */
static void
explain_unknown(struct verify *v)
{
	char		issuer[CERT_TEXT_MAX];
	struct cert	last;
	size_t		n = v->count < VERIFY_CHAIN_MAX ? v->count : VERIFY_CHAIN_MAX;

	if (!cert_parse(&last, v->chain[n - 1].der, v->chain[n - 1].len))
		last = v->peer;
	cert_name_text(last.issuer, issuer);
	if (der_same(v->peer.issuer, v->peer.subject))
		snprintf(v->error, sizeof(v->error), "certificate of \"%s\" is self-signed and not a trusted CA", issuer);
	else if (der_same(last.issuer, last.subject))
		snprintf(v->error, sizeof(v->error), "certificate signed by an unknown CA: root \"%s\" is not trusted", issuer);
	else
		snprintf(v->error, sizeof(v->error), "certificate signed by an unknown CA: \"%s\" is not trusted, "
		    "or the server does not send its intermediate certificate", issuer);
}

/* Sets the error for a result of BearSSL's engine. */
static void
explain(struct verify *v, unsigned err)
{
	const char	*what;

	switch (err) {
	case BR_ERR_X509_EXPIRED:
		explain_time(v);
		return;
	case BR_ERR_X509_NOT_TRUSTED:
		explain_unknown(v);
		return;
	case BR_ERR_X509_BAD_SIGNATURE:
		what = "invalid certificate signature: the certificate is forged or damaged";
		break;
	case BR_ERR_X509_DN_MISMATCH:
		what = "invalid certificate chain: the issuer of a certificate is not the subject of the next";
		break;
	case BR_ERR_X509_NOT_CA:
		what = "a certificate was signed by a certificate that is not a CA";
		break;
	case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
		what = "the key usage of a certificate does not allow its use";
		break;
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		what = "the RSA key of a certificate is shorter than 2048 bits";
		break;
	case BR_ERR_X509_CRITICAL_EXTENSION:
		what = "unsupported critical extension in a certificate";
		break;
	case BR_ERR_X509_UNSUPPORTED:
	case BR_ERR_X509_WRONG_KEY_TYPE:
		what = v->peer.signature_hash == br_md5_ID || v->peer.signature_hash == br_sha1_ID ?
		    "the certificate is signed with MD5 or SHA-1, which are not secure" :
		    "unsupported key type or signature algorithm in a certificate";
		break;
	case BR_ERR_X509_LIMIT_EXCEEDED:
		what = "the key or signature of a certificate is longer than 4096 bits";
		break;
	case BR_ERR_X509_EMPTY_CHAIN:
		what = "the server sent no certificate";
		break;
	default:
		what = "malformed certificate";
		break;
	}
	snprintf(v->error, sizeof(v->error), "%s", what);
}

/* Returns 1 if the extended key usage and name constraints of all CAs in the chain allow the server certificate. BearSSL does not check them. */
static int
chain_permits(const struct verify *v)
{
	struct cert	c;
	size_t		i;

	for (i = 1; i < v->count; i++) {
		if (cert_parse(&c, v->chain[i].der, v->chain[i].len) && (!cert_serves(&c) || !cert_permits(&c, &v->peer)))
			return (0);
	}

	return (1);
}

static unsigned
name_check(struct verify *v)
{
	char	names[CERT_TEXT_MAX];

	if (v->mode != VERIFY_NAME || cert_names_host(&v->peer, &v->host))
		return (0);
	snprintf(v->error, sizeof(v->error), "certificate is not for host %s; its names: %s", v->host.name, cert_names_text(&v->peer, names));

	return (BR_ERR_X509_BAD_SERVER_NAME);
}

static void
peer_sha256(const struct verify *v, uint8_t out[VERIFY_PIN_LEN])
{
	br_sha256_context	ctx;

	br_sha256_init(&ctx);
	br_sha256_update(&ctx, v->peer.whole.p, v->peer.whole.len);
	br_sha256_out(&ctx, out);
}

static unsigned
pin_check(struct verify *v)
{
	uint8_t	hash[VERIFY_PIN_LEN];
	char	text[VERIFY_PIN_TEXT];

	peer_sha256(v, hash);
	if (!memcmp(hash, v->pin, sizeof(hash)))
		return (0);
	snprintf(v->error, sizeof(v->error), "the certificate of the server is not the pinned one; its fingerprint is %s", verify_peer_pin(v, text));

	return (BR_ERR_X509_NOT_TRUSTED);
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct verify	*v = self(ctx);
	unsigned	err;

	if (v->count == 0)
		return (reject(v, BR_ERR_X509_EMPTY_CHAIN, "the server sent no certificate"));
	if (v->too_long)
		return (reject(v, BR_ERR_X509_LIMIT_EXCEEDED, "the certificate chain of the server is too long (limits: 12 certificates, 96 KB)"));
	if (!cert_parse(&v->peer, v->chain[0].der, v->chain[0].len)) {
		memset(&v->peer, 0, sizeof(v->peer));
		return (reject(v, BR_ERR_X509_INVALID_VALUE, "malformed server certificate"));
	}
	if (v->peer.key.key_type == 0)
		return (reject(v, BR_ERR_X509_UNSUPPORTED, "unsupported key in the server certificate: neither RSA nor EC on P-256, P-384 or P-521"));
	if (v->mode == VERIFY_PIN)
		return (pin_check(v));
	if (v->mode == VERIFY_NOTHING)
		return (0);
	if ((err = v->path.vtable->end_chain(&v->path.vtable)) != 0) {
		explain(v, err);
		return (err);
	}
	if (!cert_serves(&v->peer))
		return (reject(v, BR_ERR_X509_FORBIDDEN_KEY_USAGE, "certificate is not for a TLS server (extended key usage)"));
	if (!chain_permits(v))
		return (reject(v, BR_ERR_X509_NOT_TRUSTED, "the CA is not allowed to issue this certificate (name constraints, extended key usage)"));
	if ((err = name_check(v)) == 0)
		ending_check(v->host.name, v->peer.not_after, clock_now(v));

	return (err);
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct verify	*v = (const struct verify *)(const void *)ctx;

	if (path_used(v))
		return (v->path.vtable->get_pkey(&v->path.vtable, usages));
	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;

	return (&v->peer.key);
}

static const br_x509_class	verify_class = {
	sizeof(struct verify), start_chain, start_cert, append, end_cert, end_chain, get_pkey
};

void
verify_init(struct verify *v, enum verify_mode mode, const struct roots *roots, const struct cert_host *host)
{
	memset(v, 0, sizeof(*v));
	v->vtable = &verify_class;
	v->mode = mode;
	v->roots = roots;
	if (host != NULL)
		v->host = *host;
}

void
verify_free(struct verify *v)
{
	chain_drop(v);
}

void
verify_pin_set(struct verify *v, const uint8_t pin[VERIFY_PIN_LEN])
{
	v->mode = VERIFY_PIN;
	memcpy(v->pin, pin, VERIFY_PIN_LEN);
}

int
verify_pin_parse(uint8_t pin[VERIFY_PIN_LEN], const char *text)
{
	int	i, high, low;

	for (i = 0; i < VERIFY_PIN_LEN; i++, text += 2) {
		text += i > 0 && *text == ':';
		if ((high = hex_digit(text[0])) == -1 || (low = hex_digit(text[1])) == -1)
			return (0);
		pin[i] = (uint8_t)(high << 4 | low);
	}

	return (*text == '\0');
}

const char *
verify_peer_pin(const struct verify *v, char out[VERIFY_PIN_TEXT])
{
	uint8_t	hash[VERIFY_PIN_LEN];
	int	i;

	out[0] = '\0';
	if (v->peer.whole.p == NULL)
		return (out);
	peer_sha256(v, hash);
	for (i = 0; i < VERIFY_PIN_LEN; i++)
		snprintf(out + 3 * i, 4, i < VERIFY_PIN_LEN - 1 ? "%02X:" : "%02X", hash[i]);

	return (out);
}

size_t
verify_peer_hash(const struct verify *v, uint8_t out[VERIFY_HASH_MAX])
{
	static const br_hash_class	*hashes[] = {
		[br_md5_ID] = &br_sha256_vtable, [br_sha1_ID] = &br_sha256_vtable, [br_sha224_ID] = &br_sha224_vtable,
		[br_sha256_ID] = &br_sha256_vtable, [br_sha384_ID] = &br_sha384_vtable, [br_sha512_ID] = &br_sha512_vtable
	};
	const br_hash_class		*hash;
	br_hash_compat_context		ctx;

	if (v->peer.whole.p == NULL || v->peer.signature_hash == 0)
		return (0);
	hash = hashes[v->peer.signature_hash];
	hash->init(&ctx.vtable);
	hash->update(&ctx.vtable, v->peer.whole.p, v->peer.whole.len);
	hash->out(&ctx.vtable, out);

	return ((hash->desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK);
}
