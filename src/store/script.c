/*
 * Cuts a file of SQL into its statements.
 */
#include <string.h>

#include "store/script.h"

/* Skips blanks and comment lines: a comment may hold a semicolon or the name of a parameter. */
static const char *
comments_skip(const char *p)
{
	for (p += strspn(p, " \t\n"); !strncmp(p, "--", 2); p += strspn(p, " \t\n"))
		p += strcspn(p, "\n");

	return (p);
}

char *
script_next(const char **text)
{
	const char	*p, *from = comments_skip(*text);

	if (*from == '\0')
		return (NULL);
	for (p = strchrnul(from, ';'); *p != '\0' && p[1] != '\n' && p[1] != '\0'; p = strchrnul(p + 1, ';'))
		;
	*text = *p == '\0' ? p : p + 1;

	return (strndup(from, (size_t)(p - from)));
}
