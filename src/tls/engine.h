/*
 * What every BearSSL engine of this program has in common, as client or as
 * server: TLS 1.2, forward secrecy, authenticated encryption, and the fastest
 * constant-time code for this machine.
 */
#ifndef WANZAMI_ENGINE_H
#define WANZAMI_ENGINE_H

#include <stddef.h>

#include <bearssl.h>

/*
 * Configures the engine inside a zeroed client or server context
 * (br_ssl_client_zero(), br_ssl_server_zero()), randomness included: versions,
 * suites, hashes, PRF, ciphers, curves, no renegotiation. What is left to the
 * caller: X.509 engine, keys, buffer. Returns 0 when the kernel gives no
 * randomness. Any thread.
 */
int	engine_prepare(br_ssl_engine_context *);

/* A sentence without an end for a BearSSL error, alerts of the peer included; the static text, or out filled. Any thread. */
const char	*engine_error(int err, char *out, size_t size);

/* "ECDHE-RSA-AES128-GCM-SHA256" and its bits; "" and 0 before there is one. Any thread. */
const char	*engine_cipher(const br_ssl_engine_context *, int *bits);

#endif
