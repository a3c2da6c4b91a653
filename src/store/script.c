/*
 * Cuts a file of SQL into its statements.
 */
#include <string.h>

#include "store/script.h"

char *
script_next(const char **text)
{
	const char	*p, *from = *text + strspn(*text, " \t\n");

	if (*from == '\0')
		return (NULL);
	for (p = from; *p != '\0' && strncmp(p, ";\n", 2) && strcmp(p, ";"); p++)
		;
	*text = *p == '\0' ? p : p + 1;

	return (strndup(from, (size_t)(p - from)));
}
