/*
 * Reads HTML tag by tag, without a tree: mail has to be readable, not exact.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/html_text.h"

#define TAG_NAME_MAX	16
#define HREF_MAX	2048
#define ENTITY_MAX	10	/* characters between & and ; */

struct text_out {
	FILE	*out;
	char	*text;		/* what has been written up to the last fflush(), len bytes */
	size_t	len;
	int	lines;		/* line ends that are due before the next character */
	int	blank;		/* a blank is due before the next character */
	int	begun;
	int	pre;		/* inside <pre>, where a line feed ends a line */
	char	href[HREF_MAX];	/* of the open link; "" if none is open */
	size_t	link_at;	/* where its text begins */
};

enum effect {
	EFFECT_LINE,		/* begins a line */
	EFFECT_PARAGRAPH,	/* begins a paragraph */
	EFFECT_CELL,		/* is separated by a blank */
	EFFECT_BREAK,
	EFFECT_ITEM,
	EFFECT_RULE,
	EFFECT_PRE,
	EFFECT_LINK,
	EFFECT_IMAGE,
	EFFECT_HIDDEN		/* its content is not shown */
};

static const struct {
	const char	*name;
	enum effect	effect;
} tags[] = {
	{ "p", EFFECT_PARAGRAPH }, { "h1", EFFECT_PARAGRAPH }, { "h2", EFFECT_PARAGRAPH }, { "h3", EFFECT_PARAGRAPH }, { "h4", EFFECT_PARAGRAPH },
	{ "h5", EFFECT_PARAGRAPH }, { "h6", EFFECT_PARAGRAPH }, { "ul", EFFECT_PARAGRAPH }, { "ol", EFFECT_PARAGRAPH }, { "table", EFFECT_PARAGRAPH },
	{ "blockquote", EFFECT_PARAGRAPH }, { "div", EFFECT_LINE }, { "tr", EFFECT_LINE }, { "section", EFFECT_LINE }, { "article", EFFECT_LINE },
	{ "header", EFFECT_LINE }, { "footer", EFFECT_LINE }, { "dt", EFFECT_LINE }, { "dd", EFFECT_LINE }, { "center", EFFECT_LINE },
	{ "td", EFFECT_CELL }, { "th", EFFECT_CELL }, { "br", EFFECT_BREAK }, { "li", EFFECT_ITEM }, { "hr", EFFECT_RULE }, { "pre", EFFECT_PRE },
	{ "a", EFFECT_LINK }, { "img", EFFECT_IMAGE }, { "head", EFFECT_HIDDEN }, { "title", EFFECT_HIDDEN }, { "style", EFFECT_HIDDEN },
	{ "script", EFFECT_HIDDEN }, { "template", EFFECT_HIDDEN }
};

static const struct {
	const char	*name, *text;
} entities[] = {
	{ "amp", "&" }, { "lt", "<" }, { "gt", ">" }, { "quot", "\"" }, { "apos", "'" }, { "nbsp", " " }, { "ndash", "–" }, { "mdash", "—" },
	{ "hellip", "…" }, { "lsquo", "‘" }, { "rsquo", "’" }, { "ldquo", "“" }, { "rdquo", "”" }, { "laquo", "«" }, { "raquo", "»" },
	{ "bull", "•" }, { "middot", "·" }, { "copy", "©" }, { "reg", "®" }, { "trade", "™" }, { "euro", "€" }, { "pound", "£" }, { "times", "×" },
	{ "deg", "°" }, { "eacute", "é" }, { "egrave", "è" }, { "agrave", "à" }, { "ccedil", "ç" }, { "rarr", "→" }, { "zwnj", "" }, { "shy", "" }
};

static void
lines_want(struct text_out *t, int lines)
{
	if (t->lines < lines)
		t->lines = lines;
}

static void
char_put(struct text_out *t, char c)
{
	if (t->begun && t->lines > 0) {
		for (; t->lines > 0; t->lines--)
			fputc('\n', t->out);
	} else if (t->begun && t->blank) {
		fputc(' ', t->out);
	}
	t->lines = t->blank = 0;
	t->begun = 1;
	fputc(c, t->out);
}

