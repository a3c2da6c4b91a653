/*
 * Decoder of the chunked transfer coding: one state per place in the grammar.
 */
#include <string.h>

#include "base/hex.h"
#include "http/chunked.h"

#define SIZE_DIGITS	8	/* a longer size is above every limit */

enum { SIZE, BLANK, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, END_LF };

/* Reads a byte between the size of a chunk and its extension. Returns 0 if it is invalid. */
static int
size_end(struct chunked *d, char c)
{
	switch (c) {
	case '\r':
		d->state = SIZE_LF;
		return (1);
	case ';':
		d->state = EXTENSION;
		return (1);
	case ' ':
	case '\t':
		d->state = BLANK;
		return (++d->lines <= CHUNKED_LINES_MAX);
	default:
		return (0);
	}
}

/* Reads a byte of the line with the size of a chunk. Returns 0 if it is invalid. */
static int
size_byte(struct chunked *d, char c)
{
	int	digit = hex_digit(c);

	if (digit >= 0 && d->digits < SIZE_DIGITS) {
		d->left = d->left * 16 + (size_t)digit;
		d->digits++;
		return (1);
	}

	return (d->digits > 0 && size_end(d, c));
}

/* Reads a byte of an extension or of a trailer. Returns 0 if it is invalid, or if there are too many. */
static int
line_byte(struct chunked *d, char c, int next)
{
	if (c == '\r') {
		d->state = next;
		return (1);
	}
	d->line++;

	return (++d->lines <= CHUNKED_LINES_MAX && (c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f)));
}

/* Ends a line. Returns 0 if the byte is not LF. */
static int
line_end(struct chunked *d, char c, int next)
{
	d->state = next;
	d->line = 0;

	return (c == '\n');
}

/* Reads a byte between the data of two chunks. Returns 0 if it is invalid. */
static int
frame_byte(struct chunked *d, char c)
{
	switch (d->state) {
	case SIZE:
		return (size_byte(d, c));
	case BLANK:
		return (size_end(d, c));
	case EXTENSION:
		return (line_byte(d, c, SIZE_LF));
	case SIZE_LF:
		return (line_end(d, c, d->left > 0 ? DATA : TRAILER));
	case DATA_CR:
		d->state = DATA_LF;
		return (c == '\r');
	case DATA_LF:
		d->digits = 0;
		return (line_end(d, c, SIZE));
	case TRAILER:
		return (line_byte(d, c, d->line == 0 ? END_LF : TRAILER_LF));
	case TRAILER_LF:
		return (line_end(d, c, TRAILER));
	default:
		return (c == '\n');
	}
}

enum chunked_result
chunked_decode(struct chunked *d, char *data, size_t len, size_t *decoded, size_t *used)
{
	size_t	in, n;
	int	last;

	*decoded = 0;
	for (in = 0; in < len; in++) {
		if (d->state == DATA) {
			n = d->left < len - in ? d->left : len - in;
			memmove(data + *decoded, data + in, n);
			*decoded += n;
			in += n - 1;
			if ((d->left -= n) == 0)
				d->state = DATA_CR;
			continue;
		}
		last = d->state == END_LF;
		if (!frame_byte(d, data[in]))
			return (CHUNKED_INVALID);
		if (last) {
			*used = in + 1;
			return (CHUNKED_DONE);
		}
	}
	*used = len;

	return (CHUNKED_MORE);
}
