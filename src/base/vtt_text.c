/*
 * The text of a cue. Styles are written when visible text needs them, so that
 * tags are balanced whatever the source has.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/vtt_text.h"

#define NAME_MAX_BYTES	8	/* of the names of tags and entities that are known */

struct out {
	char		*data;
	size_t		len, room;
	int		failed;
	int		lines, spaces;	/* that wait for visible text */
	unsigned	open;		/* styles whose tags are open */
	unsigned	want;		/* styles of the text that follows */
	int		depth[3];	/* open tags of the source, by style */
	int		drawing;	/* SubStation Alpha: what follows is no text */
};

static const struct {
	unsigned	style;
	char		tag;
} styles[] = { { VTT_ITALIC, 'i' }, { VTT_BOLD, 'b' }, { VTT_UNDERLINE, 'u' } };

#define STYLES	(sizeof(styles) / sizeof(*styles))

static void
put(struct out *o, const char *text, size_t len)
{
	size_t	room = o->room;
	char	*data;

	if (o->failed)
		return;
	while (room < o->len + len + 1)
		room = room == 0 ? 128 : room * 2;
	if (room > o->room) {
		if ((data = realloc(o->data, room)) == NULL) {
			o->failed = 1;
			return;
		}
		o->data = data;
		o->room = room;
	}
	memcpy(o->data + o->len, text, len);
	o->len += len;
	o->data[o->len] = '\0';
}

static void
tag_put(struct out *o, int close, char name)
{
	char	tag[5];

	put(o, tag, (size_t)snprintf(tag, sizeof(tag), "<%s%c>", close ? "/" : "", name));
}

static void
styles_close(struct out *o)
{
	size_t	i;

	for (i = STYLES; i-- > 0;) {
		if (o->open & styles[i].style)
			tag_put(o, 1, styles[i].tag);
	}
	o->open = 0;
}

static void
styles_open(struct out *o)
{
	size_t	i;

	for (i = 0; i < STYLES; i++) {
		if (o->want & ~o->open & styles[i].style)
			tag_put(o, 0, styles[i].tag);
	}
	o->open = o->want;
}

/* Writes the white space that waits: one line break for several, and no space at the beginning or end of a line. */
static void
space_put(struct out *o)
{
	if (o->len > 0 && o->lines > 0)
		put(o, "\n", 1);
	else if (o->len > 0)
		for (; o->spaces > 0; o->spaces--)
			put(o, " ", 1);
	o->lines = o->spaces = 0;
}

/* Writes visible text of one character, escaped. */
static void
visible(struct out *o, const char *text, size_t len)
{
	unsigned	added = o->want & ~o->open;

	if (o->drawing)
		return;
	/* Tags are nested in the order of the table, in which they are closed. */
	if ((o->open & ~o->want) != 0 || (added != 0 && (added & -added) < o->open))
		styles_close(o);
	space_put(o);
	styles_open(o);
	if (len == 1 && *text == '&')
		put(o, "&amp;", 5);
	else if (len == 1 && *text == '<')
		put(o, "&lt;", 4);
	else if (len == 1 && *text == '>')
		put(o, "&gt;", 4);
	else
		put(o, text, len);
}

/* Writes a character of the source. */
static void
character(struct out *o, const char *text, size_t len)
{
	unsigned char	c = (unsigned char)*text;

	if (len == 0)
		visible(o, "\xef\xbf\xbd", 3);
	else if (c == '\n')
		o->lines++;
	else if (c == ' ' || c == '\t')
		o->spaces++;
	else if (c >= ' ' && c != 0x7f)
		visible(o, text, len);
}

static void
code_point(struct out *o, uint32_t c)
{
	char	text[4];
	size_t	len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
		character(o, "", 0);
		return;
	}
	for (i = len; i-- > 1; c >>= 6)
		text[i] = (char)(0x80 | (c & 0x3f));
	text[0] = (char)(len == 1 ? c : c | (0xf00u >> len & 0xff));
	character(o, text, len);
}

/* Reads an entity such as &amp; or &#39; at *p and writes its character. Returns 0 if it is none that is known. */
static int
entity(struct out *o, const char **p, const char *end)
{
	static const struct { const char *name; uint32_t code; }	known[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xa0 }, { "lrm", 0x200e }, { "rlm", 0x200f } };
	char		name[NAME_MAX_BYTES + 1], *rest;
	const char	*stop = memchr(*p, ';', (size_t)(end - *p) < NAME_MAX_BYTES + 2 ? (size_t)(end - *p) : NAME_MAX_BYTES + 2);
	unsigned long	code;
	size_t		i;

	if (stop == NULL)
		return (0);
	snprintf(name, sizeof(name), "%.*s", (int)(stop - *p - 1), *p + 1);
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strcmp(name, known[i].name)) {
			code_point(o, known[i].code);
			*p = stop + 1;
			return (1);
		}
	}
	if (name[0] != '#' || strspn(name + 1 + (name[1] == 'x'), "0123456789abcdefABCDEF") == 0)
		return (0);
	code = strtoul(name + 1 + (name[1] == 'x'), &rest, name[1] == 'x' ? 16 : 10);
	if (*rest != '\0')
		return (0);
	code_point(o, (uint32_t)code);
	*p = stop + 1;

	return (1);
}

/* Sets a style by a tag: `by` is 1 for an opening tag, -1 for a closing one. */
static void
style_count(struct out *o, unsigned style, int by)
{
	size_t	i;

	for (i = 0; i < STYLES; i++) {
		if (styles[i].style != style)
			continue;
		o->depth[i] = o->depth[i] + by < 0 ? 0 : o->depth[i] + by;
		o->want = o->depth[i] > 0 ? o->want | style : o->want & ~style;
	}
}

