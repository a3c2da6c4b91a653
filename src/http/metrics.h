/*
 * What this service counts about its requests, and how monitoring reads it:
 * as Prometheus asks for it (GET /metrics), and as lines of CloudWatch's
 * embedded metric format on standard output (EMF).
 */
#ifndef WANZAMI_METRICS_H
#define WANZAMI_METRICS_H

#include "http/request.h"

/* Before the processes of this service part. */
void	metrics_init(void);

/* In each process, Kore's number of which is given; telling: it writes the lines for CloudWatch. Event loop only. */
void	metrics_start(int worker_id, int telling);

/* A request has been answered. Event loop only. */
void	metrics_request(const struct request *, int64_t ms);

/* A request has been refused with this status before anything else was done for it, its route looked up included. Event loop only. */
void	metrics_refused(int status);

#endif
