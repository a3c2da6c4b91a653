/*
 * Hands one mail to the SMTP server of the configuration
 * (docs/compatibility.md#mail-server), through libcurl.
 */
#ifndef WANZAMI_MAIL_H
#define WANZAMI_MAIL_H

#include <stddef.h>

#include "net/template.h"

struct mail {
	const char		*to;		/* one address, as its owner typed it */
	const struct letter	*letter;
	const char		*id;		/* left half of the Message-ID: the same mail has the same one each time it is sent */
	const char		*date;		/* as RFC 5322 §3.3 writes it */
};

enum mail_result {
	MAIL_SENT,	/* the server has taken it */
	MAIL_LATER,	/* not now: no connection, no TLS, not signed in, or a reply that says so */
	MAIL_REFUSED	/* never: it says that this mail or its recipient will not do */
};

/*
 * Checks the SMTP_ variables. Returns NULL, or one line (static storage) about
 * what is wrong. Once, before anything else here.
 */
const char	*mail_configure(void);

/* Whether there is a server to send to (host, user and password are set). Any thread. */
int		mail_enabled(void);

/*
 * Sends it and waits: at most a minute and a half. Unless it is sent, why says
 * in one line what the server or the network said. Connections are kept for the
 * next mail, so one thread alone may call it, always the same.
 */
enum mail_result	mail_send(const struct mail *, char *why, size_t len);

/* Connects and signs in as mail_send does, but sends nothing. 0 and why when the server does not let us. The same thread as mail_send. */
int			mail_check(char *why, size_t len);

#endif
