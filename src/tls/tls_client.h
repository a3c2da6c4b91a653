/*
 * A TLS connection to a server: BearSSL's engine, moved by whoever owns the
 * socket. Nothing here waits: a call does what it can and says what it lacks,
 * and is repeated when the socket is ready for that.
 *
 *	c = tls_client_new(&settings, why, sizeof(why));
 *	while ((step = tls_client_handshake(c)) == TLS_WANT_READ || step == TLS_WANT_WRITE)
 *		wait for the socket;
 *	if (step != TLS_DONE)
 *		complain(tls_client_error(c));
 *
 * One thread at a time for one connection; connections share nothing but
 * settings that are only read.
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
	TLS_WANT_READ,		/* call again when the socket can be read */
	TLS_WANT_WRITE,		/* or written */
	TLS_CLOSED,		/* the server ended TLS in good order (close_notify) */
	TLS_FAILED		/* tls_client_error() says why; only tls_client_free() may follow */
};

/*
 * How bytes travel: as recv(2) and send(2) do, with errno; EAGAIN and EINTR
 * are "not now". Both NULL: the socket fd itself, which may be blocking (then
 * the calls below block, too).
 */
struct tls_transport {
	ssize_t		(*recv)(void *arg, void *buf, size_t len);
	ssize_t		(*send)(void *arg, const void *buf, size_t len);
	void		*arg;
	int		fd;
};

struct tls_settings {
	struct tls_transport	transport;
	enum verify_how		verify;
	const struct roots	*roots;		/* must outlive the connection; NULL: roots_all() */
	const char		*host;		/* name or address that the certificate must name (VERIFY_NAME), copied */
	int			no_sni;		/* the host's name is sent to the server unless this is set, or it is an address */
	const char		*alpn;		/* protocol to ask for, NULL for none; must outlive the connection */
	const struct identity	*identity;	/* shown when the server asks, NULL for none; must outlive the connection */
	int64_t			now;		/* for tests: the time in place of the clock's, 0 otherwise */
};

struct tls_client;

/* NULL and a line in why when the settings cannot be used or there is no memory. About 45 KB. */
struct tls_client	*tls_client_new(const struct tls_settings *, char *why, size_t size);

/* Wipes and frees; sends nothing and leaves the socket open. NULL is let pass. */
void			tls_client_free(struct tls_client *);

enum tls_step		tls_client_handshake(struct tls_client *);

/* TLS_DONE with 1 to len bytes in *got. Reads no byte past the record that holds them. */
enum tls_step		tls_client_read(struct tls_client *, void *buf, size_t len, size_t *got);

/*
 * Sends, record by record; *taken says how many bytes have gone to the socket
 * to the last bit of their records. It may be less than len with TLS_DONE, and
 * is 0 with anything else. The rest must be offered again, unchanged, since
 * part of it may be on its way already.
 */
enum tls_step		tls_client_write(struct tls_client *, const void *buf, size_t len, size_t *taken);

/* Bytes that tls_client_read() has without touching the socket. */
size_t			tls_client_pending(const struct tls_client *);

/* Whether bytes wait for the socket to be writable. */
int			tls_client_unsent(const struct tls_client *);

/* Tells the server that no more will come (close_notify), as far as that goes without waiting. */
void			tls_client_close(struct tls_client *);

/* One line without an end; "" while nothing is wrong. The errno when the socket failed, ECONNRESET when it ended, else 0. */
const char		*tls_client_error(const struct tls_client *);
int			tls_client_errno(const struct tls_client *);

/* After the handshake. The certificate points into the connection. */
const struct cert	*tls_client_peer(const struct tls_client *);
size_t			tls_client_peer_hash(const struct tls_client *, uint8_t out[VERIFY_HASH_MAX]);
const char		*tls_client_alpn(const struct tls_client *);	/* NULL when none was agreed */
const char		*tls_client_cipher(const struct tls_client *, int *bits);

/* Whether the server asked for a certificate, and whether it was shown one. */
int			tls_client_asked(const struct tls_client *);
int			tls_client_shown(const struct tls_client *);

#endif
