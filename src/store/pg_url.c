/*
 * Removal of the URL parameters that only Prisma knows
 * (docs/compatibility.md#database-url).
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

	return (out);
}
