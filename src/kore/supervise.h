/*
 * The parent's part in the death of workers: counts and logs it, and notes it for
 * the next worker (activity_predecessor()).
 */
#ifndef WANZAMI_SUPERVISE_H
#define WANZAMI_SUPERVISE_H

/* Counts the processes that the kernel has killed for lack of memory so far. Once, in the parent, before it forks. */
void	supervise_init(void);

#endif
