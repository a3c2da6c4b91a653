/*
 * A vector for a text, such that texts which share words have vectors which
 * point the same way: feature hashing of words and their beginnings. It knows
 * no language and needs no model, and is no match for one that does.
 */
#ifndef WANZAMI_TEXT_VECTOR_H
#define WANZAMI_TEXT_VECTOR_H

#include <stddef.h>

#define TEXTVECTOR_SIZE		256
#define TEXTVECTOR_MODEL	"wanzami-words-1"	/* changes with what the function makes of a text */

/* Adds the words of a text, each with this weight; out begins as zeros. Any thread. */
void	textvector_add(const char *text, float weight, float out[TEXTVECTOR_SIZE]);

/* Ends it: a word said often counts for less each time, and the length becomes 1, or stays 0 for no words at all. */
void	textvector_end(float out[TEXTVECTOR_SIZE]);

/* The same for any vector: length 1, unless it is 0 or not finite, when it returns 0. */
int	textvector_scale(float *v, size_t n);

#endif
