/*
 * Parsing of query strings. The request is not modified.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "http/query.h"

#define QUERY_PARAMS_MAX	32
#define FIRST			"[0]"	/* suffix of a name that occurs more than once */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c = (char)(c | 0x20);

	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

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

int
query_get(const struct http_request *req, const char *name, char *out, size_t size)
{
	const char	*p = req->query_string;
	size_t		len = strlen(name);

	while (p != NULL && *p != '\0') {
		if (!strncmp(p, name, len) && p[len] == '=')
			return (query_decode(p + len + 1, strcspn(p + len + 1, "&"), 1, out, size));
		p = strchr(p, '&');
		if (p != NULL)
			p++;
	}

	return (0);
}

/* Counts the parameters with this name, undecoded, from query to end (NULL: end of the query string). */
static int
name_count(const char *query, const char *end, const char *name, size_t len)
{
	const char	*p = query;
	int		n = 0;

	while (p != NULL && p != end) {
		n += !strncmp(p, name, len) && p[len] == '=';
		if ((p = strchr(p, '&')) != NULL)
			p++;
	}

	return (n);
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

static void
param_json(struct kore_buf *out, const char *p, size_t len, int first, int repeated)
{
	size_t	name = strcspn(p, "="), size = len + sizeof(FIRST);
	char	*key, *value;

	key = kore_malloc(size);
	value = kore_malloc(size);
	if (part_decode(p, name, key, size) && part_decode(p + name + 1, len - name - 1, value, size)) {
		strcat(key, repeated ? FIRST : "");
		kore_buf_append(out, ",", first ? 0 : 1);
		json_quote(out, key);
		kore_buf_append(out, ":", 1);
		json_quote(out, value);
	}
	kore_free(key);
	kore_free(value);
}

void
query_json(const struct http_request *req, struct kore_buf *out)
{
	const char	*p = req->query_string;
	size_t		len, name, empty;
	int		n;

	kore_buf_append(out, "{", 1);
	empty = out->offset;
	for (n = 0; p != NULL && *p != '\0' && n < QUERY_PARAMS_MAX; n++) {
		len = strcspn(p, "&");
		name = strcspn(p, "=");
		if (name < len && name_count(req->query_string, p, p, name) == 0)
			param_json(out, p, len, out->offset == empty, name_count(p, NULL, p, name) > 1);
		p += len + (p[len] == '&');
	}
	kore_buf_append(out, "}", 1);
}
