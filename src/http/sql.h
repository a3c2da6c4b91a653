/*
 * The common way of a request: one statement file, whose last statement
 * returns the status and the finished JSON body of the answer.
 *
 * A file may hold several statements, each ended by a semicolon at the end of
 * a line. They run in order in one transaction and in one round trip, behind
 * the guard of the route. All see the same two parameters:
 *
 *	$1 jsonb	what is known about the request: id and arg (the segments of the path), query, userId and deviceId
 *			(of the token), country, audience, address, agent, mark (sql/query for playable()), and what
 *			request_param added
 *	$2 jsonb	the body
 *
 * SELECT wanzami.refuse(404, 'Title not found') in any of them ends the
 * request with that answer and undoes what the earlier ones did.
 */
#ifndef WANZAMI_SQL_H
#define WANZAMI_SQL_H

#include "http/request.h"
#include "store/pg.h"

/*
 * Answers with what sql/query/<name>.sql returns: columns status and body (an
 * SQL NULL body is an empty one), with marked strings signed (http/sign.h).
 * 503 when the database cannot be reached, 500 when it refuses the statement.
 * Event loop only, as all of this.
 */
void	sql_reply(struct request *, const char *name);

/*
 * The first half of the same for a handler that goes on by itself: next gets
 * the result once it is there. Refusals and failures are answered without it,
 * and when the client has gone nothing is called.
 */
void	sql_query(struct request *, const char *name, void (*next)(struct request *, const PGresult *));

/*
 * For who waits for a statement on behalf of several requests: sends it as
 * sql_query would for this one, and calls done whatever becomes of the request;
 * sql_failed answers an outcome with an error.
 */
void	sql_call(struct request *, const char *name, pg_done done, void *arg);
void	sql_failed(struct request *, const struct pg_outcome *);

/* Makes $1 of every statement for this request. The first call must come while the client is there (request_present). The caller frees it with kore_free. */
char	*sql_context(struct request *);

/* Answers with row 0 of a result as sql_reply does. */
void	sql_answer(struct request *, const PGresult *);

/* The text of a column of row 0, NULL for NULL or when there is no row. Belongs to the result. */
const char	*sql_text(const PGresult *, const char *column);

/* The same, as a copy that belongs to the request. */
char	*sql_copy(struct request *, const PGresult *, const char *column);

/*
 * Notes what is wrong with the arguments; sql_refuse answers it, after the
 * guard of the route, if it has one, has let the caller pass. body is JSON and
 * must live as long as the request.
 */
void	sql_refusal(struct request *, int status, const char *body);
void	sql_refuse(struct request *);

#endif
