/*
 * Blocks of base64 between BEGIN and END.
 */
#include <stdlib.h>
#include <string.h>

#include "tls/pem.h"

#define BEGIN	"-----BEGIN "
#define END	"-----END "
#define DASHES	"-----"

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

/* Blanks, line ends, and line ends written as \n and \r. */
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

/* out has room for three bytes of every four letters. */
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
