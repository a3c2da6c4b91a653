/*
 * Delivery of a mail to the SMTP server of the configuration
 * (docs/compatibility.md#mail-server), over libcurl.
 */
#ifndef WANZAMI_MAIL_H
#define WANZAMI_MAIL_H

#include <stddef.h>

#include "net/message.h"

enum mail_result {
	MAIL_SENT,	/* the server has accepted the mail */
	MAIL_LATER,	/* temporary: no connection, TLS or authentication failed, or any other error reply */
	MAIL_REFUSED	/* permanent: invalid recipient, or a 5xx reply to RCPT or DATA */
};

/*
 * Checks the SMTP_ and DKIM_ variables. Returns NULL, or one line (static storage) that
 * says what is wrong. Call it once, before the other functions.
 */
const char	*mail_configure(void);

/* Returns 1 if SMTP_HOST, SMTP_USER and SMTP_PASS are set. Any thread. */
int		mail_enabled(void);

/* Returns the sender of campaigns, or of other mail. Any thread. */
const struct mailbox	*mail_sender(int campaign);

/*
 * Sends a mail. Blocks for at most 90 seconds. On error writes the reply of the
 * server, or the network error, to why in one line. Keeps the connection for
 * the next mail; a lock lets one thread at a time send. Any thread except the
 * event loop's.
 */
enum mail_result	mail_send(const struct mail *, char *why, size_t len);

/*
 * Connects and authenticates as mail_send() does, but sends nothing. Returns 1,
 * or 0 with the reason in why. No other thread may use mail_send() meanwhile.
 */
int			mail_check(char *why, size_t len);

#endif
