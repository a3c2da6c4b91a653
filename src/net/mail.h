/*
 * Delivery of a mail to the SMTP server of the configuration
 * (docs/compatibility.md#mail-server), over libcurl.
 */
#ifndef WANZAMI_MAIL_H
#define WANZAMI_MAIL_H

#include <stddef.h>

#include "net/message.h"
#include "tls/verify.h"

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

/* Returns 1 if SMTP_HOST is set, and SMTP_USER and SMTP_PASS unless SMTP_AUTH is none. Any thread. */
int		mail_enabled(void);

/* Returns the sender of campaigns, or of other mail. Any thread. */
const struct mailbox	*mail_sender(int campaign);

/* Returns the envelope sender of a mail from that sender: the e-mail address of SMTP_BOUNCE, else of the sender. Any thread. */
const char	*mail_bounce(const struct mailbox *from);

/* Returns the longest duration of mail_send() in seconds, which the timeouts of the configuration give. Any thread. */
int		mail_longest_sec(void);

/*
 * Sends a mail. Blocks for at most mail_longest_sec(). On error writes the reply of the
 * server, or the network error, to why in one line; MAIL_WHY_MAX bytes hold any. Keeps the connection for
 * the next mail. Three threads can send at the same time, over a connection each; a fourth waits. Any
 * thread except the event loop's.
 */
enum mail_result	mail_send(const struct mail *, char *why, size_t len);

/* Result of mail_check(). */
struct mail_check {
	const char	*mechanism;			/* with which it signed in (static storage); NULL: it did not */
	char		fingerprint[VERIFY_PIN_TEXT];	/* SHA-256 of the certificate that the server showed; "": no TLS */
	char		reply[MAIL_WHY_MAX];		/* to RCPT, if an address was asked for */
	char		why[MAIL_WHY_MAX];		/* it failed */
};

/*
 * Connects and signs in as mail_send() does. With an e-mail address it also asks whether the
 * server would take mail for it (MAIL, RCPT, RSET), but sends nothing. Returns 1,
 * or 0 with the reason in why.
 */
int			mail_check(const char *to, struct mail_check *);

#endif
