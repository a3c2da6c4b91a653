/*
 * Configures BearSSL engines and formats their errors.
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
	{ BR_ERR_UNSUPPORTED_VERSION, "the peer does not support TLS 1.2" },
	{ BR_ERR_BAD_VERSION, "wrong TLS record version: the peer does not use TLS 1.2" },
	{ BR_ERR_BAD_LENGTH, "invalid TLS record length" },
	{ BR_ERR_TOO_LARGE, "TLS record is too large" },
	{ BR_ERR_BAD_MAC, "bad record MAC: the record was damaged or altered in transit" },
	{ BR_ERR_NO_RANDOM, "no random numbers from the kernel (getrandom)" },
	{ BR_ERR_UNKNOWN_TYPE, "unknown TLS record type: the peer does not use TLS" },
	{ BR_ERR_UNEXPECTED, "unexpected TLS message" },
	{ BR_ERR_BAD_CCS, "malformed ChangeCipherSpec message" },
	{ BR_ERR_BAD_ALERT, "malformed TLS alert" },
	{ BR_ERR_BAD_HANDSHAKE, "malformed handshake message" },
	{ BR_ERR_OVERSIZED_ID, "session ID is too long" },
	{ BR_ERR_BAD_CIPHER_SUITE, "the peer selected a cipher suite that was not offered" },
	{ BR_ERR_BAD_COMPRESSION, "the peer selected a compression method that was not offered" },
	{ BR_ERR_BAD_FRAGLEN, "the peer selected a maximum fragment length that was not offered" },
	{ BR_ERR_BAD_SECRENEG, "the peer failed the check for secure renegotiation (RFC 5746)" },
	{ BR_ERR_EXTRA_EXTENSION, "the peer sent a TLS extension that was not requested" },
	{ BR_ERR_BAD_SNI, "the peer sent a malformed server_name extension" },
	{ BR_ERR_BAD_HELLO_DONE, "malformed ServerHelloDone message" },
	{ BR_ERR_LIMIT_EXCEEDED, "the peer sent a key or message that is too large" },
	{ BR_ERR_BAD_FINISHED, "invalid Finished message: the handshake was altered in transit" },
	{ BR_ERR_RESUME_MISMATCH, "the peer resumed a session with different parameters" },
	{ BR_ERR_INVALID_ALGORITHM, "the peer uses an unsupported algorithm" },
	{ BR_ERR_BAD_SIGNATURE, "invalid handshake signature: the peer does not have the private key of its certificate, or the message was damaged" },
	{ BR_ERR_WRONG_KEY_USAGE, "the key usage of the peer's certificate does not allow this cipher suite" },
	{ BR_ERR_NO_CLIENT_AUTH, "the peer sent no certificate" },
};

static const struct {
	int		alert;
	const char	*text;
} alerts[] = {
	{ 10, "unexpected message" }, { 20, "bad record MAC" }, { 22, "record overflow" },
	{ 40, "handshake failure: no cipher suite or key type in common, or a certificate is missing" },
	{ 42, "bad certificate" }, { 43, "unsupported certificate" }, { 44, "certificate revoked" },
	{ 45, "certificate expired" }, { 46, "certificate not accepted" }, { 47, "illegal parameter" },
	{ 48, "unknown CA: the peer does not trust the CA of our certificate" }, { 49, "access denied" }, { 50, "decode error" },
	{ 51, "decrypt error" }, { 70, "protocol version: the peer does not support TLS 1.2" }, { 71, "insufficient security" },
	{ 80, "internal error" }, { 86, "inappropriate fallback" }, { 90, "user canceled" }, { 109, "missing extension" },
	{ 112, "unrecognized server name" }, { 116, "certificate required" }, { 120, "no application protocol in common" },
};

const char *
engine_error(int err, char *out, size_t size)
{
	const char	*what = "unknown alert";
	size_t		i;

	if (err >= BR_ERR_SEND_FATAL_ALERT)
		err -= BR_ERR_SEND_FATAL_ALERT;
	if (err >= BR_ERR_RECV_FATAL_ALERT) {
		for (i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
			if (alerts[i].alert == err - BR_ERR_RECV_FATAL_ALERT)
				what = alerts[i].text;
		}
		snprintf(out, size, "TLS alert from the peer: %s (alert %d)", what, err - BR_ERR_RECV_FATAL_ALERT);
		return (out);
	}
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].err == err)
			return (errors[i].text);
	}
	snprintf(out, size, "TLS error (BearSSL error %d)", err);

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

/* Sets the cipher suites, fastest first: AES-GCM if the CPU has AES instructions, else ChaCha20. */
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
engine_seed(br_ssl_engine_context *eng)
{
	unsigned char	seed[48];
	int		ok = getrandom(seed, sizeof(seed), 0) == (ssize_t)sizeof(seed);

	if (ok)
		br_ssl_engine_inject_entropy(eng, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));

	return (ok);
}

int
engine_prepare(br_ssl_engine_context *eng)
{
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

	return (engine_seed(eng));
}
