/*
 * The calls in progress at the moment at which a signal arrived.
 */
#ifndef WANZAMI_STACK_H
#define WANZAMI_STACK_H

#include <stddef.h>
#include <stdint.h>

#define STACK_MAX	64

/*
 * Writes the address of the interrupted instruction, and then those of the calls
 * that have not returned, innermost first, as addresses in the file, for
 * addr2line(1). The callers of musl's functions are guessed: a wrong one can
 * stand between two right ones. context: the third argument of a signal handler
 * (SA_SIGINFO). On any thread but the first there is the instruction only.
 * Returns how many were written, at most max. Async-signal-safe.
 */
size_t	stack_read(const void *context, uintptr_t *out, size_t max);

#endif
