/*
 * The common way of a request: one statement, whose row holds the status and
 * the finished JSON body of the answer.
 */
#ifndef WANZAMI_SQL_H
#define WANZAMI_SQL_H

#include "http/route.h"
#include "store/pg.h"

/*
 * Answers with what sql/query/<name>.sql returns: columns status and body, with
 * marked strings signed (http/sign.h). The
 * request sleeps until then; 503 when the database cannot be reached, 500 when
 * it refuses the statement. A handler returns what this returns. Event loop only.
 */
int	sql_reply(struct http_request *, const char *name, int nparams, const char *const *params);

/*
 * The first half of the same for a handler that makes its own answer: done is
 * called once the statement has ended, unless the client has gone by then, and
 * must reply.
 */
int	sql_query(struct http_request *, const char *name, int nparams, const char *const *params,
	    void (*done)(struct http_request *, const struct pg_outcome *));

#endif
