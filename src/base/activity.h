/*
 * The work that each worker's event loop is doing now, in memory shared with
 * the parent process: when a worker dies, the parent logs what it was doing.
 * A worker writes its own row only; nothing else may write it.
 */
#ifndef WANZAMI_ACTIVITY_H
#define WANZAMI_ACTIVITY_H

#include <stdint.h>

struct activity {
	const char	*method, *path;	/* of the route; NULL: no request's code was running */
	int64_t		job;		/* the transcode job; 0: none */
};

/* Creates the shared memory. Once, in the parent, before it forks. Without it, as in tools and commands, nothing is kept. */
void	activity_init(void);

/* Chooses and clears the row of this process. worker: Kore's number of it, below COUNTER_ROWS. In each worker, before the other calls. */
void	activity_start(int worker);

/*
 * Notes that the event loop enters the code of a request of this route. Both
 * texts are static: the parent reads them by these same addresses, which is
 * valid because workers are forked from it. Two stores, no call to the kernel.
 * Event loop only.
 */
void	activity_set(const char *method, const char *path);

/* Notes that the event loop has left the code of a request. Event loop only. */
void	activity_clear(void);

/* Notes the transcode job that this worker has; 0 for none. Event loop only. */
void	activity_job(int64_t number);

/* Returns the last activity of a worker. In the parent, after the worker has ended. */
struct activity	activity_of(int worker);

/*
 * Notes how a worker has ended, for the worker that replaces it: text that completes "The transcode worker …", which is
 * copied, and 1 if the kernel has killed it because memory was out. In the parent, before it starts the next one.
 */
void	activity_death(int worker, const char *text, int out_of_memory);

/* Returns how the worker has ended that this one replaces, "" if it replaces none, and the same flag. In a worker, after activity_start(). */
const char	*activity_predecessor(int *out_of_memory);

#endif
