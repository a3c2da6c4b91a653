/*
 * Rendering of the mail templates in assets/mail.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/conf.h"
#include "base/embed.h"
#include "net/html_text.h"
#include "net/mail_name.h"
#include "net/template.h"

#define NAME_MAX_LEN	32
#define SECTION_END	"{{/}}"
#define CAMPAIGN	"campaign"
#define TICKET		"ticket"
#define NAME_DEFAULT	"Subscriber"	/* greeting of a recipient without a name */

/* Values for the placeholders of a template. */
struct scope {
	const json_t	*vars;
	const char	*subject;	/* subject and content: for the layout only, else NULL */
	const char	*content;
	int		html;
	int		quoted;		/* inside a tag, where a quote would end an attribute */
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

/* Writes text of several lines; in HTML with <br/> between them. */
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

/* Percent-encodes like JavaScript's encodeURIComponent (docs/compatibility.md#mail-links). */
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

/* Returns a URL of the configuration and its length without a trailing slash. */
static const char *
origin(enum conf_id id, size_t *len)
{
	const char	*value = conf_str(id);

	*len = strlen(value);
	if (*len > 0 && value[*len - 1] == '/')
		(*len)--;

	return (value);
}

/* Returns the value of a variable; "" if it is missing or not a string. */
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

/* Writes the value of a placeholder; place holds the len bytes between the braces. */
static void
placeholder_fill(FILE *out, const struct scope *scope, const char *place, size_t len)
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

/* Returns where rendering continues after {{?name}}: directly behind it, or behind the next {{/}} if the variable is empty. */
static const char *
section_enter(const struct scope *scope, const char *place, const char *close, const char *end)
{
	const char	*p;
	char		name[NAME_MAX_LEN];
	size_t		len;

	snprintf(name, sizeof(name), "%.*s", (int)(close - place - 1), place + 1);
	(void)lookup(scope, name, &len);
	if (len == 0 && (p = memmem(close, (size_t)(end - close), SECTION_END, strlen(SECTION_END))) != NULL)
		return (p + strlen(SECTION_END));

	return (close + 2);
}

/* Returns 1 if p is inside an HTML tag. The templates contain ">" only at the end of a tag. */
static int
in_tag(const char *template, const char *p)
{
	while (p > template && p[-1] != '<' && p[-1] != '>')
		p--;

	return (p > template && p[-1] == '<');
}

/* Returns the template with its placeholders replaced, which the caller frees; NULL if out of memory. */
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
			p = section_enter(scope, open + 2, close, end);
			continue;
		}
		scope->quoted = in_tag(template, open);
		if (open[2] != '/')
			placeholder_fill(out, scope, open + 2, (size_t)(close - open - 2));
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

/* Replaces control characters, so that a subject is one line. */
static void
one_line(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}

static int
template_fill(struct mail_content *mail, const json_t *vars, const struct embed_file *txt, const struct embed_file *html)
{
	const struct embed_file	*layout = template_find("layout", "html");
	struct scope		scope = { .vars = vars };
	size_t			first = strcspn(txt->data, "\n");
	char			*inside;

	if ((mail->subject = fill(&scope, txt->data, first)) == NULL)
		return (0);
	one_line(mail->subject);
	first += strspn(txt->data + first, "\n");
	if ((mail->text = fill(&scope, txt->data + first, txt->len - first)) == NULL)
		return (0);

	scope.html = 1;
	if ((inside = fill(&scope, html->data, html->len)) == NULL)
		return (0);
	scope.subject = mail->subject;
	scope.content = inside;
	mail->html = fill(&scope, layout->data, layout->len);
	free(inside);

	return (mail->html != NULL);
}

/* Returns the length of {{ word }} at text; 0 if text begins with something else. */
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

