/*
 * Admission control: limits on connections, requests in flight and body memory
 * per worker. A request over a limit gets 503 at once, so that accepted
 * requests are answered in time. Event loop only.
 */
#ifndef WANZAMI_ADMISSION_H
#define WANZAMI_ADMISSION_H

#include <kore/kore.h>
#include <kore/http.h>

#define ADMISSION_BUSY	"The service is busy. Please try again in a moment."
#define RETRY_AFTER_SEC	"2"	/* value of Retry-After in every 503 */

struct route;

/* Starts the timer that measures the load. Call once in each worker, before it accepts connections. */
void	admission_start(void);

/*
 * Sets the function that returns how long the network that has waited longest
 * for its turn on a password thread has waited, in milliseconds. password.c
 * calls it, so that this module stays below it.
 */
void	admission_passwords(int64_t (*wait_ms)(void));

/* Returns 1 if the worker has more connections than MAX_CONNECTIONS and the route (NULL: none) is not vital. */
int	admission_connections_full(const struct route *);

/* Returns 1 if the worker has more than three quarters of MAX_CONNECTIONS; idle connections are then closed. */
int	admission_connections_rare(void);

/*
 * Adds the body of a request, if it is kept in memory, to the body memory of
 * the worker. Returns 0 if the total is above MAX_BODY_MB. Call
 * admission_body_end() in either case when the request ends.
 */
int	admission_body_begin(struct http_request *);

/* Returns 1 if the bodies in memory and these bytes are more than MAX_BODY_MB. */
int	admission_body_full(size_t bytes);

/* Subtracts the body of a request from the body memory. Does nothing for a request that was not added. */
void	admission_body_end(struct http_request *);

/*
 * Returns 1, and counts a refusal, if the worker can take no further request to
 * this route (NULL: to no route): it has MAX_IN_FLIGHT requests in flight, it is
 * overloaded, or the route hashes a password and a network has waited longer
 * than MAX_PASSWORD_WAIT_MS for its turn (http/password.h). Returns 0 for a
 * vital route.
 */
int	admission_full(const struct route *);

/* Counts a request as in flight. */
void	admission_begin(void);

/* Ends a request that admission_begin() has counted. ms: its duration in milliseconds; -1 leaves it out of the measurement. */
void	admission_end(int64_t ms);

#endif
