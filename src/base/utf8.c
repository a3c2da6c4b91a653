/*
 * UTF-8 validation.
 */
#include "base/utf8.h"

size_t
utf8_length(const char *text, const char *end)
{
	const unsigned char	*p = (const unsigned char *)text;
	size_t			i, n;

	if (*p < 0x80)
		return (1);
	n = *p >= 0xc2 && *p <= 0xdf ? 2 : (*p & 0xf0) == 0xe0 ? 3 : *p >= 0xf0 && *p <= 0xf4 ? 4 : 0;
	if (n == 0 || (size_t)(end - text) < n)
		return (0);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	}
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return (0);

	return (n);
}

int
utf8_ok(const char *text, size_t len)
{
	const char	*p, *end = text + len;
	size_t		n;

	for (p = text; p < end; p += n) {
		if ((n = utf8_length(p, end)) == 0)
			return (0);
	}

	return (1);
}
