/*
 * Text embedding by feature hashing of words and word prefixes: texts that share
 * words get vectors with a high cosine similarity. Needs no model and is
 * independent of the language; less accurate than a trained model.
 */
#ifndef WANZAMI_TEXT_VECTOR_H
#define WANZAMI_TEXT_VECTOR_H

#include <stddef.h>

#define TEXTVECTOR_SIZE		256
#define TEXTVECTOR_MODEL	"wanzami-words-1"	/* change it whenever the result for a text changes */

/* Adds the words of a text with a weight to out, which must begin as zeros. Any thread. */
void	textvector_add(const char *text, float weight, float out[TEXTVECTOR_SIZE]);

/* Finishes a vector: takes square roots, so that repeated words count less each time, and scales it to length 1; without words it stays 0. Any thread. */
void	textvector_end(float out[TEXTVECTOR_SIZE]);

/* Scales a vector to length 1. Returns 0 if its length is 0 or not finite. Any thread. */
int	textvector_scale(float *v, size_t n);

#endif
