/*
 * Delivery of a mail to the SMTP server of the configuration
 * (docs/compatibility.md#mail-server), over libcurl.
 */
#ifndef WANZAMI_MAIL_H
#define WANZAMI_MAIL_H

#include <stddef.h>

#include "net/message.h"

#define MAIL_WHY_MAX	1100	/* bytes of a reason: the reply of the server, up to 1,023 bytes, and its command */

/* Meaning of an attempt: docs/mail.md#refusals. */
enum mail_result {
	MAIL_SENT,		/* the server has accepted the mail */
	MAIL_REFUSED,		/* the recipient cannot get mail: final */
	MAIL_LATER,		/* the recipient cannot get mail now */
	MAIL_RELAY,		/* no connection, no reply, or a temporary refusal that is not about the recipient */
	MAIL_RELAY_REFUSED,	/* a permanent refusal that is not about the recipient: the configuration or the account is wrong */
	MAIL_DROPPED		/* this mail cannot be sent at all; the server was not asked */
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

/* Returns the longest duration of mail_send() in seconds, which the timeouts of the configuration give. Any thread. */
int		mail_longest_sec(void);

/*
 * Sends a mail. Blocks for at most mail_longest_sec(). On error writes the reply of the
 * server, or the network error, to why in one line; MAIL_WHY_MAX bytes hold any. Keeps the connection for
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
