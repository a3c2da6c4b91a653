/*
 * Reads small files.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file_text.h"

ssize_t
file_text(const char *path, char *text, size_t size)
{
	ssize_t	n = 0, total = 0;
	int	fd, error;

	text[0] = '\0';
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (-1);
	while ((size_t)total < size - 1 && ((n = read(fd, text + total, size - 1 - (size_t)total)) > 0 || (n == -1 && errno == EINTR)))
		total += n > 0 ? n : 0;
	error = errno;
	(void)close(fd);
	errno = error;
	text[n == -1 ? 0 : total] = '\0';

	return (n == -1 ? -1 : total);
}
