/*
 * Checks the grammar first, then tokenises with jsmn, which accepts malformed
 * JSON.
 */
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

#define NUMBER_MAX	400	/* bytes; a double has at most 309 digits */
#define EXPONENT_MAX	3

struct scan {
	const char	*p, *end;
	const char	*error;
};

static int	scan_value(struct scan *, int);

static int
scan_fail(struct scan *s, const char *why)
{
	if (s->error == NULL)
		s->error = why;

	return (0);
}

static void
scan_blank(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static int
scan_byte(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return (0);
	s->p++;

	return (1);
}

static int
hex4(const char *p, const char *end)
{
	int	i, v = 0;

	if (end - p < 4)
		return (-1);
	for (i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return (-1);
		v = v * 16 + (p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	}

	return (v);
}

/* Checks an escape, after its backslash. */
static int
scan_escape(struct scan *s)
{
	int	unit;

	if (s->p == s->end)
		return (scan_fail(s, "unterminated string"));
	if (*s->p != 'u') {
		if (strchr("\"\\/bfnrt", *s->p) == NULL || *s->p == '\0')
			return (scan_fail(s, "unknown escape in a string"));
		s->p++;
		return (1);
	}
	if ((unit = hex4(++s->p, s->end)) < 0)
		return (scan_fail(s, "malformed \\u escape in a string"));
	s->p += 4;
	if (unit == 0)
		return (scan_fail(s, JSON_NUL));
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return (scan_fail(s, "unpaired surrogate in a string"));
	if (unit >= 0xd800 && unit <= 0xdbff) {
		if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u' || (unit = hex4(s->p + 2, s->end)) < 0xdc00 || unit > 0xdfff)
			return (scan_fail(s, "unpaired surrogate in a string"));
		s->p += 6;
	}

	return (1);
}

static int
scan_string(struct scan *s)
{
	size_t	n;

	if (!scan_byte(s, '"'))
		return (scan_fail(s, "expected a key"));
	while (s->p < s->end && *s->p != '"') {
		if ((unsigned char)*s->p < 0x20)
			return (scan_fail(s, "control character in a string"));
		if (*s->p == '\\') {
			s->p++;
			if (!scan_escape(s))
				return (0);
		} else if ((n = utf8_length(s->p, s->end)) == 0) {
			return (scan_fail(s, "invalid UTF-8 in a string"));
		} else {
			s->p += n;
		}
	}

	return (scan_byte(s, '"') || scan_fail(s, "unterminated string"));
}

static int
scan_digits(struct scan *s)
{
	const char	*from = s->p;

	while (s->p < s->end && isdigit((unsigned char)*s->p))
		s->p++;

	return (s->p > from || scan_fail(s, "malformed number"));
}

/* Limits the length of a number and its exponent: PostgreSQL rejects some longer numbers, and JavaScript cannot represent them. */
static int
scan_number_length(struct scan *s, const char *from, const char *exponent)
{
	if (s->p - from > NUMBER_MAX || (exponent != NULL && s->p - exponent > EXPONENT_MAX))
		return (scan_fail(s, "number out of range"));

	return (1);
}

static int
scan_number(struct scan *s)
{
	const char	*from = s->p, *exponent;

	(void)scan_byte(s, '-');
	if (!scan_byte(s, '0') && !scan_digits(s))
		return (0);
	if (scan_byte(s, '.') && !scan_digits(s))
		return (0);
	if (scan_byte(s, 'e') || scan_byte(s, 'E')) {
		if (!scan_byte(s, '+'))
			(void)scan_byte(s, '-');
		exponent = s->p;
		return (scan_digits(s) && scan_number_length(s, from, exponent));
	}

	return (scan_number_length(s, from, NULL));
}

static int
scan_word(struct scan *s, const char *word)
{
	size_t	len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len))
		return (scan_fail(s, "malformed value"));
	s->p += len;

	return (1);
}

/* Checks the members of an array (close is ']') or an object ('}'), and the closing bracket. */
static int
scan_members(struct scan *s, char close, int depth)
{
	s->p++;
	scan_blank(s);
	if (scan_byte(s, close))
		return (1);
	do {
		scan_blank(s);
		if (close == '}') {
			if (!scan_string(s))
				return (0);
			scan_blank(s);
			if (!scan_byte(s, ':'))
				return (scan_fail(s, "expected a colon"));
		}
		if (!scan_value(s, depth + 1))
			return (0);
		scan_blank(s);
	} while (scan_byte(s, ','));

	return (scan_byte(s, close) || scan_fail(s, "expected a comma or a closing bracket"));
}

