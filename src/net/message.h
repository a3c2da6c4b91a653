/*
 * Composition of a mail as MIME (RFC 5322, 2045, 2047). Lines end with CR LF
 * and have at most 76 characters, except one that is a long address or URL. Any
 * thread.
 */
#ifndef WANZAMI_MESSAGE_H
#define WANZAMI_MESSAGE_H

#include <stddef.h>

#include "net/template.h"

#define MESSAGE_ADDRESS_MAX	254	/* RFC 5321 §4.5.3.1.3 */

/* A sender: the name, "" for none, and the e-mail address. */
struct mailbox {
	char	name[256];
	char	address[MESSAGE_ADDRESS_MAX + 1];
};

struct mail {
	const char			*to;		/* one e-mail address, unchanged as the user entered it */
	const struct mail_content	*content;
	const char			*id;		/* local part of the Message-ID, digits and dots; the same for each attempt to send this mail */
	const char			*date;		/* of sending: date-time of RFC 5322 §3.3 */
	const char			*reply_to;	/* e-mail address that answers go to; NULL, or not valid: none */
	int				campaign;	/* it is a letter to many (RFC 2919, 2369, 8058) */
	const char			*unsubscribe;	/* URL that ends campaigns to this recipient; "": none */
};

/* Returns 1 for exactly one e-mail address without characters that could end a header or a command (docs/compatibility.md#mail-injection). */
int	message_address_ok(const char *);

/* Parses "Name <address>", "\"Name\" <address>" or "address". Returns 0 if it is none of them. */
int	message_mailbox(struct mailbox *, const char *text);

/* Returns the message, which the caller frees, and its length in bytes; NULL if memory is out. The addresses must be message_address_ok(). */
char	*message_make(const struct mail *, const struct mailbox *from, size_t *len);

#endif
