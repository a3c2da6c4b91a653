/*
 * Choice of the SASL mechanism.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "net/smtp_auth.h"

#define BIT(m)	(1U << (m))
#define PASSWORDS	(BIT(SMTP_PLAIN) | BIT(SMTP_LOGIN) | BIT(SMTP_CRAM_MD5))
#define ORDERED		3

/* CRAM-MD5 hides the password on the wire, but the server must keep it readable: TLS is the better protection. */
static const enum smtp_mechanism	with_tls[ORDERED] = { SMTP_PLAIN, SMTP_LOGIN, SMTP_CRAM_MD5 };
static const enum smtp_mechanism	without_tls[ORDERED] = { SMTP_CRAM_MD5, SMTP_PLAIN, SMTP_LOGIN };

static unsigned	preferred;	/* the one that worked, or is to be tried next; 0: not known */
static int	all_refused;

/* Returns the mechanisms that SMTP_AUTH allows. */
static unsigned
allowed(void)
{
	const char	*value = conf_str(CONF_SMTP_AUTH);
	int		m;

	if (!strcmp(value, "none"))
		return (0);
	for (m = 0; m < SMTP_MECHANISMS; m++) {
		if (!strcasecmp(value, smtp_mechanism_name((enum smtp_mechanism)m)))
			return (BIT(m));
	}

	return (PASSWORDS);
}

/* Returns the mechanism of a set that follows one in the order, after the last the first; 0 if the set is empty. */
static unsigned
following(const struct smtp_auth *a, unsigned one, unsigned set)
{
	int	i, at = 0;

	for (i = 0; i < ORDERED; i++) {
		if (BIT(a->order[i]) == one)
			at = i + 1;
	}
	for (i = 0; i < ORDERED; i++) {
		if (set & BIT(a->order[(at + i) % ORDERED]))
			return (BIT(a->order[(at + i) % ORDERED]));
	}

	return (0);
}

void
smtp_auth_begin(struct smtp_auth *a, int encrypted)
{
	a->order = encrypted ? with_tls : without_tls;
	a->left = allowed();
	/* libcurl prefers CRAM-MD5, then PLAIN, then LOGIN. */
	a->now = preferred & a->left ? preferred : encrypted && a->left == PASSWORDS ? BIT(SMTP_PLAIN) | BIT(SMTP_LOGIN) : a->left;
}

const char *
smtp_auth_options(const struct smtp_auth *a, char out[SMTP_AUTH_OPTIONS_MAX])
{
	size_t	len = 0;
	int	m;

	out[0] = '\0';
	for (m = 0; m < SMTP_MECHANISMS; m++) {
		if (a->now & BIT(m))
			len += (size_t)snprintf(out + len, SMTP_AUTH_OPTIONS_MAX - len, "%sAUTH=%s", len > 0 ? ";" : "",
			    smtp_mechanism_name((enum smtp_mechanism)m));
	}

	return (out);
}

int
smtp_auth_next(struct smtp_auth *a, const struct smtp_trace *t, int denied)
{
	unsigned	used = t->mechanism;
	int		refused = denied && used != 0 && t->reply[0] != '4';

	if (!denied) {
		if (t->signed_in) {
			preferred = used;
			all_refused = 0;
		}
		return (0);
	}
	if (used != 0 && !refused)
		return (0);
	a->left &= ~(used != 0 ? used : a->now);
	a->now = following(a, used, a->left & t->offered);
	if (a->now != 0 && !(refused && all_refused))
		return (1);
	if (refused) {
		preferred = following(a, used, allowed() & t->offered);
		all_refused = 1;
	}

	return (0);
}
