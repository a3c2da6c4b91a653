/*
 * Finds and percent-decodes one parameter without touching the others.
 */
#include <ctype.h>
#include <string.h>

#include "http/query.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c = (char)(c | 0x20);

	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

static int
value_decode(const char *p, char *out, size_t size)
{
	size_t	n = 0;
	int	c;

	for (; *p != '\0' && *p != '&'; p++) {
		c = *p == '+' ? ' ' : (unsigned char)*p;
		if (*p == '%') {
			if (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
				return (0);
			c = hex_digit(p[1]) * 16 + hex_digit(p[2]);
			p += 2;
		}
		if (c == 0)
			return (0);
		if (n + 1 < size)
			out[n++] = (char)c;
	}
	out[n] = '\0';

	return (1);
}

int
query_get(const struct http_request *req, const char *name, char *out, size_t size)
{
	const char	*p = req->query_string;
	size_t		len = strlen(name);

	while (p != NULL && *p != '\0') {
		if (!strncmp(p, name, len) && p[len] == '=')
			return (value_decode(p + len + 1, out, size));
		p = strchr(p, '&');
		if (p != NULL)
			p++;
	}

	return (0);
}
