/*
 * Work that would hold up the event loop (passwords, calls to other servers)
 * done on threads: passwords on Kore's task threads.
 */
#ifndef WANZAMI_WORK_H
#define WANZAMI_WORK_H

#include <stdint.h>

/* Each kind has threads of its own, so that none holds up another. */
enum work_kind {
	WORK_PASSWORD,	/* computes: one for each processor, at most four, which stand back behind all else */
	WORK_STORE,	/* waits for the object store */
	WORK_REMOTE,	/* waits for a server that may not answer, such as a payment gateway */
	WORK_MAIL,	/* waits for the mail server: one mail after the other */
	WORK_LOOKUP	/* waits for a name server: see host_resolve() */
};

/*
 * Runs work(arg) on a thread and then done(arg) on the event loop, exactly
 * once each. arg stays the caller's; done may free it. Returns 0, and does
 * nothing, when as many as there is room for wait for a thread already, which
 * only WORK_REMOTE has a bound for. Event loop only.
 */
int	work_run(enum work_kind kind, void (*work)(void *), void (*done)(void *), void *arg);

/* For how many ms the first that waits for a thread has waited; 0 when nothing waits. Event loop only. */
int64_t	work_waits(enum work_kind kind);

/* Begins a thread of its own for work that may take long, which no signal reaches and nobody joins. Returns 0 when there is none to have. Any thread. */
int	thread_begin(void *(*run)(void *), void *arg);

#endif
