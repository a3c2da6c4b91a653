/*
 * Reads passwords from files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file_text.h"
#include "base/secret_file.h"

int
secret_file_read(enum conf_id id, char secret[SECRET_FILE_MAX], char *why, size_t why_len)
{
	const char	*path = conf_str(id), *wrong = NULL;
	ssize_t		n;

	secret[0] = '\0';
	if (*path == '\0')
		return (1);
	if ((n = file_text(path, secret, SECRET_FILE_MAX)) == -1)
		wrong = strerror(errno);
	if (wrong == NULL && n == SECRET_FILE_MAX - 1 && strpbrk(secret, "\r\n") == NULL)
		wrong = "the first line is too long for a password";
	secret[strcspn(secret, "\r\n")] = '\0';
	if (wrong == NULL && *secret == '\0')
		wrong = "the first line is empty";
	if (wrong == NULL)
		return (1);
	explicit_bzero(secret, SECRET_FILE_MAX);
	snprintf(why, why_len, "%s %.200s: %s", conf_name(id), path, wrong);

	return (0);
}
