/*
 * Finds a function's entry (FDE) with the sorted table of .eh_frame_hdr and
 * runs its instructions up to the address.
 */
#include <elf.h>
#include <link.h>
#include <string.h>

#include "kore/cfi.h"

#define ENCODINGS	"\x01\x1b\x03\x3b"	/* the only form of .eh_frame_hdr that GNU ld writes: version, encodings of pointers, count, table */
#define CODE_ENCODING	0x1b			/* of the addresses in an FDE: relative to themselves, 4 bytes */
#define REMEMBERED_MAX	8

enum {
	/* The two high bits, with an operand in the others. */
	CFA_ADVANCE_LOC = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,
	CFA_NOP = 0, CFA_ADVANCE_LOC1 = 2, CFA_ADVANCE_LOC2, CFA_ADVANCE_LOC4, CFA_OFFSET_EXTENDED, CFA_RESTORE_EXTENDED, CFA_UNDEFINED,
	CFA_SAME_VALUE, CFA_REMEMBER_STATE = 0x0a, CFA_RESTORE_STATE, CFA_DEF_CFA, CFA_DEF_CFA_REGISTER, CFA_DEF_CFA_OFFSET,
	CFA_EXPRESSION = 0x10, CFA_NEGATE_RA_STATE = 0x2d, CFA_GNU_ARGS_SIZE
};

struct table_entry {
	int32_t	start, fde;	/* relative to the header */
};

/* A run of instructions. */
struct run {
	const unsigned char	*p, *end;
	uintptr_t		at, wanted;	/* the rules hold from `at` on */
	uint64_t		code_align;
	int64_t			data_align;
	int			failed;
	struct cfi_frame	rules, initial, remembered[REMEMBERED_MAX];
	int			depth;
};

extern const ElfW(Ehdr)	__ehdr_start __attribute__((visibility("hidden")));

static const unsigned char *
header_find(void)
{
	const char		*base = (const char *)&__ehdr_start;
	const ElfW(Phdr)	*ph = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
	int			i;

	for (i = 0; i < __ehdr_start.e_phnum; i++) {
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			return ((const unsigned char *)base + ph[i].p_vaddr);
	}

	return (NULL);
}

static uint32_t
fixed(const unsigned char *p, size_t len)
{
	uint32_t	n = 0;

	memcpy(&n, p, len);	/* little-endian */

	return (n);
}

static uint64_t
uleb(struct run *r)
{
	uint64_t	n = 0;
	unsigned	shift = 0;

	do {
		n |= (uint64_t)(*r->p & 0x7f) << shift;
		shift += 7;
	} while (*r->p++ & 0x80 && shift < 63);

	return (n);
}

static int64_t
sleb(struct run *r)
{
	const unsigned char	*begin = r->p;
	uint64_t		n = uleb(r);
	unsigned		bits = 7 * (unsigned)(r->p - begin);

	return (bits < 64 && r->p[-1] & 0x40 ? (int64_t)(n | ~UINT64_C(0) << bits) : (int64_t)n);
}

