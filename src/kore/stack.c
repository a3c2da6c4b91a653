/*
 * Walks the stack with the rules of kore/cfi.h. Where there are none, the next
 * word on the stack that points behind a call instruction is taken.
 */
#include <sys/auxv.h>
#include <sys/ucontext.h>

#include <string.h>

#include "kore/cfi.h"
#include "kore/stack.h"

#define STACK_BYTES	(8 * 1024 * 1024)	/* the first thread's stack is smaller; those of other threads are farther away */
#define CALL_MAX	7			/* length of the longest call instruction */
#define START_BYTES	64			/* length of the first function, which has no caller */

#if defined(UNSANDBOXED) && !defined(__SANITIZE_ADDRESS__)
#define SEARCHED	0	/* valgrind reports each word that nothing has been written to */
#else
#define SEARCHED	1
#endif

/* From the linker: where the program begins, and the end of its code; the first function. */
extern const char	__executable_start[], etext[], _start[];

static int
is_code(uintptr_t address)
{
	return (address > (uintptr_t)__executable_start + CALL_MAX && address < (uintptr_t)etext);
}

#if defined(__x86_64__)
/* Length of the instruction FF /2 (call through a register or memory) that begins here, or 0 if it is another one. */
static size_t
indirect_length(const unsigned char *at)
{
	int	mod = at[1] >> 6, rm = at[1] & 7;

	if (at[0] != 0xff || (at[1] >> 3 & 7) != 2)
		return (0);

	return ((size_t)(2 + (mod != 3 && rm == 4) + (mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 5) ? 4 : 0)));
}

/* Returns 1 if the instruction before the address is a call. */
static int
follows_call(uintptr_t address)
{
	const unsigned char	*at = (const unsigned char *)address;
	int32_t			offset;
	size_t			n;

	if (address == 0 || !is_code(address))
		return (0);
	memcpy(&offset, at - sizeof(offset), sizeof(offset));
	if (at[-5] == 0xe8 && is_code(address + (uintptr_t)(intptr_t)offset))
		return (1);
	for (n = 2; n <= CALL_MAX && indirect_length(at - n) != n; n++)
		;

	return (n <= CALL_MAX);
}
#elif defined(__aarch64__)
/* Returns 1 if the instruction before the address is BL or BLR. */
static int
follows_call(uintptr_t address)
{
	uint32_t	before;

	if (address % sizeof(before) != 0 || !is_code(address))
		return (0);
	memcpy(&before, (const char *)address - sizeof(before), sizeof(before));

	return ((before & 0xfc000000) == 0x94000000 || (before & 0xfffffc1f) == 0xd63f0000);
}
#else
#error "stack.c knows the call instructions of x86_64 and aarch64 only"
#endif

/* A function that is running, from the innermost outwards. */
struct place {
	uintptr_t	pc;	/* the instruction, or the last byte of the call that has not returned */
	uintptr_t	sp, fp;	/* its stack pointer and frame pointer */
	uintptr_t	link;	/* return address in a register: of the innermost function on some architectures; 0: none */
	uintptr_t	end;	/* of the stack */
};

/* No redzones: the stack is read across all variables. */
__attribute__((no_sanitize("address")))
static uintptr_t
word(const struct place *at, uintptr_t address)
{
	if (address < at->sp || address > at->end - sizeof(uintptr_t) || address % sizeof(uintptr_t) != 0)
		return (0);

	return (*(const uintptr_t *)address);
}

static int
returns_to(struct place *at, uintptr_t address, uintptr_t sp)
{
	if (!follows_call(address))
		return (0);
	at->pc = address - 1;
	at->sp = sp;
	at->link = 0;

	return (1);
}

/* Goes to the caller by the rules of the compiler. Returns 0 if there are none or they lead nowhere. */
static int
caller_find(struct place *at)
{
	struct cfi_frame	f;
	uintptr_t		cfa, fp = at->fp;

	if (!cfi_find(at->pc, &f))
		return (0);
	cfa = (f.base == CFI_STACK_POINTER ? at->sp : at->fp) + (uintptr_t)f.offset;
	if (cfa < at->sp || cfa > at->end)
		return (0);
	if (f.has_frame)
		fp = word(at, cfa + (uintptr_t)f.frame_at);
	if (!returns_to(at, f.has_return ? word(at, cfa + (uintptr_t)f.return_at) : at->link, cfa))
		return (0);
	at->fp = fp;

	return (1);
}

/* Goes to what is most likely the caller: the next word of the stack that is a return address. */
static int
caller_guess(struct place *at)
{
	uintptr_t	p;

	if (returns_to(at, at->link, at->sp))
		return (1);
	for (p = (at->sp + sizeof(p) - 1) & ~(sizeof(p) - 1); SEARCHED && p + sizeof(p) <= at->end; p += sizeof(p)) {
		if (returns_to(at, word(at, p), p + sizeof(p)))
			return (1);
	}

	return (0);
}

static void
place_begin(struct place *at, const mcontext_t *m)
{
#if defined(__x86_64__)
	at->pc = (uintptr_t)m->gregs[REG_RIP];
	at->sp = (uintptr_t)m->gregs[REG_RSP];
	at->fp = (uintptr_t)m->gregs[REG_RBP];
	at->link = 0;
#else
	at->pc = (uintptr_t)m->pc;
	at->sp = (uintptr_t)m->sp;
	at->fp = (uintptr_t)m->regs[CFI_FRAME_POINTER];
	at->link = (uintptr_t)m->regs[CFI_RETURN_ADDRESS];
#endif
	/* The kernel puts these bytes above the stack of the first thread. */
	at->end = (uintptr_t)getauxval(AT_RANDOM) & ~(sizeof(uintptr_t) - 1);
}

size_t
stack_read(const void *context, uintptr_t *out, size_t max)
{
	struct place	at;
	size_t		n = 0;

	place_begin(&at, &((const ucontext_t *)context)->uc_mcontext);
	if (is_code(at.pc) && n < max)
		out[n++] = at.pc - (uintptr_t)__executable_start;
	if (at.sp >= at.end || at.end - at.sp > STACK_BYTES)
		return (n);
	while (n < max && at.pc - (uintptr_t)_start >= START_BYTES && (caller_find(&at) || caller_guess(&at)))
		out[n++] = at.pc - (uintptr_t)__executable_start;

	return (n);
}
