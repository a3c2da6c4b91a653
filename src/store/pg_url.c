/*
 * Check of DATABASE_URL, and removal of the parameters that only Prisma knows
 * (docs/compatibility.md#database-url).
 *
 * The check is stricter than libpq, whose messages quote what it does not
 * understand: in a URL with a password that is not percent-encoded that is a
 * part of the password, taken for the host, the port or the name of the database.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "store/pg_url.h"

static int
parameter_known(const char *name, size_t len)
{
	PQconninfoOption	*options, *o;
	int			known = 0;

	if ((options = PQconndefaults()) == NULL)
		return (0);
	for (o = options; o->keyword != NULL && !known; o++)
		known = strlen(o->keyword) == len && !strncmp(o->keyword, name, len);
	PQconninfoFree(options);

	return (known);
}

/* Returns 1 if each entry of a list of ports is a number from 1 to 65535, or the list is empty. */
static int
ports_valid(const char *list)
{
	size_t	digits;

	if (*list == '\0')
		return (1);
	for (;; list += digits + 1) {
		digits = strspn(list, "0123456789");
		if (digits == 0 || digits > 5 || atoi(list) == 0 || atoi(list) > 65535 || (list[digits] != ',' && list[digits] != '\0'))
			return (0);
		if (list[digits] == '\0')
			return (1);
	}
}

/* Returns 1 if a list of hosts has only the characters of names, IP addresses and paths of sockets. */
static int
hosts_valid(const char *list)
{
	return (list[strspn(list, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/,")] == '\0');
}

static int
option_valid(const PQconninfoOption *o)
{
	if (o->val == NULL)
		return (1);
	if (!strcmp(o->keyword, "port"))
		return (ports_valid(o->val));
	if (!strcmp(o->keyword, "host"))
		return (hosts_valid(o->val));
	if (!strcmp(o->keyword, "dbname"))
		return (strpbrk(o->val, "@/") == NULL);

	return (1);
}

static int
url_valid(const char *url)
{
	PQconninfoOption	*options, *o;
	int			valid;

	options = PQconninfoParse(url, NULL);
	valid = options != NULL;
	for (o = options; valid && o->keyword != NULL; o++)
		valid = option_valid(o);
	PQconninfoFree(options);

	return (valid);
}

char *
pg_url_clean(const char *url, char *schema, unsigned long schema_len)
{
	const char	*p;
	char		*out;
	size_t		name, len;
	char		sep = '?';

	if (strncmp(url, "postgresql://", 13) && strncmp(url, "postgres://", 11))
		return (NULL);
	snprintf(schema, schema_len, "public");
	if ((out = calloc(1, strlen(url) + 1)) == NULL)
		return (NULL);

	len = strcspn(url, "?");
	memcpy(out, url, len);
	for (p = url + len; *p != '\0'; p += len) {
		p++;
		len = strcspn(p, "&");
		name = strcspn(p, "=&");
		if (name == 6 && !strncmp(p, "schema", 6) && len > 7)
			snprintf(schema, schema_len, "%.*s", (int)(len - 7), p + 7);
		else if (parameter_known(p, name))
			sprintf(out + strlen(out), "%c%.*s", sep, (int)len, p), sep = '&';
	}
	if (url_valid(out))
		return (out);
	free(out);

	return (NULL);
}
