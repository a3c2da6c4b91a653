/*
 * Hashes each word (FNV-1a) to a dimension and a sign. The sign makes collisions
 * cancel out on average.
 */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/text_vector.h"

#define WORD_MIN	3	/* letters; shorter words are ignored */
#define WORD_MAX	48
#define PREFIX_LENGTH	5	/* letters; makes "trader" and "trading" similar */

static const char	*common[] = { "and", "are", "but", "for", "from", "her", "him", "his", "into", "its", "not", "one", "she", "that", "the",
			    "their", "them", "they", "this", "two", "was", "when", "where", "who", "whose", "with", "you", "your" };

static uint32_t
hash(const char *text, size_t len)
{
	uint32_t	h = 2166136261u;

	while (len-- > 0)
		h = (h ^ (unsigned char)*text++) * 16777619u;

	return (h ^ h >> 15);
}

static void
feature_add(const char *text, size_t len, float weight, float *out)
{
	uint32_t	h = hash(text, len);

	out[h % TEXTVECTOR_SIZE] += (h & 0x80000000u) ? -weight : weight;
}

static int
is_common(const char *word, size_t len)
{
	size_t	i;

	for (i = 0; i < sizeof(common) / sizeof(*common); i++) {
		if (strlen(common[i]) == len && !memcmp(common[i], word, len))
			return (1);
	}

	return (0);
}

static void
word_add(const char *word, size_t len, float weight, float *out)
{
	if (len < WORD_MIN || is_common(word, len))
		return;
	feature_add(word, len, weight, out);
	if (len > PREFIX_LENGTH)
		feature_add(word, PREFIX_LENGTH, weight / 2, out);
}

/* Bytes above 127 (UTF-8) count as letters; only ASCII is lower-cased. */
void
textvector_add(const char *text, float weight, float out[TEXTVECTOR_SIZE])
{
	char	word[WORD_MAX];
	size_t	len = 0;

	for (;; text++) {
		if (isalnum((unsigned char)*text) || (unsigned char)*text > 127) {
			if (len < sizeof(word))
				word[len++] = (char)tolower((unsigned char)*text);
			continue;
		}
		word_add(word, len, weight, out);
		len = 0;
		if (*text == '\0')
			break;
	}
}

void
textvector_end(float out[TEXTVECTOR_SIZE])
{
	size_t	i;

	for (i = 0; i < TEXTVECTOR_SIZE; i++)
		out[i] = copysignf(sqrtf(fabsf(out[i])), out[i]);
	(void)textvector_scale(out, TEXTVECTOR_SIZE);
}

int
textvector_scale(float *v, size_t n)
{
	double	length = 0;
	size_t	i;

	for (i = 0; i < n; i++)
		length += (double)v[i] * v[i];
	length = sqrt(length);
	if (!isfinite(length) || length == 0)
		return (0);
	for (i = 0; i < n; i++)
		v[i] = (float)(v[i] / length);

	return (1);
}
