/*
 * Prints .env for a shell.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env_file.h"
#include "env_print.h"

/* Prints one variable. In single quotes, only the single quote is special to a shell. */
static void
variable_print(const char *name, const char *value)
{
	if (isdigit((unsigned char)*name) || strpbrk(name, ".-") != NULL || getenv(name) != NULL)
		return;
	printf("export %s='", name);
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			printf("'\\''");
		else
			putchar(*value);
	}
	printf("'\n");
}

int
env_print(void)
{
	if (envfile_read(ENVFILE_NAME, variable_print))
		return (0);
	fprintf(stderr, "wanzami: " ENVFILE_NAME " in the working directory cannot be read: %s\n", strerror(errno));

	return (1);
}
