/*
 * How much a worker takes on: connections, requests in flight, and memory for
 * bodies. What is too much is refused at once and costs next to nothing, so
 * that what was accepted is done in good time. Event loop only.
 */
#ifndef WANZAMI_ADMISSION_H
#define WANZAMI_ADMISSION_H

#include <kore/kore.h>
#include <kore/http.h>

#define ADMISSION_BUSY	"The service is busy. Please try again in a moment."
#define RETRY_AFTER_SEC	"2"	/* what Retry-After says with every 503 */

/* In every worker that serves, before it does. */
void	admission_start(void);

/* Whether this worker has more connections than it should, and whether it soon may. */
int	admission_connections_full(void);
int	admission_connections_rare(void);

/* A request with a body to be kept in memory has begun; 0: there is too much of that. Ended with admission_body_end in either case. */
int	admission_body_begin(struct http_request *);
void	admission_body_end(struct http_request *);

/* Whether a request must be refused now, which is then counted. */
int	admission_full(void);

/* Whether those who wait for a password to be hashed wait too long for one more to join them (MAX_PASSWORD_WAIT_MS); counted as refused. */
int	admission_passwords_full(void);

/*
 * Whether one more request may be worked on; then it counts until admission_end,
 * which tells how long it took. ms is -1 when nobody waited for the end.
 */
int	admission_begin(void);
void	admission_end(int64_t ms);

#endif
