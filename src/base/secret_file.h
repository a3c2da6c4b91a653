/*
 * Passwords in files, which a platform replaces while the process runs.
 */
#ifndef WANZAMI_SECRET_FILE_H
#define WANZAMI_SECRET_FILE_H

#include <stddef.h>

#include "base/conf.h"

#define SECRET_FILE_MAX	512	/* size of a buffer for the password, including its NUL */

/*
 * Reads the first line of the file that a variable of type CONF_PATH names, without
 * its line end. Writes "" and returns 1 if the variable is unset. Returns 0 with
 * one line in why, which names the variable and the path, if the file cannot be read or
 * the line is empty or too long. Nothing is kept, so that each call has the
 * present password; the caller overwrites it after use. Blocks; any thread.
 */
int	secret_file_read(enum conf_id, char secret[SECRET_FILE_MAX], char *why, size_t why_len);

#endif
