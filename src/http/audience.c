/*
 * Country and maturity from query parameters and headers.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http/audience.h"
#include "http/query.h"
#include "http/request.h"

static const char	*country_headers[] = { "cf-ipcountry", "x-vercel-ip-country", "x-country", "x-app-country" };

/* Copies at most max characters in upper case, without surrounding white space. */
static void
country_copy(char out[AUDIENCE_COUNTRY_MAX], const char *text, size_t max)
{
	size_t	len, i;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len > max)
		len = max;
	for (i = 0; i < len; i++)
		out[i] = (char)toupper((unsigned char)text[i]);
	out[len] = '\0';
}

/* Reads the region subtag of the first language tag (RFC 5646 §2.1), as in en-NG and zh-Hans-CN. Returns 0 if there is none, as in en. */
static int
country_of_language(char out[AUDIENCE_COUNTRY_MAX], const char *languages)
{
	const char	*p;
	size_t		len;

	/* A subtag of one character begins an extension, which has no region. */
	for (p = languages; (len = strcspn(p, "-,;")) != 1; p += len + 1) {
		if (p > languages && len == 2 && isalpha((unsigned char)p[0]) && isalpha((unsigned char)p[1])) {
			country_copy(out, p, 2);
			return (1);
		}
		if (p[len] != '-')
			break;
	}

	return (0);
}

/* Reads the query parameter. It may be the name of a country and is not shortened to two letters. */
static int
country_of_query(const struct request *r, char out[AUDIENCE_COUNTRY_MAX])
{
	char	text[AUDIENCE_COUNTRY_MAX];

	if (!query_get_type(r, PARAM_COUNTRY, text, sizeof(text)))
		return (0);
	country_copy(out, text, AUDIENCE_COUNTRY_MAX - 1);

	return (*out != '\0');
}

void
audience_country(const struct request *r, char out[AUDIENCE_COUNTRY_MAX])
{
	const char	*value;
	size_t		i;

	if (country_of_query(r, out))
		return;
	for (i = 0; i < sizeof(country_headers) / sizeof(*country_headers); i++) {
		if (!http_request_header(r->kore, country_headers[i], &value))
			continue;
		country_copy(out, value, 2);
		if (*out != '\0')
			return;
	}
	if (http_request_header(r->kore, "accept-language", &value) && country_of_language(out, value))
		return;
	strcpy(out, "UNKNOWN");
}

static int
is_yes(const char *text)
{
	return (!strcmp(text, "1") || !strcasecmp(text, "true"));
}

static int
header_number(struct http_request *req, const char *name, double *out)
{
	const char	*value;
	char		*end;

	if (!http_request_header(req, name, &value))
		return (0);
	*out = strtod(value, &end);

	return (end != value && *end == '\0' && isfinite(*out));
}

/* Returns the age in years, or -1 if no header has it. */
static double
age_get(struct http_request *req)
{
	time_t		now;
	struct tm	tm;
	double		value;

	if (header_number(req, "x-profile-age", &value))
		return (value > 0 ? value : 0);

	now = time(NULL);
	gmtime_r(&now, &tm);
	if (header_number(req, "x-profile-birthyear", &value) && value > 1900 && value <= tm.tm_year + 1900)
		return (tm.tm_year + 1900 - value);

	return (-1);
}

const char *
audience_maturity(const struct request *r)
{
	char		text[8];
	const char	*value;
	double		age;

	if (query_get_type(r, PARAM_KID_MODE, text, sizeof(text)) && is_yes(text))
		return ("kid");
	if (http_request_header(r->kore, "x-kid-mode", &value) && is_yes(value))
		return ("kid");

	age = age_get(r->kore);
	if (age >= 0 && age < 13)
		return ("kid");

	return (age >= 0 && age < 18 ? "teen" : "all");
}
