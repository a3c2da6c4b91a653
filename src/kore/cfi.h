/*
 * Where a function keeps what belongs to its caller: the call frame information
 * that the compiler writes to .eh_frame (DWARF 5 section 6.4, LSB Core section
 * 10.6). Of its registers only those that a stack walk needs are followed.
 */
#ifndef WANZAMI_CFI_H
#define WANZAMI_CFI_H

#include <stdint.h>

/* DWARF's numbers of the registers. */
#if defined(__x86_64__)
#define CFI_STACK_POINTER	7
#define CFI_FRAME_POINTER	6
#define CFI_RETURN_ADDRESS	16
#elif defined(__aarch64__)
#define CFI_STACK_POINTER	31
#define CFI_FRAME_POINTER	29
#define CFI_RETURN_ADDRESS	30
#endif

/* The CFA is the caller's stack pointer: this function's `base` (one of the first two) plus `offset`. */
struct cfi_frame {
	uint64_t	base;
	int64_t		offset;
	int		has_return, has_frame;		/* the two are in memory, at the CFA plus: */
	int64_t		return_at, frame_at;
};

/*
 * Finds the rules that hold at an address of the program's code. Returns 0 if
 * there are none, as in musl, whose functions are compiled without them.
 * Async-signal-safe.
 */
int	cfi_find(uintptr_t address, struct cfi_frame *out);

#endif