/* Returns the last FDE that begins at or before the address, or NULL. */
static const unsigned char *
fde_find(uintptr_t address)
{
	const unsigned char	*header = header_find();
	struct table_entry	e;
	uint32_t		low = 0, high, middle;

	if (header == NULL || memcmp(header, ENCODINGS, 4))
		return (NULL);
	for (high = fixed(header + 8, 4); low < high; ) {
		middle = low + (high - low) / 2;
		memcpy(&e, header + 12 + middle * sizeof(e), sizeof(e));
		if ((uintptr_t)header + (uintptr_t)(intptr_t)e.start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (NULL);
	memcpy(&e, header + 12 + (low - 1) * sizeof(e), sizeof(e));

	return (header + e.fde);
}

static void
advance(struct run *r, uint64_t delta)
{
	r->at += delta * r->code_align;
	if (r->at > r->wanted)
		r->p = r->end;
}

static void
rule_set(struct run *r, uint64_t number, int saved, int64_t at)
{
	if (number == CFI_RETURN_ADDRESS) {
		r->rules.has_return = saved;
		r->rules.return_at = at;
	} else if (number == CFI_FRAME_POINTER) {
		r->rules.has_frame = saved;
		r->rules.frame_at = at;
	}
}

static void
rule_restore(struct run *r, uint64_t number)
{
	if (number == CFI_RETURN_ADDRESS)
		rule_set(r, number, r->initial.has_return, r->initial.return_at);
	else
		rule_set(r, number, r->initial.has_frame, r->initial.frame_at);
}

static void
state_remember(struct run *r)
{
	if (r->depth == REMEMBERED_MAX)
		r->failed = 1;
	else
		r->remembered[r->depth++] = r->rules;
}

static void
state_restore(struct run *r)
{
	if (r->depth == 0)
		r->failed = 1;
	else
		r->rules = r->remembered[--r->depth];
}

/* A rule that is computed: the register is not followed any further. */
static void
expression_skip(struct run *r, uint64_t number)
{
	uint64_t	len = uleb(r);

	r->p += len;
	rule_set(r, number, 0, 0);
}

/* An instruction without operand in its code. */
static void
instruction(struct run *r, int code)
{
	uint64_t	number;

	switch (code) {
	case CFA_NOP:
	case CFA_NEGATE_RA_STATE:
		break;
	case CFA_ADVANCE_LOC1:
	case CFA_ADVANCE_LOC2:
	case CFA_ADVANCE_LOC4:
		r->p += (size_t)1 << (code - CFA_ADVANCE_LOC1);
		advance(r, fixed(r->p - ((size_t)1 << (code - CFA_ADVANCE_LOC1)), (size_t)1 << (code - CFA_ADVANCE_LOC1)));
		break;
	case CFA_OFFSET_EXTENDED:
		number = uleb(r);
		rule_set(r, number, 1, (int64_t)uleb(r) * r->data_align);
		break;
	case CFA_RESTORE_EXTENDED:
		rule_restore(r, uleb(r));
		break;
	case CFA_UNDEFINED:
	case CFA_SAME_VALUE:
		rule_set(r, uleb(r), 0, 0);
		break;
	case CFA_REMEMBER_STATE:
		state_remember(r);
		break;
	case CFA_RESTORE_STATE:
		state_restore(r);
		break;
	case CFA_DEF_CFA:
		r->rules.base = uleb(r);
		r->rules.offset = (int64_t)uleb(r);
		break;
	case CFA_DEF_CFA_REGISTER:
		r->rules.base = uleb(r);
		break;
	case CFA_DEF_CFA_OFFSET:
		r->rules.offset = (int64_t)uleb(r);
		break;
	case CFA_EXPRESSION:
		expression_skip(r, uleb(r));
		break;
	case CFA_GNU_ARGS_SIZE:
		(void)uleb(r);
		break;
	default:	/* not in the code of GCC for functions whose CFA is a register plus an offset */
		r->failed = 1;
	}
}

static void
instructions(struct run *r)
{
	int	code, operand;

	while (r->p < r->end && !r->failed) {
		code = *r->p++;
		operand = code & 0x3f;
		if ((code & 0xc0) == CFA_ADVANCE_LOC)
			advance(r, (uint64_t)operand);
		else if ((code & 0xc0) == CFA_OFFSET)
			rule_set(r, (uint64_t)operand, 1, (int64_t)uleb(r) * r->data_align);
		else if ((code & 0xc0) == CFA_RESTORE)
			rule_restore(r, (uint64_t)operand);
		else
			instruction(r, code);
	}
}

/* Runs the instructions that all functions of a CIE begin with. Returns 0 for a form that GCC does not write for C. */
static int
cie_run(struct run *r, const unsigned char *cie)
{
	r->end = cie + 4 + fixed(cie, 4);
	r->p = cie + 8;
	if (*r->p++ != 1 || strcmp((const char *)r->p, "zR"))
		return (0);
	r->p += sizeof("zR");
	r->code_align = uleb(r);
	r->data_align = sleb(r);
	if (*r->p++ != CFI_RETURN_ADDRESS || uleb(r) != 1 || *r->p++ != CODE_ENCODING)
		return (0);
	instructions(r);
	r->initial = r->rules;

	return (!r->failed);
}

int
cfi_find(uintptr_t address, struct cfi_frame *out)
{
	const unsigned char	*fde = fde_find(address);
	struct run		r;
	uint64_t		augmentation;

	if (fde == NULL)
		return (0);
	memset(&r, 0, sizeof(r));
	r.wanted = address;
	r.at = (uintptr_t)(fde + 8) + (uintptr_t)(intptr_t)(int32_t)fixed(fde + 8, 4);
	if (address < r.at || address - r.at >= fixed(fde + 12, 4) || !cie_run(&r, fde + 4 - fixed(fde + 4, 4)))
		return (0);
	r.p = fde + 16;
	r.end = fde + 4 + fixed(fde, 4);
	augmentation = uleb(&r);
	r.p += augmentation;
	instructions(&r);
	*out = r.rules;

	return (!r.failed && (out->base == CFI_STACK_POINTER || out->base == CFI_FRAME_POINTER));
}
