/*
 * Periodic sweep of the transcode queue: takes jobs with an expired lease from
 * dead workers, queues uploads that have no transcode job, and wakes workers if
 * jobs are due.
 */
#ifndef WANZAMI_SWEEP_H
#define WANZAMI_SWEEP_H

#include <libpq-fe.h>

/* Starts the sweep, each QUEUE_SWEEP_MS. Call once per process, after pg_start(); sweeps of several processes do not conflict. Event loop only. */
void	sweep_start(void);

/* Logs and counts the jobs that have failed for good by the result of sql/query/queue/sweep.sql. */
void	sweep_log(const PGresult *);

#endif
