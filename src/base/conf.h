/*
 * Configuration by environment. base/conf_vars.h lists every variable; the
 * parser, --help and docs/configure.md come from it.
 */
#ifndef WANZAMI_CONF_H
#define WANZAMI_CONF_H

#include <stdint.h>
#include <stdio.h>

enum conf_id {
#define CONF_VAR(n, ...)	CONF_##n,
#include "base/conf_vars.h"
#undef CONF_VAR
	CONF_COUNT
};

/*
 * Reads and checks the whole environment, once, before threads start; what it
 * lacks comes from a file .env in the working directory. Returns
 * NULL, or one line (static storage) that names the first bad variable, what
 * was wrong and what is allowed. An empty value counts as unset.
 */
const char	*conf_load(void);

/* The value as text, never NULL ("" when unset without default); valid for the life of the process. */
const char	*conf_str(enum conf_id);

/* Whether the variable stands in the environment but is empty, which a few of them tell from unset (docs/compatibility.md#empty-values). */
int		conf_is_blank(enum conf_id);

/* Overwrites a secret of the environment that is not needed any more, for /proc/PID/environ as well; from here on it is unset. */
void		conf_wipe(enum conf_id);

/* The value of a number or yes/no variable; seconds of a duration. */
int64_t		conf_int(enum conf_id);

/*
 * Whether the secrets may be used where they are: one line about what is
 * wrong with them (missing, built in, short, equal), or NULL. For processes
 * that check tokens; lenient with WANZAMI_ENV=development.
 */
const char	*conf_check_secrets(void);

/* Writes the table for people: as plain text, or as the Markdown of docs/configure.md. */
void		conf_print_help(FILE *);
void		conf_print_markdown(FILE *);

#endif
