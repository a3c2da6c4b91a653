/*
 * The transcode worker: one process of its own, where a film that breaks the
 * decoder breaks nothing else.
 */
#ifndef WANZAMI_TRANSCODE_WORKER_H
#define WANZAMI_TRANSCODE_WORKER_H

/* Names this start of the appliance; once, in the parent, before workers are made. */
void	worker_name_instance(void);

/*
 * Begins to claim jobs, one at a time; needs pg_start(). Jobs that a worker of
 * this instance had are taken from it first: it must be dead. Once per
 * process, event loop only.
 */
void	worker_start(void);

/*
 * While draining: whether a job is still to be given back. The first call
 * tells the job to end. Event loop only.
 */
int	worker_busy(void);

#endif
