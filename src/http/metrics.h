/*
 * Metrics: requests by route, status class and duration. Prometheus reads them
 * from GET /metrics; CloudWatch reads lines in its embedded metric format
 * (EMF) on standard output. Event loop only, except metrics_init().
 */
#ifndef WANZAMI_METRICS_H
#define WANZAMI_METRICS_H

#include "http/request.h"

#define METRICS_CLASSES		5	/* status classes 1xx to 5xx */
#define METRICS_BUCKETS		12	/* of durations */
#define METRICS_ROUTES_MAX	256	/* with the requests that have no route */

/* Counters of a route since the process started, of all its workers. */
struct metrics_route {
	const struct route	*route;		/* NULL: requests without a route */
	int64_t			status[METRICS_CLASSES];
	int64_t			bucket[METRICS_BUCKETS];
};

/* Maps the shared memory. Call once, before the workers are forked. */
void	metrics_init(void);

/* Starts the timers of a worker. worker_id is Kore's number of the worker; emf is 1 in the worker that writes the EMF lines. */
void	metrics_start(int worker_id, int emf);

/* Counts an answered request; ms is its duration in milliseconds. */
void	metrics_request(const struct request *, int64_t ms);

/* Counts a request that was refused with this status before its route was looked up. */
void	metrics_refused(int status);

/* Returns the number of routes with counters: all of them, and the requests without one. */
size_t	metrics_routes(void);

/* Copies the counters of a route; i is below metrics_routes(). After metrics_init(). */
void	metrics_read(size_t i, struct metrics_route *);

#endif
