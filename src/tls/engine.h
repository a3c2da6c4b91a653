/*
 * Settings common to all BearSSL engines, client and server: TLS 1.2, forward
 * secrecy, authenticated encryption, and BearSSL's fastest constant-time
 * implementation for this CPU.
 */
#ifndef WANZAMI_ENGINE_H
#define WANZAMI_ENGINE_H

#include <stddef.h>

#include <bearssl.h>

/*
 * Configures the engine inside a zeroed client or server context
 * (br_ssl_client_zero(), br_ssl_server_zero()): versions, cipher suites,
 * hashes, PRF, ciphers, curves, no renegotiation, random seed. The caller sets
 * X.509 engine, keys and buffer. Returns 0 if getrandom(2) fails. Any thread.
 */
int	engine_prepare(br_ssl_engine_context *);

/* Adds random bytes of the kernel to the engine's generator, after its hashes were set. Returns 0 if getrandom(2) fails. Any thread. */
int	engine_seed(br_ssl_engine_context *);

/* Returns a message for a BearSSL error or an alert of the peer: static text, or out. Any thread. */
const char	*engine_error(int err, char *out, size_t size);

/* Returns the OpenSSL name of the cipher suite and the key bits of its cipher; "" and 0 before the handshake. Any thread. */
const char	*engine_cipher(const br_ssl_engine_context *, int *bits);

#endif
