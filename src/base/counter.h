/*
 * Counters and gauges in memory shared by all processes of the service. Each
 * process writes its own row; reading sums the rows.
 */
#ifndef WANZAMI_COUNTER_H
#define WANZAMI_COUNTER_H

#include <stdint.h>

#define COUNTER_ROWS	72	/* more than Kore has workers, which count from 1 */
#define COUNTER_PARENT	0	/* the parent's row */
#define COUNTER_BUCKETS	12	/* of a histogram of durations; its counters follow each other */

enum counter {
	/* Counters. They grow for the life of the service; a restarted process continues with its predecessor's values. */
	COUNTER_REFUSED,
	COUNTER_DATABASE_CALLS,
	COUNTER_DATABASE_ERRORS,
	COUNTER_DATABASE_LOST,
	COUNTER_DATABASE_SLOW,
	COUNTER_TRANSCODE_JOBS_OK,
	COUNTER_TRANSCODE_JOBS_FAILED,
	COUNTER_CRON_JOBS_OK,
	COUNTER_CRON_JOBS_FAILED,
	COUNTER_FRAMES,
	COUNTER_CLIENTS_LEFT,
	COUNTER_WORKER_RESTARTS,	/* written by the parent */
	COUNTER_WORKER_STALLED,		/* written by the parent */
	COUNTER_LOOP_LONGEST_MS,	/* a maximum: counter_raise(), counter_max() */
	COUNTER_DATABASE_SEEN,		/* 1 when /health has found the database with all migrations (api/health.c) */
	COUNTER_DATABASE_FULL_AT,	/* Unix time at which the database last said that its disk is full: a maximum */
	COUNTER_FILM_MS,		/* film that was encoded, and time for which jobs encoded, in ms */
	COUNTER_FILM_BUSY_MS,
	/* Histograms: counter_time(). The limits of their buckets are in counter.c and in wanzami.percentile_call(). */
	COUNTER_DATABASE_TIME,
	COUNTER_VALKEY_TIME = COUNTER_DATABASE_TIME + COUNTER_BUCKETS,
	COUNTER_STORE_TIME = COUNTER_VALKEY_TIME + COUNTER_BUCKETS,
	COUNTER_STORE_TIME_LAST = COUNTER_STORE_TIME + COUNTER_BUCKETS - 1,
	/* Gauges. They begin at 0 in each process. */
	COUNTER_GAUGES,
	COUNTER_IN_FLIGHT = COUNTER_GAUGES,
	COUNTER_REQUESTS_OPEN,
	COUNTER_CONNECTIONS,
	COUNTER_DATABASE_CONNECTIONS,
	COUNTER_DATABASE_WAITING,
	COUNTER_DATABASE_IN_FLIGHT,
	COUNTER_VALKEY_CONNECTIONS,
	COUNTER_RESIDENT_BYTES,
	COUNTER_DESCRIPTORS,
	COUNTER_COUNT
};

/* Maps the shared memory. Call in the parent, before it forks. Without it, as in tools and commands, nothing is counted. */
void	counter_init(void);

/* Selects the row of this process and resets its gauges. number: unique per process, below COUNTER_ROWS. Call in each process, before it counts. */
void	counter_start(int number);

/* Change a value of this process. Any thread. */
void	counter_add(enum counter, int64_t);
void	counter_set(enum counter, int64_t);

/* Returns a time in microseconds, for counter_time(). Any thread. */
int64_t	counter_clock(void);

/* Adds the time since a counter_clock() to the histogram that begins at this counter. Any thread. */
void	counter_time(enum counter histogram, int64_t since);

/* Sets a value of this process that is smaller. Event loop only. */
void	counter_raise(enum counter, int64_t);

/* Returns the sum over all processes. Any thread. */
int64_t	counter_sum(enum counter);

/* Returns the largest value of all processes. Any thread. */
int64_t	counter_max(enum counter);

#endif
