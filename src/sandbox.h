/*
 * The system calls that a worker may make.
 */
#ifndef WANZAMI_SANDBOX_H
#define WANZAMI_SANDBOX_H

/* Returns NULL, or why this kernel cannot run a worker (static storage). In the parent, before workers are forked. */
const char	*sandbox_check(void);

#endif
