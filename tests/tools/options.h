/*
 * What tools that connect to a server share: TOOL HOST PORT [OPTION=VALUE]…
 */
#ifndef TESTS_OPTIONS_H
#define TESTS_OPTIONS_H

#include <stdio.h>
#include <string.h>

/* As main() got them. */
static int	argc_all;
static char	**argv_all;

/* NULL when it is not given. */
static const char *
option(const char *name)
{
	size_t	n = strlen(name);
	int	i;

	for (i = 3; i < argc_all; i++) {
		if (!strncmp(argv_all[i], name, n) && argv_all[i][n] == '=')
			return (argv_all[i] + n + 1);
	}

	return (NULL);
}

static int
fail(const char *why)
{
	printf("error: %s\n", why);

	return (1);
}

#endif
