/*
 * The decoder of chunked bodies: the result does not depend on where the input is cut, and is never longer than the input.
 */
#include "fuzz.h"

#include "http/chunked.h"

/* Decodes in steps; returns the result and sets the body and its length. */
static enum chunked_result
decode(const uint8_t *data, size_t len, size_t step, char *body, size_t *body_len, size_t *end)
{
	struct chunked		d = { 0 };
	enum chunked_result	result = CHUNKED_MORE;
	char			*piece = malloc(len + 1);
	size_t			at, n, decoded, used;

	*body_len = 0;
	*end = 0;
	for (at = 0; at < len && result == CHUNKED_MORE; at += n) {
		n = step < len - at ? step : len - at;
		memcpy(piece, data + at, n);
		used = 0;
		result = chunked_decode(&d, piece, n, &decoded, &used);
		if (result == CHUNKED_INVALID)
			break;
		MUST(decoded <= n && used <= n);
		memcpy(body + *body_len, piece, decoded);
		*body_len += decoded;
		*end = at + used;
	}
	free(piece);

	return (result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char			*whole = malloc(len + 1), *cut = malloc(len + 1);
	size_t			whole_len, cut_len, end, cut_end, step = len > 0 ? data[0] % 7 + 1 : 1;
	enum chunked_result	result = decode(data, len, len, whole, &whole_len, &end);

	MUST(decode(data, len, step, cut, &cut_len, &cut_end) == result);
	if (result != CHUNKED_INVALID)
		MUST(whole_len == cut_len && end == cut_end && memcmp(whole, cut, whole_len) == 0);
	free(whole);
	free(cut);

	return (0);
}
