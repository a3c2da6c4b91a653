/*
 * An atomic counter in anonymous shared memory.
 */
#include <sys/mman.h>

#include <stdatomic.h>

#include <kore/kore.h>

#include "http/changes.h"

static atomic_ulong	*count;

void
changes_init(void)
{
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count == MAP_FAILED)
		fatal("mmap: %s", errno_s);
}

void
changes_announce(void)
{
	atomic_fetch_add(count, 1);
}

unsigned long
changes_count(void)
{
	return (atomic_load(count));
}
