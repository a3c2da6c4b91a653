/*
 * Kore's pools begin small. Kore itself writes to every element of a pool when it
 * makes the pool: at each start of a process and of a worker the kernel has to
 * provide some 1,200 pages, most of which are not used before many clients come.
 */
#include <kore/kore.h>

#define FIRST_ELEMENTS	64

void	__real_kore_pool_init(struct kore_pool *, const char *, size_t, size_t);
void	__wrap_kore_pool_init(struct kore_pool *, const char *, size_t, size_t);

void
__wrap_kore_pool_init(struct kore_pool *pool, const char *name, size_t len, size_t elements)
{
	__real_kore_pool_init(pool, name, len, MIN(elements, FIRST_ELEMENTS));
	pool->growth = MAX(pool->growth, elements / 4);		/* of the next regions, as Kore has it */
}