static int
scan_value(struct scan *s, int depth)
{
	scan_blank(s);
	if (depth > JSON_DEPTH_MAX)
		return (scan_fail(s, "nesting is too deep"));
	if (s->p == s->end)
		return (scan_fail(s, "unexpected end"));
	switch (*s->p) {
	case '{':
		return (scan_members(s, '}', depth));
	case '[':
		return (scan_members(s, ']', depth));
	case '"':
		return (scan_string(s));
	case 't':
		return (scan_word(s, "true"));
	case 'f':
		return (scan_word(s, "false"));
	case 'n':
		return (scan_word(s, "null"));
	default:
		return (scan_number(s));
	}
}

static const char *
grammar_check(const char *text, size_t len)
{
	struct scan	s = { .p = text, .end = text + len };

	if (!scan_value(&s, 0))
		return (s.error);
	scan_blank(&s);

	return (s.p == s.end ? NULL : "unexpected text after the end");
}

const char *
json_parse(struct json *doc, const char *text, size_t len)
{
	jsmn_parser	parser;
	const char	*error;

	memset(doc, 0, sizeof(*doc));
	doc->text = text;
	if ((error = grammar_check(text, len)) != NULL)
		return (error);

	jsmn_init(&parser);
	doc->count = jsmn_parse(&parser, text, len, NULL, 0);
	if (doc->count <= 0 || (doc->nodes = calloc((size_t)doc->count, sizeof(*doc->nodes))) == NULL)
		return ("cannot be parsed");
	jsmn_init(&parser);
	if (jsmn_parse(&parser, text, len, doc->nodes, (unsigned int)doc->count) != doc->count) {
		json_free(doc);
		return ("cannot be parsed");
	}

	return (NULL);
}

void
json_free(struct json *doc)
{
	free(doc->nodes);
	doc->nodes = NULL;
	doc->count = 0;
}

int
json_next(const struct json *doc, int node)
{
	int	end = doc->nodes[node].end;

	do
		node++;
	while (node < doc->count && doc->nodes[node].start < end);

	return (node);
}

int
json_is(const struct json *doc, int node, const char *text)
{
	const jsmntok_t	*t = &doc->nodes[node];
	char		*plain;
	int		same;

	if (t->type != JSMN_STRING)
		return (0);
	if (memchr(doc->text + t->start, '\\', (size_t)(t->end - t->start)) == NULL)
		return (strlen(text) == (size_t)(t->end - t->start) && !memcmp(doc->text + t->start, text, strlen(text)));
	plain = json_plain(doc, node);
	same = !strcmp(plain, text);
	free(plain);

	return (same);
}

int
json_get(const struct json *doc, int object, const char *key)
{
	int	i, node, found = -1;

	if (doc->nodes[object].type != JSMN_OBJECT)
		return (-1);
	for (i = 0, node = object + 1; i < doc->nodes[object].size; i++, node = json_next(doc, node + 1)) {
		if (json_is(doc, node, key))
			found = node + 1;
	}

	return (found);
}

int
json_kind(const struct json *doc, int node)
{
	const jsmntok_t	*t = &doc->nodes[node];

	if (t->type != JSMN_PRIMITIVE)
		return (t->type);

	return (isalpha((unsigned char)doc->text[t->start]) ? doc->text[t->start] : 0);
}

const char *
json_raw(const struct json *doc, int node, size_t *len)
{
	const jsmntok_t	*t = &doc->nodes[node];
	int		quotes = t->type == JSMN_STRING, n = t->end - t->start + 2 * quotes;

	*len = (size_t)n;

	return (doc->text + t->start - quotes);
}

static size_t
utf8_write(char *out, unsigned int c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return (1);
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return (2);
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return (3);
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));

	return (4);
}

/* Decodes the escape whose letter is at *p and advances *p. The text must have been checked. */
static unsigned int
escape_read(const char **p, const char *end)
{
	static const char	letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char		*l;
	unsigned int		c;

	if (**p != 'u') {
		l = strchr(letters, **p);
		c = (unsigned char)(l != NULL ? values[l - letters] : **p);
		(*p)++;
		return (c);
	}
	c = (unsigned int)hex4(*p + 1, end);
	*p += 5;
	if (c >= 0xd800 && c <= 0xdbff) {
		c = 0x10000 + ((c - 0xd800) << 10) + ((unsigned int)hex4(*p + 2, end) - 0xdc00);
		*p += 6;
	}

	return (c);
}

char *
json_plain(const struct json *doc, int node)
{
	const char	*p = doc->text + doc->nodes[node].start, *end = doc->text + doc->nodes[node].end;
	char		*out, *o;

	if ((out = o = malloc((size_t)(end - p) + 1)) == NULL)
		fatal("out of memory");
	while (p < end) {
		if (*p != '\\') {
			*o++ = *p++;
			continue;
		}
		p++;
		o += utf8_write(o, escape_read(&p, end));
	}
	*o = '\0';

	return (out);
}

size_t
json_units(const struct json *doc, int node)
{
	char	*plain = json_plain(doc, node), *p;
	size_t	n = 0;

	/* Count one unit per byte that begins a character, and a second one for characters of four bytes. */
	for (p = plain; *p != '\0'; p++)
		n += ((*p & 0xc0) != 0x80) + ((*p & 0xf8) == 0xf0);
	free(plain);

	return (n);
}

