/*
 * The parent watches whether the event loops of the workers turn. A worker
 * whose loop has stopped for LOOP_STALL_SEC is killed; it records its stack
 * before it dies. The longest stop is COUNTER_LOOP_LONGEST_MS.
 */
#ifndef WANZAMI_WATCH_H
#define WANZAMI_WATCH_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

/* Creates the memory that parent and workers share. Once, in the parent, before it forks. */
void	watch_init(void);

/*
 * Begins to count the turns of this worker's loop, and has SIGABRT record the
 * stack. number: Kore's number of it, below COUNTER_ROWS. In each worker,
 * before its loop begins.
 */
void	watch_start(int number);

/* Returns for how many seconds the loop of a worker had stopped when the parent killed it, or 0 if the parent did not. In the parent. */
int64_t	watch_stopped_sec(int number, pid_t pid);

/*
 * Writes the stack that the worker has recorded as hexadecimal addresses,
 * innermost first (kore/stack.h). Returns out, or NULL if it has recorded
 * none. In the parent, after the worker has ended.
 */
const char	*watch_stack(int number, char *out, size_t len);

#endif
