/*
 * Puts values into the templates of assets/mail.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/conf.h"
#include "base/embed.h"
#include "net/template.h"

#define NAME_MAX_LEN	32
#define PART_END	"{{/}}"
#define WRITTEN		"campaign"
#define NAMELESS	"Subscriber"	/* a recipient without a name */

/* What a place in a template may name. */
struct scope {
	const json_t	*vars;
	const char	*subject;	/* of the layout alone, as is content: both NULL elsewhere */
	const char	*content;
	int		html;
	int		quoted;		/* within a tag, where quotes end a value */
};

static void
put_escaped(FILE *out, char c, int quoted)
{
	if (!quoted && (c == '"' || c == '\'')) {
		fputc(c, out);
		return;
	}
	switch (c) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		fputc(c, out);
		break;
	}
}

static void
put(FILE *out, const struct scope *scope, const char *text, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		if (scope->html)
			put_escaped(out, text[i], scope->quoted);
		else
			fputc(text[i], out);
	}
}

/* A text of several lines: in HTML each ends with a break. */
static void
put_lines(FILE *out, const struct scope *scope, const char *text)
{
	size_t	len;

	for (;; text += len + 1) {
		len = strcspn(text, "\n");
		put(out, scope, text, len > 0 && text[len - 1] == '\r' ? len - 1 : len);
		if (text[len] == '\0')
			return;
		fputs(scope->html ? "<br/>" : "\n", out);
	}
}

/* As JavaScript's encodeURIComponent does it (docs/compatibility.md#mail-links). */
static void
put_uri(FILE *out, const struct scope *scope, const char *text)
{
	char	hex[4];

	for (; *text != '\0'; text++) {
		if (isalnum((unsigned char)*text) || strchr("-_.!~*'()", *text) != NULL) {
			put(out, scope, text, 1);
		} else {
			snprintf(hex, sizeof(hex), "%%%02X", (unsigned char)*text);
			put(out, scope, hex, 3);
		}
	}
}

/* An address from the configuration, without the slash at its end that is allowed there. */
static const char *
origin(enum conf_id id, size_t *len)
{
	const char	*value = conf_str(id);

	*len = strlen(value);
	if (*len > 0 && value[*len - 1] == '/')
		(*len)--;

	return (value);
}

/* The value of a variable; "" when it is absent or no text. */
static const char *
lookup(const struct scope *scope, const char *name, size_t *len)
{
	const char	*value;

	if (!strcmp(name, "APP_ORIGIN"))
		return (origin(CONF_APP_ORIGIN, len));
	if (!strcmp(name, "FRONTEND_URL"))
		return (origin(*conf_str(CONF_APP_ORIGIN) != '\0' ? CONF_APP_ORIGIN : CONF_FRONTEND_URL, len));
	if (!strcmp(name, "ADMIN_APP_ORIGIN"))
		return (origin(CONF_ADMIN_APP_ORIGIN, len));
	if (scope->subject != NULL && !strcmp(name, "subject"))
		value = scope->subject;
	else
		value = json_string_value(json_object_get(scope->vars, name));
	if (value == NULL)
		value = "";
	*len = strlen(value);

	return (value);
}

/* One {{place}}: len bytes between the braces. */
static void
place_fill(FILE *out, const struct scope *scope, const char *place, size_t len)
{
	const char	*value, *filter;
	char		name[NAME_MAX_LEN];
	size_t		name_len, value_len;

	filter = memchr(place, '|', len);
	name_len = filter != NULL ? (size_t)(filter - place) : len;
	snprintf(name, sizeof(name), "%.*s", (int)name_len, place);
	if (scope->content != NULL && !strcmp(name, "content")) {
		fputs(scope->content, out);
		return;
	}

	value = lookup(scope, name, &value_len);
	len -= filter != NULL ? name_len + 1 : len;
	if (filter != NULL && len == 3 && !strncmp(filter + 1, "uri", 3))
		put_uri(out, scope, value);
	else if (filter != NULL && len == 5 && !strncmp(filter + 1, "lines", 5))
		put_lines(out, scope, value);
	else if (filter != NULL && len > 5 && !strncmp(filter + 1, "else ", 5) && value_len == 0)
		put(out, scope, filter + 6, len - 5);
	else
		put(out, scope, value, value_len);
}

/* Where a template goes on behind {{?name}}: there, or behind the next {{/}} when the variable is empty. */
static const char *
part_enter(const struct scope *scope, const char *place, const char *close, const char *end)
{
	const char	*p;
	char		name[NAME_MAX_LEN];
	size_t		len;

	snprintf(name, sizeof(name), "%.*s", (int)(close - place - 1), place + 1);
	(void)lookup(scope, name, &len);
	if (len == 0 && (p = memmem(close, (size_t)(end - close), PART_END, strlen(PART_END))) != NULL)
		return (p + strlen(PART_END));

	return (close + 2);
}

/* Whether a template is within a tag at p. Ours have no > but those that end one. */
static int
in_tag(const char *template, const char *p)
{
	while (p > template && p[-1] != '<' && p[-1] != '>')
		p--;

	return (p > template && p[-1] == '<');
}