/* Returns the number of ASCII characters that need no escape. */
static size_t
plain_length(const char *text, const char *end)
{
	const char	*p;

	for (p = text; p < end && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\'; p++)
		;

	return ((size_t)(p - text));
}

void
json_quote(struct kore_buf *out, const char *text)
{
	const char	*end;
	size_t		n;

	if (text == NULL) {
		kore_buf_append(out, "null", 4);
		return;
	}
	end = text + strlen(text);
	kore_buf_append(out, "\"", 1);
	for (; text < end; text += n) {
		if ((n = plain_length(text, end)) == 0)
			n = utf8_length(text, end);
		if (n == 0) {
			n = 1;
			kore_buf_append(out, "\xef\xbf\xbd", 3);
		} else if (*text == '"' || *text == '\\') {
			kore_buf_append(out, "\\", 1);
			kore_buf_append(out, text, 1);
		} else if ((unsigned char)*text < 0x20) {
			kore_buf_appendf(out, "\\u%04x", (unsigned int)*text);
		} else {
			kore_buf_append(out, text, n);
		}
	}
	kore_buf_append(out, "\"", 1);
}

/* Appends a string as JSON.stringify does, with short escapes where they exist. */
static void
string_compact(struct kore_buf *out, const struct json *doc, int node)
{
	static const char	letters[] = "\bb\ff\nn\rr\tt";
	char			*plain = json_plain(doc, node);
	const char		*p, *l;

	kore_buf_append(out, "\"", 1);
	for (p = plain; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			kore_buf_appendf(out, "\\%c", *p);
		else if ((unsigned char)*p >= 0x20)
			kore_buf_append(out, p, 1);
		else if ((l = strchr(letters, *p)) != NULL)
			kore_buf_appendf(out, "\\%c", l[1]);
		else
			kore_buf_appendf(out, "\\u%04x", (unsigned int)*p);
	}
	kore_buf_append(out, "\"", 1);
	free(plain);
}

/* Appends a number by ECMA-262 §6.1.6.1.20: the shortest digits that parse as the same number. */
static void
number_compact(struct kore_buf *out, double value)
{
	char	text[40], digits[24];
	int	precision, point, n, i;

	if (value == 0 || !isfinite(value)) {
		kore_buf_append(out, isfinite(value) ? "0" : "null", isfinite(value) ? 1 : 4);
		return;
	}
	if (value < 0)
		kore_buf_append(out, "-", 1);
	value = fabs(value);
	/* A double preserves 15 digits, so the search begins there; subnormal numbers have less precision. */
	for (precision = value < DBL_MIN ? 0 : 14; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	point = atoi(strchr(text, 'e') + 1) + 1;
	for (n = i = 0; text[i] != 'e'; i++) {
		if (text[i] != '.')
			digits[n++] = text[i];
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	if (n <= point && point <= 21)
		kore_buf_appendf(out, "%s%.*s", digits, point - n, "000000000000000000000");
	else if (point > 0 && point <= 21)
		kore_buf_appendf(out, "%.*s.%s", point, digits, digits + point);
	else if (point > -6 && point <= 0)
		kore_buf_appendf(out, "0.%.*s%s", -point, "000000", digits);
	else
		kore_buf_appendf(out, "%c%s%se%+d", digits[0], n > 1 ? "." : "", digits + 1, point - 1);
}

static void
object_compact(struct kore_buf *out, const struct json *doc, int object)
{
	int	i, key = object + 1;

	kore_buf_append(out, "{", 1);
	for (i = 0; i < doc->nodes[object].size; i++, key = json_next(doc, key + 1)) {
		kore_buf_append(out, ",", i > 0 ? 1 : 0);
		string_compact(out, doc, key);
		kore_buf_append(out, ":", 1);
		json_compact(out, doc, key + 1);
	}
	kore_buf_append(out, "}", 1);
}

void
json_compact(struct kore_buf *out, const struct json *doc, int node)
{
	const char	*raw;
	size_t		len;
	int		i, item;

	switch (json_kind(doc, node)) {
	case JSMN_OBJECT:
		object_compact(out, doc, node);
		break;
	case JSMN_ARRAY:
		kore_buf_append(out, "[", 1);
		for (i = 0, item = node + 1; i < doc->nodes[node].size; i++, item = json_next(doc, item)) {
			kore_buf_append(out, ",", i > 0 ? 1 : 0);
			json_compact(out, doc, item);
		}
		kore_buf_append(out, "]", 1);
		break;
	case JSMN_STRING:
		string_compact(out, doc, node);
		break;
	case 0:
		number_compact(out, strtod(doc->text + doc->nodes[node].start, NULL));
		break;
	default:
		raw = json_raw(doc, node, &len);
		kore_buf_append(out, raw, len);
		break;
	}
}
