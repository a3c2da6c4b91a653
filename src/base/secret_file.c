/*
 * Reads passwords from files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret_file.h"

/* Reads until the end of the file or of the buffer. Returns the number of bytes, -1 with errno set on an error. */
static ssize_t
bytes_read(const char *path, char *to, size_t size)
{
	ssize_t	n = 0, total = 0;
	int	fd, error;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (-1);
	while ((size_t)total < size && ((n = read(fd, to + total, size - (size_t)total)) > 0 || (n == -1 && errno == EINTR)))
		total += n > 0 ? n : 0;
	error = errno;
	(void)close(fd);
	errno = error;

	return (n == -1 ? -1 : total);
}

int
secret_file_read(enum conf_id id, char secret[SECRET_FILE_MAX], char *why, size_t why_len)
{
	const char	*path = conf_str(id), *wrong = NULL;
	ssize_t		n;

	secret[0] = '\0';
	if (*path == '\0')
		return (1);
	if ((n = bytes_read(path, secret, SECRET_FILE_MAX - 1)) == -1)
		wrong = strerror(errno);
	secret[n > 0 ? n : 0] = '\0';
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
