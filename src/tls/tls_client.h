/*
 * Non-blocking TLS client: BearSSL's engine on a socket that the caller owns. A
 * call does what it can without waiting and returns what it needs; the caller
 * repeats it when the socket is ready.
 *
 *	c = tls_client_new(&settings, why, sizeof(why));
 *	while ((step = tls_client_handshake(c)) == TLS_WANT_READ || step == TLS_WANT_WRITE)
 *		wait for the socket;
 *	if (step != TLS_DONE)
 *		report(tls_client_error(c));
 *
 * Only one thread at a time may use a connection. Connections share only
 * read-only settings.
 */
#ifndef WANZAMI_TLS_CLIENT_H
#define WANZAMI_TLS_CLIENT_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "tls/cert.h"
#include "tls/identity.h"
#include "tls/roots.h"
#include "tls/verify.h"

enum tls_step {
	TLS_DONE,
	TLS_WANT_READ,		/* call again when the socket is readable */
	TLS_WANT_WRITE,		/* call again when the socket is writable */
	TLS_CLOSED,		/* the server sent close_notify */
	TLS_FAILED		/* tls_client_error() returns the reason; only tls_client_free() may follow */
};

/*
 * Transport functions with the semantics of recv(2) and send(2), errno included;
 * EAGAIN and EINTR mean "try again". If both are NULL, fd is used directly. If
 * fd is blocking, the functions below block, too.
 */
struct tls_transport {
	ssize_t		(*recv)(void *arg, void *buf, size_t len);
	ssize_t		(*send)(void *arg, const void *buf, size_t len);
	void		*arg;
	int		fd;
};

struct tls_settings {
	struct tls_transport	transport;
	enum verify_mode	verify;
	const struct roots	*roots;		/* must outlive the connection; NULL: roots_all() */
	const char		*host;		/* host name or IP address that the certificate must match (VERIFY_NAME); copied */
	int			no_sni;		/* do not send the host name (SNI); IP addresses are never sent */
	const char		*alpn;		/* protocol to offer, NULL for none; must outlive the connection */
	const struct identity	*identity;	/* client certificate, NULL for none; must outlive the connection */
	int64_t			now;		/* for tests: time used instead of the system clock; 0: system clock */
};

struct tls_client;

/* Creates a connection (about 45 KB). Returns NULL and sets why if the settings are not valid or memory is exhausted. */
struct tls_client	*tls_client_new(const struct tls_settings *, char *why, size_t size);

/* Wipes and frees the connection. Sends nothing and leaves the socket open. NULL does nothing. */
void			tls_client_free(struct tls_client *);

/* Continues the handshake; returns TLS_DONE once it is complete. */
enum tls_step		tls_client_handshake(struct tls_client *);

/* Reads 1 to len bytes and sets *got if TLS_DONE. Takes no byte behind their record from the socket. */
enum tls_step		tls_client_read(struct tls_client *, void *buf, size_t len, size_t *got);

/*
 * Writes bytes. *taken is the number of bytes whose records have been sent
 * completely: at most len with TLS_DONE, 0 with any other result. The caller
 * must pass the rest again, unchanged, since part of it may have been sent.
 */
enum tls_step		tls_client_write(struct tls_client *, const void *buf, size_t len, size_t *taken);

/* Returns the number of bytes that tls_client_read() can return without reading the socket. */
size_t			tls_client_pending(const struct tls_client *);

/* Returns 1 if records wait for the socket to become writable. */
int			tls_client_unsent(const struct tls_client *);

/* Sends close_notify, as far as possible without waiting. */
void			tls_client_close(struct tls_client *);

/* Returns the error as one line without a newline, "" if there is none; and its errno: the socket's, ECONNRESET at its end, else 0. */
const char		*tls_client_error(const struct tls_client *);
int			tls_client_errno(const struct tls_client *);

/* Return the server's certificate (points into the connection), its hash for channel binding, protocol and cipher. After the handshake. */
const struct cert	*tls_client_peer(const struct tls_client *);
size_t			tls_client_peer_hash(const struct tls_client *, uint8_t out[VERIFY_HASH_MAX]);
const char		*tls_client_alpn(const struct tls_client *);	/* NULL if none was negotiated */
const char		*tls_client_cipher(const struct tls_client *, int *bits);

/* Return 1 if the server requested a client certificate, and if one was sent. */
int			tls_client_cert_requested(const struct tls_client *);
int			tls_client_cert_sent(const struct tls_client *);

#endif
