/*
 * The transcode worker: a separate process, so that a film that crashes the
 * decoder does not affect requests. docs/films.md describes its failures.
 */
#ifndef WANZAMI_TRANSCODE_WORKER_H
#define WANZAMI_TRANSCODE_WORKER_H

/* Chooses a random name for this start of the appliance, the lease owner of its jobs. Call once, in the parent, before it forks workers. */
void	worker_name_instance(void);

/* Returns that name; "" without worker_name_instance(). Any thread. */
const char	*worker_instance(void);

/*
 * Starts to claim transcode jobs, one at a time. First ends the attempt of a job
 * that a previous worker of this instance had; that worker must be dead. Call
 * once per process, after pg_start(). Event loop only.
 */
void	worker_start(void);

/*
 * Returns 1 while a job has to be released or published before the process may
 * end. Call it only while draining: the first call cancels the running job.
 * Event loop only.
 */
int	worker_busy(void);

#endif
