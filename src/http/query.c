/*
 * Parsing of query strings. The request is not modified.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "http/query.h"
#include "http/request.h"
#include "http/route.h"

#define NAME_BYTES	64	/* longer than the name of any declared parameter */

int
query_decode(const char *text, size_t len, int form, char *out, size_t size)
{
	const char	*p = text, *end = text + len;
	size_t		n = 0;
	int		c, cut = 0;

	for (; p < end; p++) {
		c = form && *p == '+' ? ' ' : (unsigned char)*p;
		if (*p == '%') {
			if (end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
				return (0);
			c = hex_digit(p[1]) * 16 + hex_digit(p[2]);
			p += 2;
		}
		if (c == 0)
			return (0);
		if (n + 1 < size)
			out[n++] = (char)c;
		else
			cut = 1;
	}
	/* Remove a truncated character at the end. */
	while (cut && n > 0 && (out[n - 1] & 0x80)) {
		if ((out[--n] & 0xc0) == 0xc0)
			cut = 0;
	}
	out[n] = '\0';

	return (utf8_ok(out, n));
}

/*
 * Decodes a name or a value. Keeps a text with a malformed escape undecoded, as
 * the Node service does. Returns 0 for a text with a NUL, which PostgreSQL
 * cannot store.
 */
static int
part_decode(const char *text, size_t len, char *out, size_t size)
{
	size_t	i;

	if (query_decode(text, len, 1, out, size))
		return (1);
	if (memmem(text, len, "%00", 3) != NULL)
		return (0);
	for (i = 0; i < len && i + 1 < size; i++)
		out[i] = text[i] == '+' ? ' ' : text[i];
	out[i] = '\0';

	return (1);
}

/* Finds a parameter by its decoded name. Returns how often it occurs, and the first value, which is not decoded. */
static int
value_find(const char *query, const char *name, const char **value, size_t *value_len)
{
	const char	*p;
	char		decoded[NAME_BYTES];
	size_t		len, n;
	int		found = 0;

	for (p = query; p != NULL && *p != '\0'; p += len + (p[len] == '&')) {
		len = strcspn(p, "&");
		n = strcspn(p, "=");
		if (n >= len || !part_decode(p, n, decoded, sizeof(decoded)) || strcmp(decoded, name) != 0 || found++ > 0)
			continue;
		*value = p + n + 1;
		*value_len = len - n - 1;
	}

	return (found);
}

static int
param_get(const struct request *r, const struct param *p, char *out, size_t size)
{
	const char	*value;
	size_t		len;

	return (value_find(r->kore->query_string, p->name, &value, &len) > 0 && query_decode(value, len, 1, out, size));
}

int
query_get(const struct request *r, const char *name, char *out, size_t size)
{
	const struct param	*p;

	for (p = r->route->query; p != NULL && p->name != NULL; p++) {
		if (!strcmp(p->name, name))
			return (param_get(r, p, out, size));
	}

	return (0);
}

const struct param *
query_declared(const struct route *route, enum param_type type)
{
	const struct param	*p;

	for (p = route->query; p != NULL && p->name != NULL; p++) {
		if (p->type == type)
			return (p);
	}

	return (NULL);
}

int
query_get_type(const struct request *r, enum param_type type, char *out, size_t size)
{
	const struct param	*p = query_declared(r->route, type);

	return (p != NULL && param_get(r, p, out, size));
}

const char *
query_value(struct request *r, const struct param *p)
{
	const char	*value;
	char		*out;
	size_t		len;
	int		found = value_find(r->kore->query_string, p->name, &value, &len);

	if (found == 0 || (found > 1 && !p->first))
		return (NULL);
	out = request_alloc(r, len + 1);

	return (part_decode(value, len, out, len + 1) ? out : NULL);
}
