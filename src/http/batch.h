/*
 * One transaction for many requests: those that arrive while a statement is on
 * its way share the next one, and each is answered once it is on disk. Under
 * load the database commits once for hundreds of them; alone, a request does
 * not wait for others.
 */
#ifndef WANZAMI_BATCH_H
#define WANZAMI_BATCH_H

#include "http/request.h"

struct batch_waiter;

/* Requests of one kind in this worker. Static, and made with BATCH(statement). */
struct batch {
	const char				*statement;
	TAILQ_HEAD(batch_list, batch_waiter)	waiting, sent;
	int					began;
};

#define BATCH(s)	{ .statement = (s) }

/*
 * Answers with what sql/query/<statement>.sql returns for this request. The
 * file is one statement. It sees $1 and $2 of http/sql.h as arrays with one
 * element for each request, and returns the columns status and body with one
 * row for each, in their order. It must refuse a request by its row and not
 * with an error, and look after the guard itself: nothing stands in front of
 * it. Should it fail nevertheless, each request is run once more alone, so
 * that one which the database cannot stomach spoils no other.
 *
 * Nothing that others share (http/response_cache.h) may be changed by it. Event loop
 * only.
 */
void	batch_reply(struct batch *, struct request *);

#endif
