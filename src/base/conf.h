/*
 * Configuration from environment variables. base/conf_vars.h lists them; the
 * parser, --help and docs/configure.md are generated from it.
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
 * Reads and checks all variables; call once, before threads start. A variable
 * that the environment lacks is read from the file .env in the working
 * directory. Returns NULL, or one line (static storage) that names the first
 * bad variable, its value and the allowed values. An empty value counts as
 * unset.
 */
const char	*conf_load(void);

/*
 * Returns a phrase (static storage) about what is hard to see in the value as it
 * was given: "has a carriage return (CR)"; NULL if there is nothing. Also after
 * an error of conf_load().
 */
const char	*conf_hidden(enum conf_id);

/* Returns the name of the variable. */
const char	*conf_name(enum conf_id);

/* Returns the value as text, "" if it is unset and has no default; valid for the life of the process. Paths are absolute. */
const char	*conf_str(enum conf_id);

/* Returns 1 if the variable is set but empty or blank; a few variables distinguish this from unset (docs/compatibility.md#empty-values). */
int		conf_is_blank(enum conf_id);

/* Overwrites a secret in the environment, and so in /proc/PID/environ. Its value is "" afterwards. */
void		conf_wipe(enum conf_id);

/* Returns the value of a number or yes/no variable, or the seconds of a duration. */
int64_t		conf_int(enum conf_id);

/*
 * Checks the token secrets. Returns NULL, or one line (static storage) if one is
 * missing, the built-in default or too short, or if two are equal. Previous
 * secrets may be missing and short. For
 * processes that verify tokens. Always NULL with WANZAMI_ENV=development.
 */
const char	*conf_check_secrets(void);

/* Print the table: as the text of --help, or as the Markdown of docs/configure.md. */
void		conf_print_help(FILE *);
void		conf_print_markdown(FILE *);

#endif
