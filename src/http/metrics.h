/*
 * Metrics: requests by route, status class and duration. Prometheus reads them
 * from GET /metrics; CloudWatch reads lines in its embedded metric format
 * (EMF) on standard output. Event loop only, except metrics_init().
 */
#ifndef WANZAMI_METRICS_H
#define WANZAMI_METRICS_H

#include "http/request.h"

/* Maps the shared memory. Call once, before the workers are forked. */
void	metrics_init(void);

/* Starts the timers of a worker. worker_id is Kore's number of the worker; emf is 1 in the worker that writes the EMF lines. */
void	metrics_start(int worker_id, int emf);

/* Counts an answered request; ms is its duration in milliseconds. */
void	metrics_request(const struct request *, int64_t ms);

/* Counts a request that was refused with this status before its route was looked up. */
void	metrics_refused(int status);

#endif
