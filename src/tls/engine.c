/*
 * One choice of protocol for all, and words for what goes wrong in it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "tls/curves.h"
#include "tls/engine.h"

static const struct {
	uint16_t	id;
	int		bits;
	const char	*name;
} ciphers[] = {
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 128, "ECDHE-ECDSA-AES128-GCM-SHA256" },
	{ BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 128, "ECDHE-RSA-AES128-GCM-SHA256" },
	{ BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 256, "ECDHE-ECDSA-AES256-GCM-SHA384" },
	{ BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 256, "ECDHE-RSA-AES256-GCM-SHA384" },
	{ BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 256, "ECDHE-ECDSA-CHACHA20-POLY1305" },
	{ BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 256, "ECDHE-RSA-CHACHA20-POLY1305" },
};
#define CIPHERS		(sizeof(ciphers) / sizeof(ciphers[0]))
#define FIRST_CHACHA	4

static const struct {
	int		err;
	const char	*text;
} errors[] = {
	{ BR_ERR_UNSUPPORTED_VERSION, "the peer does not speak TLS 1.2" },
	{ BR_ERR_BAD_VERSION, "the peer does not speak TLS, or changed its version in the middle" },
	{ BR_ERR_BAD_LENGTH, "a record of impossible length came" },
	{ BR_ERR_TOO_LARGE, "a record came that is larger than TLS allows" },
	{ BR_ERR_BAD_MAC, "a record was damaged on its way" },
	{ BR_ERR_NO_RANDOM, "this machine gives no random numbers" },
	{ BR_ERR_UNKNOWN_TYPE, "a record of unknown type came: the peer does not speak TLS" },
	{ BR_ERR_UNEXPECTED, "a message came out of turn" },
	{ BR_ERR_BAD_CCS, "a damaged message (ChangeCipherSpec) came" },
	{ BR_ERR_BAD_ALERT, "a damaged alert came" },
	{ BR_ERR_BAD_HANDSHAKE, "a damaged handshake message came" },
	{ BR_ERR_OVERSIZED_ID, "a session id came that is too long" },
	{ BR_ERR_BAD_CIPHER_SUITE, "the peer chose a cipher that was not offered" },
	{ BR_ERR_BAD_COMPRESSION, "the peer chose a compression that was not offered" },
	{ BR_ERR_BAD_FRAGLEN, "the peer chose a fragment length that was not offered" },
	{ BR_ERR_BAD_SECRENEG, "the peer does not renegotiate securely" },
	{ BR_ERR_EXTRA_EXTENSION, "the peer sent an extension that was not asked for" },
	{ BR_ERR_BAD_SNI, "the peer answered a server name wrongly" },
	{ BR_ERR_BAD_HELLO_DONE, "a damaged message (ServerHelloDone) came" },
	{ BR_ERR_LIMIT_EXCEEDED, "a key or message of the peer is too large" },
	{ BR_ERR_BAD_FINISHED, "the handshake was tampered with" },
	{ BR_ERR_RESUME_MISMATCH, "the peer resumed a session with other parameters" },
	{ BR_ERR_INVALID_ALGORITHM, "the peer uses an algorithm that is not supported" },
	{ BR_ERR_BAD_SIGNATURE, "the peer does not have the key of its certificate, or the handshake was damaged" },
	{ BR_ERR_WRONG_KEY_USAGE, "the key of the peer's certificate must not be used this way" },
	{ BR_ERR_NO_CLIENT_AUTH, "the peer did not show a certificate" },
};

static const struct {
	int		alert;
	const char	*text;
} alerts[] = {
	{ 10, "unexpected message" }, { 20, "bad record" }, { 22, "record overflow" },
	{ 40, "handshake failure: no cipher or key in common, or a certificate is missing" },
	{ 42, "our certificate is bad" }, { 43, "our certificate is of a kind it does not support" }, { 44, "our certificate is revoked" },
	{ 45, "our certificate has expired" }, { 46, "our certificate is not acceptable" }, { 47, "illegal parameter" },
	{ 48, "our certificate is of an authority it does not know" }, { 49, "access denied" }, { 50, "decode error" },
	{ 51, "decrypt error" }, { 70, "it does not speak TLS 1.2" }, { 71, "our security is insufficient" }, { 80, "internal error" },
	{ 86, "inappropriate fallback" }, { 90, "canceled" }, { 109, "missing extension" }, { 112, "it does not know the server name" },
	{ 116, "it requires a certificate" }, { 120, "no application protocol in common" },
};

const char *
engine_error(int err, char *out, size_t size)
{
	const char	*what = "no reason known";
	size_t		i;

	if (err >= BR_ERR_SEND_FATAL_ALERT)
		err -= BR_ERR_SEND_FATAL_ALERT;
	if (err >= BR_ERR_RECV_FATAL_ALERT) {
		for (i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
			if (alerts[i].alert == err - BR_ERR_RECV_FATAL_ALERT)
				what = alerts[i].text;
		}
		snprintf(out, size, "the peer refused: %s (alert %d)", what, err - BR_ERR_RECV_FATAL_ALERT);
		return (out);
	}
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].err == err)
			return (errors[i].text);
	}
	snprintf(out, size, "TLS failed (error %d)", err);

	return (out);
}

const char *
engine_cipher(const br_ssl_engine_context *eng, int *bits)
{
	size_t	i;

	*bits = 0;
	for (i = 0; i < CIPHERS; i++) {
		if (ciphers[i].id == eng->session.cipher_suite) {
			*bits = ciphers[i].bits;
			return (ciphers[i].name);
		}
	}

	return ("");
}

/* The fastest first: AES where the processor has instructions for it, else ChaCha20. */
static void
suites_set(br_ssl_engine_context *eng)
{
	uint16_t	suites[CIPHERS];
	size_t		first, i;

	first = br_aes_x86ni_ctr_get_vtable() != NULL && br_ghash_pclmul_get() != 0 ? 0 : FIRST_CHACHA;
	for (i = 0; i < CIPHERS; i++)
		suites[i] = ciphers[(first + i) % CIPHERS].id;
	br_ssl_engine_set_suites(eng, suites, CIPHERS);
}

int
engine_prepare(br_ssl_engine_context *eng)
{
	unsigned char	seed[48];
	int		ok;

	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION);
	suites_set(eng);
	br_ssl_engine_set_hash(eng, br_md5_ID, NULL);
	br_ssl_engine_set_hash(eng, br_sha1_ID, NULL);
	br_ssl_engine_set_hash(eng, br_sha224_ID, &br_sha224_vtable);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, &br_tls12_sha384_prf);
	br_ssl_engine_set_default_rsavrfy(eng);
	br_ssl_engine_set_default_ecdsa(eng);
	br_ssl_engine_set_ec(eng, &curves);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
	ok = getrandom(seed, sizeof(seed), 0) == (ssize_t)sizeof(seed);
	if (ok)
		br_ssl_engine_inject_entropy(eng, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));

	return (ok);
}
