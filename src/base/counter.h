/*
 * Numbers that all processes of this service keep together, in memory that
 * they share; each process writes to a row of its own, and who reads adds the
 * rows up.
 */
#ifndef WANZAMI_COUNTER_H
#define WANZAMI_COUNTER_H

#include <stdint.h>

#define COUNTER_ROWS	72	/* more than Kore has workers, which count from 1 */
#define COUNTER_PARENT	0	/* the parent's row */

enum counter {
	/* Grow as long as the service lives; a process that is restarted goes on where the last one was. */
	COUNTER_REFUSED,
	COUNTER_DATABASE_CALLS,
	COUNTER_DATABASE_ERRORS,
	COUNTER_DATABASE_LOST,
	COUNTER_DATABASE_SLOW,
	COUNTER_JOBS_OK,
	COUNTER_JOBS_FAILED,
	COUNTER_FRAMES,
	COUNTER_CLIENTS_LEFT,
	COUNTER_WORKER_RESTARTS,	/* the parent's */
	/* What is so now; a process that begins has none of it. */
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

/* Before the processes of this service part. Without it, as in tools and commands, nothing is counted. */
void	counter_init(void);

/* In each process, which has a number of its own below COUNTER_ROWS, before it counts. */
void	counter_start(int number);

/* Any thread. */
void	counter_add(enum counter, int64_t);
void	counter_set(enum counter, int64_t);

/* Of all processes together. Any thread. */
int64_t	counter_sum(enum counter);

#endif