/* The whole of a template with its places filled; the caller frees it. NULL when memory is out. */
static char *
fill(struct scope *scope, const char *template, size_t template_len)
{
	const char	*p = template, *end = template + template_len, *open, *close;
	FILE		*out;
	char		*text = NULL;
	size_t		len;
	int		ok;

	if ((out = open_memstream(&text, &len)) == NULL)
		return (NULL);
	while ((open = memmem(p, (size_t)(end - p), "{{", 2)) != NULL &&
	    (close = memmem(open, (size_t)(end - open), "}}", 2)) != NULL) {
		fwrite(p, 1, (size_t)(open - p), out);
		if (open[2] == '?') {
			p = part_enter(scope, open + 2, close, end);
			continue;
		}
		scope->quoted = in_tag(template, open);
		if (open[2] != '/')
			place_fill(out, scope, open + 2, (size_t)(close - open - 2));
		p = close + 2;
	}
	fwrite(p, 1, (size_t)(end - p), out);
	ok = !ferror(out);
	if (fclose(out) != 0 || !ok) {
		free(text);
		return (NULL);
	}

	return (text);
}

static const struct embed_file *
template_find(const char *name, const char *suffix)
{
	char	path[96];

	snprintf(path, sizeof(path), "assets/mail/%.*s.%s", NAME_MAX_LEN, name, suffix);

	return (embed_find(path));
}

/* Whatever a value brought in, a subject stays one line. */
static void
one_line(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

static int
letter_fill(struct letter *l, const json_t *vars, const struct embed_file *txt, const struct embed_file *html)
{
	const struct embed_file	*layout = template_find("layout", "html");
	struct scope		scope = { .vars = vars };
	size_t			first = strcspn(txt->data, "\n");
	char			*inside;

	if ((l->subject = fill(&scope, txt->data, first)) == NULL)
		return (0);
	one_line(l->subject);
	first += strspn(txt->data + first, "\n");
	if ((l->text = fill(&scope, txt->data + first, txt->len - first)) == NULL)
		return (0);

	scope.html = 1;
	if ((inside = fill(&scope, html->data, html->len)) == NULL)
		return (0);
	scope.subject = l->subject;
	scope.content = inside;
	l->html = fill(&scope, layout->data, layout->len);
	free(inside);

	return (l->html != NULL);
}

/* The length of {{ word }} at text, 0 when it is something else. */
static size_t
placeholder_len(const char *text, const char *word)
{
	const char	*p = text + 2 + strspn(text + 2, " \t\r\n\f\v");

	if (strncasecmp(p, word, strlen(word)))
		return (0);
	p += strlen(word);
	p += strspn(p, " \t\r\n\f\v");

	return (strncmp(p, "}}", 2) ? 0 : (size_t)(p + 2 - text));
}

/* The caller frees it; NULL when memory is out. */
static char *
written_fill(const struct scope *scope, const char *html)
{
	const char	*p = html, *open, *name = json_string_value(json_object_get(scope->vars, "name"));
	size_t		n, len;
	char		*text = NULL;
	FILE		*out;

	if ((out = open_memstream(&text, &len)) == NULL)
		return (NULL);
	while ((open = strstr(p, "{{")) != NULL) {
		fwrite(p, 1, (size_t)(open - p), out);
		p = open;
		if ((n = placeholder_len(open, "name")) > 0)
			put(out, scope, name != NULL ? name : NAMELESS, strlen(name != NULL ? name : NAMELESS));
		else if ((n = placeholder_len(open, "email")) > 0)
			put(out, scope, lookup(scope, "email", &len), strlen(lookup(scope, "email", &len)));
		else
			fputc(*open, out);
		p += n > 0 ? n : 1;
	}
	fputs(p, out);
	if (fclose(out) != 0) {
		free(text);
		return (NULL);
	}

	return (text);
}

static int
letter_write(struct letter *l, const json_t *vars)
{
	struct scope	scope = { .vars = vars, .html = 1, .quoted = 1 };
	size_t		len;

	if ((l->subject = strdup(lookup(&scope, "subject", &len))) == NULL)
		return (0);
	one_line(l->subject);
	l->html = written_fill(&scope, lookup(&scope, "html", &len));

	return (l->html != NULL);
}

int
template_render(const char *name, const char *vars, struct letter *l, char *why, size_t len)
{
	const struct embed_file	*txt = template_find(name, "txt"), *html = template_find(name, "html");
	json_error_t		error;
	json_t			*object;
	int			ok;

	memset(l, 0, sizeof(*l));
	if (strcmp(name, WRITTEN) && (txt == NULL || html == NULL)) {
		snprintf(why, len, "there is no template \"%.32s\"", name);
		return (0);
	}
	if ((object = json_loads(vars, 0, &error)) == NULL || !json_is_object(object)) {
		snprintf(why, len, "the variables are no object");
		json_decref(object);
		return (0);
	}

	if (!(ok = strcmp(name, WRITTEN) ? letter_fill(l, object, txt, html) : letter_write(l, object)))
		snprintf(why, len, "out of memory");
	json_decref(object);

	return (ok);
}

void
letter_free(struct letter *l)
{
	free(l->subject);
	free(l->text);
	free(l->html);
	memset(l, 0, sizeof(*l));
}
