/*
 * SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489) records of the senders.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "mail_dns.h"
#include "net/dkim.h"
#include "net/mail.h"
#include "settings.h"

#define TXT_STRING_MAX	255	/* RFC 1035 §3.3.14 */

#define SENDERS		"%s. IN TXT \"v=spf1 %s%s ~all\"\n"

/* Relays that many use, by the end of SMTP_HOST, and what their documentation puts into SPF. */
static const struct {
	const char	*host, *spf;
} relays[] = {
	{ ".amazonaws.com", "include:amazonses.com" }, { ".sendgrid.net", "include:sendgrid.net" }, { ".mailgun.org", "include:mailgun.org" },
	{ ".postmarkapp.com", "include:spf.mtasv.net" }, { ".gmail.com", "include:_spf.google.com" }, { ".google.com", "include:_spf.google.com" },
	{ ".office365.com", "include:spf.protection.outlook.com" }, { ".sendinblue.com", "include:spf.brevo.com" }, { ".brevo.com", "include:spf.brevo.com" }
};

/* Returns the SPF mechanism that fits SMTP_HOST: an IP address has one of its own (RFC 7208 §5.6). */
static const char *
spf_mechanism(const char *host)
{
	unsigned char	address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1)
		return ("ip4:");

	return (inet_pton(AF_INET6, host, address) == 1 ? "ip6:" : "a:");
}

static void
spf_print(const char *domain)
{
	const char	*host = conf_str(CONF_SMTP_HOST);
	size_t		i, len = strlen(host), n;

	printf("; SPF: the servers that may send mail of @%s. Add what else sends such mail; a domain has one SPF record.\n", domain);
	if (len == 0) {
		printf("; SMTP_HOST is not set, so the record cannot be told.\n");
		return;
	}
	for (i = 0; i < sizeof(relays) / sizeof(relays[0]); i++) {
		n = strlen(relays[i].host);
		if (len > n && !strcasecmp(host + len - n, relays[i].host)) {
			printf(SENDERS, domain, "", relays[i].spf);
			return;
		}
	}
	printf("; The relay may send from other addresses than %s: its operator knows.\n", host);
	printf(SENDERS, domain, spf_mechanism(host), host);
}

static void
dmarc_print(const char *domain)
{
	printf("; DMARC: what becomes of mail of @%s that passes neither SPF nor DKIM. Begin with none, read the reports, then quarantine or reject.\n", domain);
	printf("_dmarc.%s. IN TXT \"v=DMARC1; p=none; rua=mailto:%s\"\n", domain, conf_str(CONF_SUPPORT_EMAIL));
}

static void
dkim_print(void)
{
	char	record[1024], *text;
	size_t	i;

	if (!dkim_enabled()) {
		printf("; DKIM: not signed here. Set DKIM_KEY_FILE, DKIM_DOMAIN and DKIM_SELECTOR, or let the relay sign.\n");
		return;
	}
	if ((text = dkim_public_key()) == NULL)
		settings_die("out of memory");
	snprintf(record, sizeof(record), "v=DKIM1; k=rsa; p=%s", text);
	kore_free(text);
	printf("; DKIM: the key that signs mail.\n%s._domainkey.%s. IN TXT", conf_str(CONF_DKIM_SELECTOR), conf_str(CONF_DKIM_DOMAIN));
	for (i = 0; i < strlen(record); i += TXT_STRING_MAX)
		printf(" \"%.*s\"", TXT_STRING_MAX, record + i);
	printf("\n");
}

/* Returns 1 if the domain is `above` or below it, so that DMARC takes the signature of the one for the other. */
static int
domain_within(const char *domain, const char *above)
{
	size_t	len = strlen(domain), n = strlen(above);

	return (len >= n && !strcasecmp(domain + len - n, above) && (len == n || domain[len - n - 1] == '.'));
}

static void
domain_print(const char *domain)
{
	spf_print(domain);
	dmarc_print(domain);
	if (dkim_enabled() && !domain_within(domain, conf_str(CONF_DKIM_DOMAIN)))
		printf("; Warning: %s is not within DKIM_DOMAIN, so the signature does not count for DMARC.\n", domain);
}

int
mail_dns_print(void)
{
	const char	*domain, *campaigns, *bounce;

	settings_die(mail_configure());
	domain = strchr(mail_sender(0)->address, '@') + 1;
	campaigns = strchr(mail_sender(1)->address, '@') + 1;
	bounce = strchr(mail_bounce(mail_sender(0)), '@') + 1;
	dkim_print();
	domain_print(domain);
	if (strcasecmp(domain, campaigns))
		domain_print(campaigns);
	if (strcasecmp(bounce, domain) && strcasecmp(bounce, campaigns))
		spf_print(bounce);
	if (!domain_within(bounce, domain) && !domain_within(domain, bounce))
		printf("; Warning: SMTP_BOUNCE is of %s, another domain than %s, so SPF does not count for DMARC.\n", bounce, domain);

	return (0);
}
