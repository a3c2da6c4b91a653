/*
 * The clock of the cron role: looks which jobs (cron/cron_job.h) are due and has
 * them run, each on a thread of its own. How many processes do so does not
 * matter; PostgreSQL decides which one gets a run.
 */
#ifndef WANZAMI_SCHEDULE_H
#define WANZAMI_SCHEDULE_H

/* Begins to look; needs pg_start() and run_name_process(). Once per process, event loop only. */
void	schedule_start(void);

/* Whether a job is running that should be finished before the worker ends. Event loop only. */
int	schedule_busy(void);

/* Asks what is running to give its claim back, so that another process goes on with it. Event loop only. */
void	schedule_stop(void);

#endif
