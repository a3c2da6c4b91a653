/*
 * Parser for .env files: lines of NAME=value.
 */
#ifndef WANZAMI_ENV_FILE_H
#define WANZAMI_ENV_FILE_H

#define ENVFILE_NAME	".env"	/* in the working directory */

/*
 * Calls set for each NAME=value of a file, in order, with the syntax of the old
 * service's .env (docs/compatibility.md#environment-file): a leading "export "
 * is ignored, as is a byte order mark at the beginning of the file; # begins a
 * comment; a quoted value may contain # and line ends; \n in a "" value is a line
 * end. Other lines are ignored, and a missing file counts as empty. name and value
 * are valid during the call only. Returns 0 with errno set if the file exists and
 * cannot be read. Call before threads start.
 */
int	envfile_read(const char *path, void (*set)(const char *name, const char *value));

#endif
