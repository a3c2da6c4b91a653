/*
 * Thread pools for work that would block the event loop: password hashing and
 * calls to other servers.
 */
#ifndef WANZAMI_WORK_H
#define WANZAMI_WORK_H

#include <stdint.h>

/* Kinds of work. Each has its own threads, so that none blocks another. */
enum work_kind {
	WORK_PASSWORD,	/* password hashing: one thread per CPU, at most four, at low priority, on Kore's task threads */
	WORK_STORE,	/* object storage: two threads */
	WORK_REMOTE,	/* servers that may not respond, such as payment gateways: up to 16 threads */
	WORK_MAIL,	/* SMTP server: two threads, one mail at a time each */
	WORK_LOOKUP	/* name server, host_resolve(): up to four threads */
};

/*
 * Runs work(arg) on a thread and then done(arg) on the event loop, exactly once
 * each. The caller owns arg; done may free it. Returns 0 and does nothing if the
 * queue is full; only WORK_REMOTE has a limit (48 waiting). Event loop only.
 */
int	work_run(enum work_kind kind, void (*work)(void *), void (*done)(void *), void *arg);

/* Starts a detached thread with all signals blocked, for long work. Returns 0 if no thread can be created. Any thread. */
int	thread_begin(void *(*run)(void *), void *arg);

#endif
