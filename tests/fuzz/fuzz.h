/*
 * What the programs for libFuzzer share. Each states what must hold for any
 * input; the sanitizers watch the rest.
 */
#ifndef WANZAMI_TESTS_FUZZ_H
#define WANZAMI_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>


int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define MUST(what)	((what) ? (void)0 : (fprintf(stderr, "%s:%d: this must hold: %s\n", __FILE__, __LINE__, #what), abort()))

/* Defines the function that libFuzzer calls once before the first input. */
#define FUZZ_BEGIN(statement)				\
int							\
LLVMFuzzerInitialize(int *argc, char ***argv)		\
{							\
	(void)argc;					\
	(void)argv;					\
	statement;					\
							\
	return (0);					\
}

/* The input as a text without NUL in a block of its own, so that reading behind it is seen; the caller frees it. */
static inline char *
text_of(const uint8_t *data, size_t len)
{
	char	*text = malloc(len + 1);

	memcpy(text, data, len);
	text[len] = '\0';

	return (text);
}

#endif
