/*
 * Certificate of the HTTPS listener and its renewal at run time. tls_bearssl.c
 * implements the connections.
 */
#ifndef WANZAMI_LISTENER_H
#define WANZAMI_LISTENER_H

#include <kore/kore.h>

#include "tls/identity.h"

/* A loaded certificate with its key, reference-counted. */
struct listener_cert {
	struct identity	*identity;
	int64_t		not_before, not_after;	/* seconds since 1970 */
	unsigned int	references;
};

/*
 * Reads the TLS_* variables and loads the certificate and key. Returns NULL, or
 * an error of one line (static storage). Call once, in the parent.
 */
const char		*listener_configure(void);

/* Returns 1 if a certificate is configured, so that the API serves HTTPS. */
int			listener_enabled(void);

/*
 * Turns on TLS for the server's connections and starts to watch the certificate
 * files. Call in a worker that serves HTTP. In the parent the server stays a
 * plain one: for a TLS server Kore would start its key manager process and
 * require the files in kore.conf.
 */
void			listener_start(struct kore_server *);

/* Wipes the private key. Call in a worker that does not serve HTTP. */
void			listener_wipe(void);

/* Loads the certificate files again if they have changed. Runs every 2 s and on SIGHUP. Event loop only. */
void			listener_check(void);

/* Returns a reference to the current certificate; release it after the handshake. Releasing NULL does nothing. Event loop only. */
struct listener_cert	*listener_cert_get(void);
void			listener_cert_release(struct listener_cert *);

/* Returns 1 if the TLS engine holds received data, for which the socket reports no event; 0 without TLS. Event loop only. */
int			listener_pending(const struct connection *);

/* Sends close_notify on a TLS connection, without waiting; does nothing without TLS. Event loop only. */
void			listener_close_notify(struct connection *);

#endif
