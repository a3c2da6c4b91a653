/*
 * Statements of a request: files of sql/query whose last SQL command returns
 * the columns status and body of the response. Event loop only.
 *
 * A statement may hold several SQL commands, each ended by a semicolon at the
 * end of a line. They run in order in one transaction and one round trip, after
 * sql/query/guard.sql if the route has a guard. All of them have two
 * parameters of type jsonb.
 *
 * $1 is the statement context. A member without a value is left out.
 *
 *	id		first ":" segment of the path, or what "*" matches
 *	userId		user of the access token
 *	deviceId	device of the access token
 *	session		session of the access token; left out for a token without one
 *	issued		time of issue of the access token, in seconds since 1970
 *	need		guard of the route (guard_need()), for sql/query/guard.sql
 *	path		path as the client sent it, without the query string
 *	urlPlaceholder	beginning of a URL placeholder (http/sign.h)
 *	country		country of the client (http/audience.h)
 *	audience	"kid", "teen" or "all" (http/audience.h)
 *	address		IP address of the client, in IPv6 form (http/client.h)
 *	agent		User-Agent header
 *	after		where the page before ended, for a route with pages (http/pages.h); left out for the first
 *	query		query parameters that the route declares, an object (http/query.h)
 *	...		members that the handler has added with request_param()
 *
 * $2 is the body after body_check(): {} without one, or if it is an array.
 *
 * SELECT wanzami.refuse(404, 'Title not found') in any command answers the
 * request with that status and message and rolls the transaction back.
 */
#ifndef WANZAMI_SQL_H
#define WANZAMI_SQL_H

#include "http/request.h"
#include "store/pg.h"

/*
 * Runs sql/query/<name>.sql and answers with the columns status and body of
 * its first row. An SQL NULL as body is an empty body. URL placeholders are
 * replaced (http/sign.h). Answers 503 if the database cannot be reached, 500
 * if the statement fails.
 */
void	sql_reply(struct request *, const char *name);

/*
 * Runs sql/query/<name>.sql and calls next with the result. Refusals and
 * errors are answered without calling next. If the client disconnects
 * meanwhile, next is not called.
 */
void	sql_query(struct request *, const char *name, void (*next)(struct request *, const PGresult *));

/*
 * Sends the guard, if the route has one, and sql/query/<name>.sql, if name is
 * not NULL, for this request. Calls done exactly once, also if the client
 * disconnects, and within the call if the statement cannot be sent. For callers
 * that answer several requests with one statement.
 */
void	sql_call(struct request *, const char *name, pg_done done, void *arg);

/* As sql_call(), without the user of the request in the context: the result is for everyone. */
void	sql_call_for_all(struct request *, const char *name, pg_done done, void *arg);

/* Answers a request whose statement has failed: a refusal, 400, 401, 500 or 503. */
void	sql_failed(struct request *, const struct pg_outcome *);

/* Returns $1 for this request. The first call must be made while request_present(). The caller frees it with kore_free(). */
char	*sql_context(struct request *);

/* Answers with row 0 of a result as sql_reply() does. */
void	sql_answer(struct request *, const PGresult *);

/* Returns a column of row 0; NULL for SQL NULL, a missing column or no row. The result owns the text. */
const char	*sql_text(const PGresult *, const char *column);

/* Returns a copy of sql_text() that is owned by the request. */
char	*sql_copy(struct request *, const PGresult *, const char *column);

/*
 * Stores the refusal of a request with invalid arguments. body is JSON and must
 * stay valid as long as the request. Does not answer: see sql_refuse().
 */
void	sql_refusal(struct request *, int status, const char *body);

/* Answers with the stored refusal. If the route has a guard, the guard runs first and may answer 401 or 403 instead. */
void	sql_refuse(struct request *);

#endif
