/*
 * DER reader (X.690) for untrusted input, one element at a time. Nothing is
 * copied; each slice points into the input.
 */
#ifndef WANZAMI_DER_H
#define WANZAMI_DER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DER_BOOLEAN	0x01
#define DER_INTEGER	0x02
#define DER_BITS	0x03
#define DER_OCTETS	0x04
#define DER_OID		0x06
#define DER_UTCTIME	0x17
#define DER_GENTIME	0x18
#define DER_SEQUENCE	0x30
#define DER_SET		0x31
#define DER_CONTEXT(n)	(0x80 | (n))	/* implicit, primitive */
#define DER_EXPLICIT(n)	(0xa0 | (n))	/* constructed */

struct der {
	const uint8_t	*p;
	size_t		len;
};

/* Reads the next element and advances in. whole (unless NULL) gets the element with its header. Returns 0 at the end or if it is not DER. */
static inline int
der_next(struct der *in, uint8_t *tag, struct der *content, struct der *whole)
{
	size_t	head = 2, len, n;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f)
		return (0);
	if ((len = in->p[1]) >= 0x80) {
		if ((n = len & 0x7f) == 0 || n > 4 || in->len < 2 + n)
			return (0);
		for (len = 0; head < 2 + n; head++)
			len = len << 8 | in->p[head];
		if (len < 0x80 || (n > 1 && len >> 8 * (n - 1) == 0))
			return (0);
	}
	if (len > in->len - head)
		return (0);
	*tag = in->p[0];
	*content = (struct der){ in->p + head, len };
	if (whole != NULL)
		*whole = (struct der){ in->p, head + len };
	in->p += head + len;
	in->len -= head + len;

	return (1);
}

/* Reads the next element if it has this tag. Otherwise returns 0 and leaves in unchanged. */
static inline int
der_take(struct der *in, uint8_t wanted, struct der *content)
{
	struct der	rest = *in;
	uint8_t		tag;

	if (!der_next(&rest, &tag, content, NULL) || tag != wanted)
		return (0);
	*in = rest;

	return (1);
}

static inline int
der_is(struct der a, const void *bytes, size_t len)
{
	return (a.len == len && !memcmp(a.p, bytes, len));
}

static inline int
der_same(struct der a, struct der b)
{
	return (der_is(a, b.p, b.len));
}

#endif
