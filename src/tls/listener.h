/*
 * HTTPS by ourselves: the certificate that we show, and its renewal while we
 * serve. The records are tls_bearssl.c's business.
 */
#ifndef WANZAMI_LISTENER_H
#define WANZAMI_LISTENER_H

#include <kore/kore.h>

#include "tls/identity.h"

struct shown {
	struct identity	*identity;
	int64_t		from, until;	/* validity of the certificate, seconds since 1970 */
	unsigned int	users;
};

/*
 * Reads the TLS_ variables and what they name. Returns NULL, or one line
 * (static storage) that says what is wrong. Once, in the parent.
 */
const char		*listener_configure(void);

/* Whether there is a certificate, so that HTTPS is to be served. */
int			listener_wanted(void);

/*
 * In a worker that serves: from here on the server's connections are TLS, and
 * the files of the certificate are watched for a new one. The parent leaves
 * Kore believing that it is a plain server: for a TLS one it would start a
 * process that keeps the keys, and ask kore.conf for the files.
 */
void			listener_start(struct kore_server *);

/* In a worker that serves nobody: wipes the private key. */
void			listener_forget(void);

/* Looks at the files now, as SIGHUP asks for; done every few seconds anyway. Event loop only. */
void			listener_check(void);

/* What new connections show, for as long as they need it: listener_shown() gives it back, and lets NULL pass. Event loop only. */
struct shown		*listener_show(void);
void			listener_shown(struct shown *);

/* Whether the client's bytes are here already, where no socket tells of them; no for a connection without TLS. Event loop only. */
int			listener_pending(const struct connection *);

/* Tells the client of a TLS connection that nothing more will come; nothing on another. Event loop only. */
void			listener_finish(struct connection *);

#endif
