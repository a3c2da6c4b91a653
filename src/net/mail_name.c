/*
 * Copies a name character by character.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "net/mail_name.h"

#define ELLIPSIS	"…"

/* Returns 1 for blanks, control characters, and the line ends U+0085, U+2028 and U+2029. */
static int
is_space(const char *p, size_t len)
{
	return ((unsigned char)*p <= ' ' || *p == 0x7f || (len == 2 && !memcmp(p, "\xc2\x85", 2)) ||
	    (len == 3 && (!memcmp(p, "\xe2\x80\xa8", 3) || !memcmp(p, "\xe2\x80\xa9", 3))));
}

/* Returns 1 if a blank goes behind the dot at p: the word goes on. */
static int
dot_splits(const char *p, const char *end)
{
	return (*p == '.' && p + 1 < end && (unsigned char)p[1] > ' ' && strchr(".,;:!?)'\"", p[1]) == NULL);
}

/* Appends a character unless the name has as many as it may, after a blank if one is due. Returns the new end. */
static char *
character_put(char *out, size_t *count, int *blank, const char *p, size_t len)
{
	size_t	wanted = 1 + (size_t)(*blank && *count > 0);

	if (*count + wanted > MAIL_NAME_MAX) {
		*count = MAIL_NAME_MAX + 1;
		return (out);
	}
	if (wanted == 2)
		*out++ = ' ';
	memcpy(out, p, len);
	*count += wanted;
	*blank = 0;

	return (out + len);
}

/* Replaces what is behind the first MAIL_NAME_MAX - 1 characters of a name by an ellipsis. */
static char *
shorten(char *name, const char *end)
{
	char	*p = name;
	size_t	n = 0;

	while (p < end && n < MAIL_NAME_MAX - 1) {
		p += utf8_length(p, end);
		n++;
	}
	memcpy(p, ELLIPSIS, strlen(ELLIPSIS));

	return (p + strlen(ELLIPSIS));
}

char *
mail_name(const char *name)
{
	const char	*p, *end = name + strlen(name);
	size_t		count = 0, len;
	int		blank = 0;
	char		*copy, *out;

	if ((out = copy = malloc(MAIL_NAME_MAX * 4 + sizeof(ELLIPSIS))) == NULL)
		return (NULL);
	for (p = name; p < end && count <= MAIL_NAME_MAX; p += len) {
		len = utf8_length(p, end);
		len = len > 0 ? len : 1;
		if (is_space(p, len) || (len == 1 && (*p & 0x80))) {
			blank = 1;
			continue;
		}
		out = character_put(out, &count, &blank, p, len);
		if (!strncmp(p, "://", 3)) {
			len = 3;
			blank = 1;
		}
		if (dot_splits(p, end))
			blank = 1;
	}
	if (count > MAIL_NAME_MAX)
		out = shorten(copy, out);
	*out = '\0';

	return (copy);
}