/* Tags of SubRip and WebVTT files, and the style that they stand for. */
static const struct {
	const char	*name;
	unsigned	style;
} tags[] = {
	{ "i", VTT_ITALIC }, { "em", VTT_ITALIC }, { "b", VTT_BOLD }, { "strong", VTT_BOLD }, { "u", VTT_UNDERLINE }, { "font", 0 }, { "br", 0 }, { "c", 0 },
	{ "v", 0 }, { "lang", 0 }, { "ruby", 0 }, { "rt", 0 }, { "s", 0 }, { "span", 0 }, { "p", 0 } };

/* Applies a tag with this name. Returns 0 if it is not known. */
static int
tag_apply(struct out *o, const char *name, int close)
{
	size_t	i;

	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		if (strcasecmp(name, tags[i].name) != 0)
			continue;
		if (!strcmp(tags[i].name, "br"))
			o->lines++;
		else
			style_count(o, tags[i].style, close ? -1 : 1);
		return (1);
	}

	return (0);
}

static int
is_letter(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/* Reads a tag at *p. Returns 0 if the "<" is text: in SubRip all that is no known tag, in WebVTT what has no end or no name. */
static int
tag(struct out *o, const char **p, const char *end, enum vtt_markup markup)
{
	const char	*stop = memchr(*p, '>', (size_t)(end - *p)), *from = *p + 1;
	char		name[NAME_MAX_BYTES + 1];
	size_t		n = 0;
	int		close = from < end && *from == '/', known;

	if (stop == NULL)
		return (0);
	from += close;
	while (from + n < stop && is_letter(from[n]))
		n++;
	snprintf(name, sizeof(name), "%.*s", (int)n, from);
	known = n <= NAME_MAX_BYTES && tag_apply(o, name, close);
	/* WebVTT has times (<00:01.500>), classes (<c.red>) and an empty name in a closing tag, too. */
	if (!known && (markup != VTT_MARKUP_VTT || (n == 0 && !close && (from == stop || strchr("0123456789.", *from) == NULL))))
		return (0);
	*p = stop + 1;

	return (1);
}

/* Reads the number of an override such as \b700; -1 without one, -2 if the letter begins another word, such as \blur. */
static int
override_number(const char *p, const char *end)
{
	int	n = 0;

	if (p == end || *p == '\\' || *p == '}' || *p == ')' || *p == ' ')
		return (-1);
	if (*p < '0' || *p > '9')
		return (-2);
	for (; p < end && *p >= '0' && *p <= '9' && n < 10000; p++)
		n = n * 10 + (*p - '0');

	return (n);
}

/* Applies the overrides in the braces of SubStation Alpha. */
static void
overrides(struct out *o, const char *p, const char *end, unsigned style)
{
	size_t	i;
	int	n;

	for (; p + 1 < end; p++) {
		if (*p != '\\')
			continue;
		n = override_number(p + 2, end);
		if (p[1] == 'r')
			o->want = style;
		if (p[1] == 'p' && n != -2)
			o->drawing = n > 0;
		for (i = 0; i < STYLES && n != -2; i++) {
			if (p[1] == styles[i].tag && (n == -1 ? (style & styles[i].style) != 0 : n > 0 && n != 400))
				o->want |= styles[i].style;
			else if (p[1] == styles[i].tag)
				o->want &= ~styles[i].style;
		}
	}
}

/* Reads braces at *p. Returns 0 if they are text. In SubRip only those with a backslash are not. */
static int
braces(struct out *o, const char **p, const char *end, enum vtt_markup markup, unsigned style)
{
	const char	*stop = memchr(*p, '}', (size_t)(end - *p));

	if (stop == NULL || (markup == VTT_MARKUP_SRT && (*p)[1] != '\\'))
		return (0);
	overrides(o, *p + 1, stop, style);
	*p = stop + 1;

	return (1);
}

/* Reads a backslash of SubStation Alpha at *p. Returns 0 if it is text. */
static int
backslash(struct out *o, const char **p, const char *end)
{
	char	c = *p + 1 < end ? (*p)[1] : '\0';

	if (c == 'N')
		o->lines++;
	else if (c == 'n' || c == 'h')
		o->spaces++;
	else if (c == '{' || c == '}' || c == '\\')
		character(o, *p + 1, 1);
	else
		return (0);
	*p += 2;

	return (1);
}

static int
markup_read(struct out *o, const char **p, const char *end, enum vtt_markup markup, unsigned style)
{
	switch (**p) {
	case '<':
		return (markup != VTT_MARKUP_ASS && tag(o, p, end, markup));
	case '&':
		return (markup != VTT_MARKUP_ASS && entity(o, p, end));
	case '{':
		return (markup != VTT_MARKUP_VTT && braces(o, p, end, markup, style));
	case '\\':
		return (markup == VTT_MARKUP_ASS && backslash(o, p, end));
	default:
		return (0);
	}
}

char *
vtt_text(const char *text, size_t len, enum vtt_markup markup, unsigned style)
{
	struct out	o = { .want = style };
	const char	*p = text, *end = text + len;
	size_t		n;

	put(&o, "", 0);
	while (p < end && !o.failed) {
		if (markup_read(&o, &p, end, markup, style))
			continue;
		n = utf8_length(p, end);
		character(&o, p, n);
		p += n > 0 ? n : 1;
	}
	styles_close(&o);
	if (o.failed) {
		free(o.data);
		return (NULL);
	}

	return (o.data);
}
