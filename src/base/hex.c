/*
 * Hexadecimal encoding.
 */
#include "base/hex.h"

void
hex_write(char *out, const void *bytes, size_t n)
{
	static const char	digits[] = "0123456789abcdef";
	const unsigned char	*b = bytes;
	size_t			i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
}

int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c = (char)(c | 0x20);

	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}
