/*
 * Creates trust anchors from certificates. Mozilla's are embedded as DER; the
 * anchors point into them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf.h"
#include "tls/cert.h"
#include "tls/pem.h"
#include "tls/roots.h"
#include "versions.h"

extern const unsigned char	roots_der[], roots_der_end[];	/* build/embed.sh */

static struct roots	all;
static struct roots	*database = NULL;

/* Adds a certificate. Returns 0 if it is malformed or memory is exhausted. Skips a certificate with an unsupported key: it can verify nothing. */
static int
anchor_add(struct roots *r, const unsigned char *der, size_t len)
{
	struct cert		c;
	br_x509_trust_anchor	*grown;

	if (!cert_parse(&c, der, len))
		return (0);
	if (c.key.key_type == 0)
		return (1);
	if (r->count % 32 == 0) {
		if ((grown = realloc(r->anchors, (r->count + 32) * sizeof(*grown))) == NULL)
			return (0);
		r->anchors = grown;
	}
	r->anchors[r->count++] = (br_x509_trust_anchor){
		.dn = { .data = (unsigned char *)(uintptr_t)c.subject.p, .len = c.subject.len },
		.flags = c.is_ca ? BR_X509_TA_CA : 0,
		.pkey = c.key
	};

	return (1);
}

/* Reads the next of Mozilla's certificates. Returns 0 after the last. */
static int
builtin_next(struct der *rest, struct der *one)
{
	struct der	content;
	uint8_t		tag;

	return (der_next(rest, &tag, &content, one));
}

static int
builtin_add(struct roots *r)
{
	struct der	rest = { roots_der, (size_t)(roots_der_end - roots_der) }, one;

	while (builtin_next(&rest, &one)) {
		if (!anchor_add(r, one.p, one.len))
			return (0);
	}

	return (rest.len == 0);
}

/* Adds every certificate of a PEM text. Returns NULL, or the error without its subject. */
static const char *
pem_add(struct roots *r, const char *pem)
{
	char		label[PEM_LABEL_MAX];
	unsigned char	*der, **grown;
	size_t		len, before = r->count;
	int		ret;

	while ((ret = pem_next(&pem, label, &der, &len)) == 1) {
		if (strcmp(label, "CERTIFICATE") && strcmp(label, "TRUSTED CERTIFICATE") && strcmp(label, "X509 CERTIFICATE")) {
			pem_free(der, len);
			continue;
		}
		if ((grown = realloc(r->owned, (r->owned_count + 1) * sizeof(*grown))) == NULL) {
			free(der);
			return ("out of memory");
		}
		r->owned = grown;
		r->owned[r->owned_count++] = der;
		if (!anchor_add(r, der, len))
			return ("contains a malformed certificate");
	}
	if (ret == -1)
		return ("contains a malformed PEM block");

	return (r->count > before ? NULL : "contains no certificate; it must be in PEM format");
}

struct roots *
roots_parse(const char *pem, const char **why)
{
	struct roots	*r = calloc(1, sizeof(*r));

	*why = r == NULL ? "out of memory" : pem_add(r, pem);
	if (*why != NULL) {
		roots_free(r);
		return (NULL);
	}

	return (r);
}

void
roots_free(struct roots *r)
{
	size_t	i;

	if (r == NULL)
		return;
	for (i = 0; i < r->owned_count; i++)
		free(r->owned[i]);
	free(r->owned);
	free(r->anchors);
	free(r);
}

static const char *
variable_error(const char *variable, const char *what)
{
	static char	error[512];

	snprintf(error, sizeof(error), "%s %s", variable, what);

	return (error);
}

static const char *
file_add(const char *path)
{
	const char	*why;
	char		*text, what[256];

	if ((text = pem_file(path)) == NULL) {
		snprintf(what, sizeof(what), "cannot be read: %s", strerror(errno));
		return (variable_error("TLS_CA_FILE", what));
	}
	why = pem_add(&all, text);
	free(text);

	return (why != NULL ? variable_error("TLS_CA_FILE", why) : NULL);
}

const char *
roots_load(void)
{
	const char	*why, *pem;

	if (all.count > 0)
		return (NULL);
	if (!builtin_add(&all))
		return ("the CA list in this binary is corrupt");
	if (*(pem = conf_str(CONF_EXTRA_CA_PEM)) != '\0' && (why = pem_add(&all, pem)) != NULL)
		return (variable_error("EXTRA_CA_PEM", why));
	if (*conf_str(CONF_TLS_CA_FILE) != '\0' && (why = file_add(conf_str(CONF_TLS_CA_FILE))) != NULL)
		return (why);
	if (*(pem = conf_str(CONF_DATABASE_CA_PEM)) != '\0' && (database = roots_parse(pem, &why)) == NULL)
		return (variable_error("DATABASE_CA_PEM", why));

	return (NULL);
}

const struct roots *
roots_all(void)
{
	return (&all);
}

const struct roots *
roots_database(void)
{
	return (database);
}

long long
roots_date(void)
{
	static const char	*digits = WANZAMI_ROOTS_DATE;	/* YYYYMMDD */
	struct tm		tm = { 0 };

	if (sscanf(digits, "%4d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3)
		return (0);
	tm.tm_year -= 1900;
	tm.tm_mon--;

	return ((long long)timegm(&tm));
}

void
roots_print(FILE *fp)
{
	struct der	rest = { roots_der, (size_t)(roots_der_end - roots_der) }, one;
	struct cert	c;
	char		text[CERT_TEXT_MAX], until[16];
	struct tm	tm;
	time_t		t = (time_t)roots_date();
	size_t		count = 0;

	while (builtin_next(&rest, &one))
		count++;
	strftime(until, sizeof(until), "%Y-%m-%d", gmtime_r(&t, &tm));
	fprintf(fp, "CA certificates: %zu, Mozilla's list of %s\n", count, until);
	rest = (struct der){ roots_der, (size_t)(roots_der_end - roots_der) };
	while (builtin_next(&rest, &one) && cert_parse(&c, one.p, one.len)) {
		t = (time_t)c.not_after;
		strftime(until, sizeof(until), "%Y-%m-%d", gmtime_r(&t, &tm));
		fprintf(fp, "  %s, until %s\n", cert_name_text(c.subject, text), until);
	}
}