static void
text_put(struct text_out *t, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == ' ')
			t->blank = 1;
		else
			char_put(t, *text);
	}
}

/* Writes a character as UTF-8; none for a code point that no text has. */
static void
code_put(struct text_out *t, unsigned long c)
{
	char	text[5] = "";

	if (c == 0xa0)
		c = ' ';
	if (c < ' ' || c == 0x7f || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return;
	if (c < 0x80)
		snprintf(text, sizeof(text), "%c", (int)c);
	else if (c < 0x800)
		snprintf(text, sizeof(text), "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		snprintf(text, sizeof(text), "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	else
		snprintf(text, sizeof(text), "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)), (int)(0x80 | (c >> 6 & 0x3f)),
		    (int)(0x80 | (c & 0x3f)));
	text_put(t, text);
}

/* Writes the character of an entity at p and returns where it ends; p if there is none that is known. */
static const char *
entity_put(struct text_out *t, const char *p)
{
	size_t		len = strcspn(p + 1, "; \t\r\n<&"), i;
	int		hex = p[1] == '#' && (p[2] == 'x' || p[2] == 'X');
	char		*end;
	unsigned long	code;

	if (len == 0 || len > ENTITY_MAX || p[1 + len] != ';')
		return (p);
	if (p[1] == '#' && isxdigit((unsigned char)p[2 + hex])) {
		code = strtoul(p + 2 + hex, &end, hex ? 16 : 10);
		if (end != p + 1 + len)
			return (p);
		code_put(t, code);
		return (end + 1);
	}
	for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		if (strlen(entities[i].name) == len && !strncmp(entities[i].name, p + 1, len)) {
			text_put(t, entities[i].text);
			return (p + len + 2);
		}
	}

	return (p);
}

/* Writes the character or entity at p and returns where it ends. */
static const char *
visible_put(struct text_out *t, const char *p)
{
	const char	*end;

	if (*p == '&' && (end = entity_put(t, p)) != p)
		return (end);
	if (t->pre && *p == '\n')
		t->lines++;
	else if (isspace((unsigned char)*p))
		t->blank = 1;
	else
		char_put(t, *p);

	return (p + 1);
}

/* Returns the end of the tag at p, behind its ">"; the end of the text if it has none. A ">" in a quoted value does not end it. */
static const char *
tag_end(const char *p)
{
	char	quote = '\0';

	for (p++; *p != '\0'; p++) {
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '>')
			return (p + 1);
		else if ((*p == '"' || *p == '\'') && p[-1] == '=')
			quote = *p;
	}

	return (p);
}

/* Returns the value of an attribute of the tag from p to end, *len bytes; NULL if it has none in quotes. */
static const char *
attribute(const char *p, const char *end, const char *name, size_t *len)
{
	const char	*close;
	size_t		n = strlen(name);

	for (; p + n + 2 < end; p++) {
		if (!isspace((unsigned char)*p) || strncasecmp(p + 1, name, n) || p[1 + n] != '=' || (p[2 + n] != '"' && p[2 + n] != '\''))
			continue;
		if ((close = memchr(p + 3 + n, p[2 + n], (size_t)(end - p) - n - 3)) == NULL)
			return (NULL);
		*len = (size_t)(close - p) - n - 3;
		return (p + 3 + n);
	}

	return (NULL);
}

/* Writes the value of an attribute with its entities. */
static void
value_put(struct text_out *t, const char *value, size_t len)
{
	const char	*end = value + len;

	while (value < end)
		value = visible_put(t, value);
}

static void
link_open(struct text_out *t, const char *p, const char *end)
{
	const char	*href;
	size_t		len;

	t->href[0] = '\0';
	if ((href = attribute(p, end, "href", &len)) == NULL || len >= sizeof(t->href) || len == 0 || *href == '#')
		return;
	memcpy(t->href, href, len);
	t->href[len] = '\0';
	fflush(t->out);
	t->link_at = t->len;
}

