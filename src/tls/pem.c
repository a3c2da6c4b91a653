/*
 * Decodes base64 blocks between BEGIN and END. Wipes every buffer that may hold
 * a key before it is freed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/pem.h"

#define BEGIN	"-----BEGIN "
#define END	"-----END "
#define DASHES	"-----"

#define FILE_MIN	8192
#define FILE_MAX	(4 * 1024 * 1024)

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (c - '0' + 52);

	return (c == '+' ? 62 : c == '/' ? 63 : -1);
}

/* Skips blanks, line ends, and line ends written as \n and \r. */
static const char *
blanks_skip(const char *p, const char *end)
{
	while (p < end) {
		if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
			p++;
		else if (*p == '\\' && p + 1 < end && (p[1] == 'n' || p[1] == 'r'))
			p += 2;
		else
			break;
	}

	return (p);
}

/* Decodes base64. out has room for three bytes per four characters. */
static int
decode(const char *p, const char *end, uint8_t *out, size_t *len)
{
	uint32_t	bits = 0;
	size_t		n = 0, letters = 0, padding = 0;
	int		v;

	for (p = blanks_skip(p, end); p < end; p = blanks_skip(p + 1, end)) {
		if (*p == '=') {
			padding++;
			continue;
		}
		if ((v = value_of(*p)) < 0 || padding > 0)
			return (0);
		bits = bits << 6 | (uint32_t)v;
		if (++letters % 4 != 1)
			out[n++] = (uint8_t)(bits >> (letters % 4 == 2 ? 4 : letters % 4 == 3 ? 2 : 0));
	}
	*len = n;

	return ((letters + padding) % 4 == 0 && padding <= 2 && n > 0);
}

int
pem_next(const char **text, char label[PEM_LABEL_MAX], uint8_t **der, size_t *len)
{
	const char	*name, *body, *end, *after;
	size_t		name_len;

	if ((name = strstr(*text, BEGIN)) == NULL)
		return (0);
	name += strlen(BEGIN);
	if ((body = strstr(name, DASHES)) == NULL || (name_len = (size_t)(body - name)) >= PEM_LABEL_MAX)
		return (-1);
	memcpy(label, name, name_len);
	label[name_len] = '\0';
	body += strlen(DASHES);
	if ((end = strstr(body, END)) == NULL)
		return (-1);
	after = end + strlen(END);
	if (strncmp(after, label, name_len) || strncmp(after + name_len, DASHES, strlen(DASHES)))
		return (-1);
	*text = after + name_len + strlen(DASHES);
	if ((*der = malloc((size_t)(end - body) / 4 * 3 + 3)) == NULL)
		return (-1);
	if (!decode(body, end, *der, len)) {
		pem_free(*der, (size_t)(end - body) / 4 * 3 + 3);
		return (-1);
	}

	return (1);
}

void
pem_free(uint8_t *der, size_t len)
{
	if (der != NULL)
		explicit_bzero(der, len);
	free(der);
}

void
pem_text_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* Moves text into a new buffer of room bytes. realloc() would not wipe the old one. */
static char *
text_grow(char *text, size_t len, size_t room)
{
	char	*grown = NULL;

	if (room > FILE_MAX)
		errno = E2BIG;
	else
		grown = malloc(room);
	if (text != NULL) {
		if (grown != NULL)
			memcpy(grown, text, len);
		explicit_bzero(text, len);
		free(text);
	}

	return (grown);
}

/* Reads without stdio, whose buffer would keep a copy. */
static char *
text_read(int fd)
{
	char	*text = NULL;
	size_t	len = 0, room = 0;
	ssize_t	n;

	for (;;) {
		if (len + 1 >= room) {
			room = room == 0 ? FILE_MIN : room * 4;
			if ((text = text_grow(text, len, room)) == NULL)
				return (NULL);
		}
		if ((n = read(fd, text + len, room - len - 1)) < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	if (n < 0) {
		pem_text_free(text);
		return (NULL);
	}

	return (text);
}

char *
pem_file(const char *path)
{
	char	*text;
	int	fd, error;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (NULL);
	text = text_read(fd);
	error = errno;
	(void)close(fd);
	errno = error;

	return (text);
}
