/*
 * Group commit. Requests that arrive while a batch is being written form the
 * next batch. Each request is answered after its batch has been committed.
 * A request that arrives while no batch is being written is sent at once.
 */
#ifndef WANZAMI_BATCH_H
#define WANZAMI_BATCH_H

#include "http/request.h"

struct batch_request;

/* The requests of one route in this worker. Define it as a static variable, with BATCH(statement). */
struct batch {
	const char				*statement;
	TAILQ_HEAD(batch_list, batch_request)	waiting, sent;
	int					ready;
};

#define BATCH(s)	{ .statement = (s) }

/*
 * Adds the request to the next batch and answers it with its row of
 * sql/query/<statement>.sql. Event loop only. Rules for the file:
 *
 *  - It holds one statement. $1 and $2 of http/sql.h are arrays with one
 *    element per request.
 *  - It returns one row per request, in the order of the arrays, with the
 *    columns status and body.
 *  - It refuses a request by its row, not by an error. If the statement fails,
 *    each request of the batch is sent again in a batch of its own, so that
 *    one request cannot make the others fail.
 *  - It checks user and session itself: sql/query/guard.sql does not run.
 *  - It must not change data that http/response_cache.h caches: the cache is
 *    not invalidated.
 */
void	batch_reply(struct batch *, struct request *);

#endif
