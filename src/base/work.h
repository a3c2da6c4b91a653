/*
 * Work that would hold up the event loop (passwords, calls to other servers)
 * done on a Kore task thread.
 */
#ifndef WANZAMI_WORK_H
#define WANZAMI_WORK_H

#include <stdint.h>

/*
 * Runs work(arg) on a task thread and then done(arg) on the event loop,
 * exactly once each. arg stays the caller's; done may free it. Event loop only.
 */
void	work_run(void (*work)(void *), void (*done)(void *), void *arg);

/* For how many ms the first in the queue of work_run() has waited for a thread; 0 when nothing waits. Event loop only. */
int64_t	work_waits(void);

/*
 * The same for work that waits for somebody else, such as a server that may
 * not answer, rather than computing: it has threads of its own, at most
 * WORK_REMOTE_MAX, so that it holds up nothing of the above. Returns 0, and
 * does nothing, when WORK_REMOTE_QUEUE wait for a thread already. Event loop
 * only.
 */
#define WORK_REMOTE_MAX		16
#define WORK_REMOTE_QUEUE	48
int	work_remote(void (*work)(void *), void (*done)(void *), void *arg);

/*
 * The same for names that are looked up (host_resolve()), on at most
 * WORK_LOOKUP_MAX threads of their own: neither passwords nor servers that do
 * not answer keep a connection to the database from being made. Event loop only.
 */
#define WORK_LOOKUP_MAX		4
void	work_lookup(void (*work)(void *), void (*done)(void *), void *arg);

/* Begins a thread of its own for work that may take long, which no signal reaches and nobody joins. Returns 0 when there is none to have. Any thread. */
int	thread_begin(void *(*run)(void *), void *arg);

#endif
