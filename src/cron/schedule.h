/*
 * Scheduler: starts the jobs (cron/cron_job.h) that are due, each on its own
 * thread. Any number of processes may run it; the lease in PostgreSQL decides
 * which process runs a job.
 *
 * The cron role runs all jobs. Other processes run the jobs with .standby that
 * are overdue by two minutes, so that a deployment without a cron task deletes
 * what was deleted.
 */
#ifndef WANZAMI_SCHEDULE_H
#define WANZAMI_SCHEDULE_H

/* Starts the scheduler. Call once per process, after pg_start() and run_name_process(). Event loop only. */
void	schedule_start(void);

/* Returns 1 while a job of this process is running. Event loop only. */
int	schedule_busy(void);

/* Requests that the running jobs end and release their leases, so that another process runs them. Event loop only. */
void	schedule_stop(void);

#endif
