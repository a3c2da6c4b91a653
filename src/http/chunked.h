/*
 * Decoder of the chunked transfer coding (RFC 9112 §7.1). It takes what the
 * grammar allows and nothing else, since another server that reads the same
 * bytes in another way would see other requests (RFC 9112 §11.2). Pure: any
 * thread.
 */
#ifndef WANZAMI_CHUNKED_H
#define WANZAMI_CHUNKED_H

#include <stddef.h>

#define CHUNKED_LINES_MAX	16384	/* bytes of chunk extensions and trailers of a body, all together */

/* All zero at the start of a body. */
struct chunked {
	int	state;
	int	digits;		/* of the current size */
	size_t	left;		/* size of the current chunk, then its bytes that have not arrived */
	size_t	lines;		/* bytes of extensions and trailers so far */
	size_t	line;		/* bytes of the current trailer line */
};

enum chunked_result { CHUNKED_MORE, CHUNKED_DONE, CHUNKED_INVALID };

/*
 * Decodes the next len bytes in place: the first *decoded bytes of data are then
 * bytes of the body. Trailers are dropped. CHUNKED_MORE: all bytes were used and
 * the body goes on. CHUNKED_DONE: the body ended after *used bytes.
 */
enum chunked_result	chunked_decode(struct chunked *, char *data, size_t len, size_t *decoded, size_t *used);

#endif
