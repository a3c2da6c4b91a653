/*
 * Parses .env files.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env_file.h"

#define BYTES_MAX	1048576
#define BYTE_ORDER_MARK	"\xef\xbb\xbf"
#define NAME_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

/* Finds the closing quote; a backslash escapes a quote. Returns NULL if there is none. */
static char *
quote_end(char *from, char quote)
{
	for (; *from != '\0' && *from != quote; from++)
		from += from[0] == '\\' && from[1] == quote;

	return (*from == quote ? from : NULL);
}

static void
breaks_put(char *text)
{
	char	*out = text;

	for (; *text != '\0'; text++, out++) {
		*out = *text;
		if (text[0] == '\\' && (text[1] == 'n' || text[1] == 'r'))
			*out = *++text == 'n' ? '\n' : '\r';
	}
	*out = '\0';
}

/* Terminates the value at p in place. Returns the text after its line. */
static char *
value_cut(char *p, char **value)
{
	char	quote = *p == '"' || *p == '\'' || *p == '`' ? *p : '\0', *end;

	*value = p;
	if (quote != '\0' && (end = quote_end(p + 1, quote)) != NULL) {
		(*value)++;
		p = end + 1;
	} else {
		quote = '\0';
		p = end = p + strcspn(p, "#\r\n");
		while (end > *value && isspace((unsigned char)end[-1]))
			end--;
	}
	p += strcspn(p, "\r\n");
	p += *p != '\0';
	*end = '\0';
	if (quote == '"')
		breaks_put(*value);

	return (p);
}

/* Reads an entry of one or more lines. Returns the text after it. */
static char *
line_take(char *p, void (*set)(const char *, const char *))
{
	char	*name, *value, *end;

	if (!strncmp(p, "export", 6) && isblank((unsigned char)p[6]))
		p += 6 + strspn(p + 6, " \t");
	name = p;
	p += strspn(p, NAME_CHARS);
	end = p;
	p += strspn(p, " \t");
	if (end == name || *p != '=')
		return (p + strcspn(p, "\r\n"));
	p = value_cut(p + 1 + strspn(p + 1, " \t"), &value);
	*end = '\0';
	set(name, value);

	return (p);
}

int
envfile_read(const char *path, void (*set)(const char *, const char *))
{
	FILE	*fp = fopen(path, "r");
	char	*text, *p;
	size_t	len;
	int	ok = 0, error;

	if (fp == NULL)
		return (errno == ENOENT);
	if ((text = malloc(BYTES_MAX + 1)) != NULL) {
		len = fread(text, 1, BYTES_MAX, fp);
		text[len] = '\0';
		ok = !ferror(fp);
		error = errno;
		p = !strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) ? text + strlen(BYTE_ORDER_MARK) : text;
		for (; *(p += strspn(p, " \t\r\n")) != '\0';)
			p = line_take(p, set);
		explicit_bzero(text, len);
		free(text);
		errno = error;
	}
	fclose(fp);

	return (ok);
}