/* Writes the URL of the link unless it is its text. */
static void
link_close(struct text_out *t)
{
	const char	*text, *url = t->href + (strncasecmp(t->href, "mailto:", 7) ? 0 : 7);
	size_t		len;

	if (t->href[0] == '\0')
		return;
	fflush(t->out);
	for (text = t->text + t->link_at, len = t->len - t->link_at; len > 0 && isspace((unsigned char)*text); text++)
		len--;
	if (len == 0) {
		value_put(t, url, strlen(url));
	} else if (strlen(url) != len || memcmp(url, text, len) != 0) {
		t->blank = 1;
		char_put(t, '(');
		value_put(t, url, strlen(url));
		char_put(t, ')');
	}
	t->href[0] = '\0';
}

/* Returns where the element ends whose content is not shown: behind its closing tag. */
static const char *
hidden_skip(const char *p, const char *name)
{
	size_t	n = strlen(name);

	for (; *p != '\0'; p++) {
		if (p[0] == '<' && p[1] == '/' && !strncasecmp(p + 2, name, n) && !isalnum((unsigned char)p[2 + n]))
			return (tag_end(p));
	}

	return (p);
}

static void
item_open(struct text_out *t)
{
	lines_want(t, 1);
	char_put(t, '-');
	t->blank = 1;
}

static void
image_put(struct text_out *t, const char *p, const char *end)
{
	const char	*alt;
	size_t		len;

	if ((alt = attribute(p, end, "alt", &len)) != NULL)
		value_put(t, alt, len);
}

/* Writes what a tag means for the text. Returns where reading goes on. */
static const char *
tag_apply(struct text_out *t, enum effect effect, const char *name, const char *p, const char *end)
{
	int	closing = p[1] == '/';

	switch (effect) {
	case EFFECT_LINE:
		lines_want(t, 1);
		break;
	case EFFECT_PRE:
		t->pre = !closing;
		lines_want(t, 2);
		break;
	case EFFECT_PARAGRAPH:
		lines_want(t, 2);
		break;
	case EFFECT_CELL:
		t->blank = 1;
		break;
	case EFFECT_BREAK:
		t->lines += t->lines < 2;
		break;
	case EFFECT_RULE:
		lines_want(t, 1);
		text_put(t, "----");
		lines_want(t, 1);
		break;
	case EFFECT_ITEM:
		if (!closing)
			item_open(t);
		break;
	case EFFECT_LINK:
		link_close(t);
		if (!closing)
			link_open(t, p, end);
		break;
	case EFFECT_IMAGE:
		image_put(t, p, end);
		break;
	case EFFECT_HIDDEN:
		return (closing ? end : hidden_skip(end, name));
	}

	return (end);
}

/* Reads the tag or comment at p and returns where reading goes on. */
static const char *
tag_read(struct text_out *t, const char *p)
{
	const char	*end, *first = p + 1 + (p[1] == '/');
	char		name[TAG_NAME_MAX];
	size_t		i, n = 0;

	if (!strncmp(p, "<!--", 4))
		return ((end = strstr(p + 4, "-->")) != NULL ? end + 3 : p + strlen(p));
	if (!isalpha((unsigned char)*first) && p[1] != '!' && p[1] != '?' && p[1] != '/') {
		char_put(t, '<');
		return (p + 1);
	}
	end = tag_end(p);
	while (n + 1 < sizeof(name) && isalnum((unsigned char)first[n]))
		n++;
	snprintf(name, sizeof(name), "%.*s", (int)n, first);
	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (!strcasecmp(name, tags[i].name))
			return (tag_apply(t, tags[i].effect, name, p, end));
	}

	return (end);
}

char *
html_text(const char *html)
{
	struct text_out	t = { 0 };
	int		ok;

	if ((t.out = open_memstream(&t.text, &t.len)) == NULL)
		return (NULL);
	while (*html != '\0')
		html = *html == '<' ? tag_read(&t, html) : visible_put(&t, html);
	link_close(&t);
	if (t.begun)
		fputc('\n', t.out);
	ok = !ferror(t.out);
	if (fclose(t.out) != 0 || !ok) {
		free(t.text);
		return (NULL);
	}

	return (t.text);
}
