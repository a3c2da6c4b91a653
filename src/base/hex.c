/*
 * Lower-case hexadecimal encoding.
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