/* Returns the HTML of a campaign with its placeholders replaced, which the caller frees; NULL if out of memory. */
static char *
campaign_html(const struct scope *scope, const char *html, const char *unsubscribe)
{
	const char	*p = html, *open, *name = json_string_value(json_object_get(scope->vars, "name"));
	size_t		n, len;
	char		*text = NULL;
	FILE		*out;
	int		ok;

	if ((out = open_memstream(&text, &len)) == NULL)
		return (NULL);
	while ((open = strstr(p, "{{")) != NULL) {
		fwrite(p, 1, (size_t)(open - p), out);
		p = open;
		if ((n = placeholder_len(open, "name")) > 0)
			put(out, scope, name != NULL ? name : NAME_DEFAULT, strlen(name != NULL ? name : NAME_DEFAULT));
		else if ((n = placeholder_len(open, "email")) > 0)
			put(out, scope, lookup(scope, "email", &len), strlen(lookup(scope, "email", &len)));
		else if ((n = placeholder_len(open, "unsubscribe")) > 0)
			put(out, scope, unsubscribe, strlen(unsubscribe));
		else
			fputc(*open, out);
		p += n > 0 ? n : 1;
	}
	fputs(p, out);
	ok = !ferror(out);
	if (fclose(out) != 0 || !ok) {
		free(text);
		return (NULL);
	}

	return (text);
}

/* Returns the text part of a campaign, which the caller frees: that of its HTML, and the URL unless it is in it. NULL if out of memory. */
static char *
campaign_text(const char *html, const char *unsubscribe)
{
	char	*text = html_text(html), *longer;

	if (text == NULL || *unsubscribe == '\0' || strstr(text, unsubscribe) != NULL)
		return (text);
	if (asprintf(&longer, "%s\n-- \nUnsubscribe: %s\n", text, unsubscribe) == -1)
		longer = NULL;
	free(text);

	return (longer);
}

static int
campaign_fill(struct mail_content *mail, const json_t *vars, const char *unsubscribe)
{
	struct scope	scope = { .vars = vars, .html = 1, .quoted = 1 };
	size_t		len;

	if ((mail->subject = strdup(lookup(&scope, "subject", &len))) == NULL)
		return (0);
	one_line(mail->subject);
	if ((mail->html = campaign_html(&scope, lookup(&scope, "html", &len), unsubscribe)) != NULL)
		mail->text = campaign_text(mail->html, unsubscribe);

	return (mail->text != NULL);
}

/* Makes the name of a person in the variables harmless, and takes the address that answers to a ticket go to. Returns 0 if out of memory. */
static int
people_take(struct mail_content *mail, const char *template, json_t *vars)
{
	const char	*given = json_string_value(json_object_get(vars, "name")), *email = json_string_value(json_object_get(vars, "email"));
	char		*name;
	int		ok;

	if (!strcmp(template, TICKET) && email != NULL && (mail->reply_to = strdup(email)) == NULL)
		return (0);
	if (given == NULL)
		return (1);
	if ((name = mail_name(given)) == NULL)
		return (0);
	ok = json_object_set_new(vars, "name", json_string(name)) == 0;
	free(name);

	return (ok);
}

enum template_result
template_render(const char *name, const char *vars, const char *unsubscribe, struct mail_content *mail, char *why, size_t len)
{
	const struct embed_file	*txt = template_find(name, "txt"), *html = template_find(name, "html");
	json_t			*object;
	int			ok;

	memset(mail, 0, sizeof(*mail));
	if (strcmp(name, CAMPAIGN) && (txt == NULL || html == NULL)) {
		snprintf(why, len, "no template \"%.32s\" in assets/mail", name);
		return (TEMPLATE_WRONG);
	}
	if ((object = json_loads(vars, JSON_DECODE_ANY, NULL)) != NULL && !json_is_object(object)) {
		snprintf(why, len, "the variables of the mail are not a JSON object");
		json_decref(object);
		return (TEMPLATE_WRONG);
	}

	ok = object != NULL && people_take(mail, name, object) && (strcmp(name, CAMPAIGN) ? template_fill(mail, object, txt, html) : campaign_fill(mail, object, unsubscribe));
	if (!ok)
		snprintf(why, len, "out of memory");
	json_decref(object);

	return (ok ? TEMPLATE_OK : TEMPLATE_NO_MEMORY);
}

void
mail_content_free(struct mail_content *mail)
{
	free(mail->subject);
	free(mail->text);
	free(mail->html);
	free(mail->reply_to);
	memset(mail, 0, sizeof(*mail));
}
