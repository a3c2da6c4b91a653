/*
 * Choice of the SASL mechanism (RFC 4954) that libcurl signs in with. Callers
 * hold the lock of src/net/mail.c: the mechanism that worked is remembered.
 */
#ifndef WANZAMI_SMTP_AUTH_H
#define WANZAMI_SMTP_AUTH_H

#include "net/smtp_reply.h"

#define SMTP_AUTH_OPTIONS_MAX	64	/* bytes */

/* A session, and its repetitions with other mechanisms. Sets are sums of 1 << enum smtp_mechanism. */
struct smtp_auth {
	const enum smtp_mechanism	*order;	/* best first */
	unsigned	left;		/* not refused yet */
	unsigned	now;		/* that libcurl may use; 0: it does not sign in */
};

/* Begins. encrypted: the session has TLS for sure, or nobody can listen. */
void	smtp_auth_begin(struct smtp_auth *, int encrypted);

/* Writes CURLOPT_LOGIN_OPTIONS for the session. Returns out. */
const char	*smtp_auth_options(const struct smtp_auth *, char out[SMTP_AUTH_OPTIONS_MAX]);

/*
 * Takes the end of a session in which libcurl did not fail, or failed with CURLE_LOGIN_DENIED (denied).
 * Returns 1 if the session is to be repeated with another mechanism. After
 * all were refused, only one is tried in each session, until one works: a wrong
 * password must not look like an attack.
 */
int	smtp_auth_next(struct smtp_auth *, const struct smtp_trace *, int denied);

#endif
