/*
 * Random bytes from getrandom(2), as bytes, hexadecimal digits or UUIDs.
 */
#include <sys/random.h>

#include <stdio.h>

#include <kore/kore.h>

#include "base/hex.h"
#include "base/random.h"

#define WHOLE_MAX	256	/* getrandom(2) is not interrupted up to this size */

void
random_bytes(void *out, size_t n)
{
	if (n > WHOLE_MAX || getrandom(out, n, 0) != (ssize_t)n)
		fatal("getrandom: %s", errno_s);
}

void
random_hex(char *out, size_t n)
{
	unsigned char	bytes[WHOLE_MAX];

	random_bytes(bytes, n);
	hex_write(out, bytes, n);
}

void
random_uuid(char out[RANDOM_UUID_MAX])
{
	unsigned char	b[16];
	char		h[2 * sizeof(b) + 1];

	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	hex_write(h, b, sizeof(b));
	snprintf(out, RANDOM_UUID_MAX, "%.8s-%.4s-%.4s-%.4s-%s", h, h + 8, h + 12, h + 16, h + 20);
}
