/*
 * A growing buffer, and boxes in it (ISO/IEC 14496-12 §4.2).
 */
#include <stdlib.h>
#include <string.h>

#include "media/mp4.h"

/* Returns the place of `len` new bytes, NULL if out of memory. */
static uint8_t *
grow(struct mp4_bytes *b, size_t len)
{
	uint8_t	*grown;
	size_t	size;

	if (b->failed)
		return (NULL);
	if (b->len + len > b->size) {
		size = (b->len + len) * 3 / 2 + 4096;
		if ((grown = realloc(b->data, size)) == NULL) {
			b->failed = 1;
			return (NULL);
		}
		b->data = grown;
		b->size = size;
	}
	b->len += len;

	return (b->data + b->len - len);
}

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void
mp4_add(struct mp4_bytes *b, const void *data, size_t len)
{
	uint8_t	*p;

	if (len > 0 && (p = grow(b, len)) != NULL)
		memcpy(p, data, len);
}

void
mp4_zeros(struct mp4_bytes *b, size_t len)
{
	uint8_t	*p;

	if (len > 0 && (p = grow(b, len)) != NULL)
		memset(p, 0, len);
}

void
mp4_u8(struct mp4_bytes *b, unsigned v)
{
	uint8_t	*p;

	if ((p = grow(b, 1)) != NULL)
		*p = (uint8_t)v;
}

void
mp4_u16(struct mp4_bytes *b, unsigned v)
{
	mp4_u8(b, v >> 8);
	mp4_u8(b, v);
}

void
mp4_u32(struct mp4_bytes *b, uint32_t v)
{
	uint8_t	*p;

	if ((p = grow(b, 4)) != NULL)
		put32(p, v);
}

void
mp4_u64(struct mp4_bytes *b, uint64_t v)
{
	mp4_u32(b, (uint32_t)(v >> 32));
	mp4_u32(b, (uint32_t)v);
}

void
mp4_set32(struct mp4_bytes *b, size_t at, uint32_t v)
{
	if (!b->failed)
		put32(b->data + at, v);
}

void
mp4_free(struct mp4_bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

size_t
mp4_begin(struct mp4_bytes *b, const char *type)
{
	size_t	place = b->len;

	mp4_u32(b, 0);
	mp4_add(b, type, 4);

	return (place);
}

size_t
mp4_begin_full(struct mp4_bytes *b, const char *type, unsigned version, uint32_t flags)
{
	size_t	place = mp4_begin(b, type);

	mp4_u32(b, (uint32_t)version << 24 | flags);

	return (place);
}

void
mp4_end(struct mp4_bytes *b, size_t place)
{
	mp4_set32(b, place, (uint32_t)(b->len - place));
}
