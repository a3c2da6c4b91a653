/*
 * Work that would hold up the event loop (passwords, calls to other servers)
 * done on a Kore task thread.
 */
#ifndef WANZAMI_WORK_H
#define WANZAMI_WORK_H

/*
 * Runs work(arg) on a task thread and then done(arg) on the event loop,
 * exactly once each. arg stays the caller's; done may free it. Event loop only.
 */
void	work_run(void (*work)(void *), void (*done)(void *), void *arg);

/* Begins a thread of its own for work that may take long, which no signal reaches and nobody joins. Returns 0 when there is none to have. Any thread. */
int	thread_begin(void *(*run)(void *), void *arg);

#endif
