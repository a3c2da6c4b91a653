/*
 * Replies of an SMTP server, and their meaning for the mail. docs/mail.md has
 * the rules as a table.
 */
#ifndef WANZAMI_SMTP_REPLY_H
#define WANZAMI_SMTP_REPLY_H

#include <stddef.h>

#include "net/mail.h"

/* Steps of a session, in their order. A set of them is a sum of 1 << stage. */
enum smtp_stage { SMTP_GREETING, SMTP_EHLO, SMTP_STARTTLS, SMTP_AUTH, SMTP_MAIL, SMTP_RCPT, SMTP_DATA, SMTP_DOT };

/* SASL mechanisms that this program can use. DIGEST-MD5 and NTLM are not among them: RFC 6331, and MD4 with DES. */
enum smtp_mechanism { SMTP_PLAIN, SMTP_LOGIN, SMTP_CRAM_MD5, SMTP_XOAUTH2, SMTP_MECHANISMS };

/* The step that a session has reached, the last reply with all its lines, and what the server offers. Zeroed before the session. */
struct smtp_trace {
	enum smtp_stage	stage;
	char		reply[1024];	/* one line: those of the server, joined by a blank */
	size_t		len;		/* of reply */
	int		whole;		/* the last line of the reply has come */
	int		closed;		/* QUIT was sent, or the server has ended the session (421): later commands and replies do not count */
	unsigned	offered;	/* mechanisms in the last reply to EHLO: a sum of 1 << enum smtp_mechanism */
	char		auth[128];	/* their names there, also those that this program cannot use; "": it offers none */
	unsigned	mechanism;	/* 1 << the last that was used; 0: none */
	int		signed_in;
};

/* Records a command that was sent, and forgets the last reply. Only the verb is looked at. */
void		smtp_command(struct smtp_trace *, const char *data, size_t len);

/* Records a line that was received, with or without its line end. */
void		smtp_line(struct smtp_trace *, const char *data, size_t len);

/* Returns the name of a step, as docs/mail.md has it. */
const char	*smtp_stage_name(enum smtp_stage);

/* Returns the name of a mechanism (RFC 4422). */
const char	*smtp_mechanism_name(enum smtp_mechanism);

/* Returns 1 if the last reply is an error: a code of 400 or above. */
int		smtp_failed(const struct smtp_trace *);

/* Returns the meaning of the last reply, which is an error. */
enum mail_result	smtp_judge(const struct smtp_trace *);

#endif
