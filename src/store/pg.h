/*
 * Asynchronous PostgreSQL client for the event loop of a worker. Runs the
 * statements of sql/query, prepared once per connection and sent in libpq's
 * pipeline mode, so that many requests share few connections. Nothing here
 * blocks: a thread resolves the server's host name. Event loop only.
 */
#ifndef WANZAMI_PG_H
#define WANZAMI_PG_H

#include <libpq-fe.h>

#define PG_PARAMS_MAX	16

/*
 * Result of a call. res holds the rows of the last SQL command. On error res is
 * NULL, error is the server's message and state the SQLSTATE ("" if there is
 * none). disconnected is 1 if the call found no connection, or if the
 * connection closed before the result, so that the statement may or may not
 * have taken effect; the API responds with 503. Everything belongs to pg.c and
 * is valid until the callback returns.
 */
struct pg_outcome {
	const PGresult	*res;
	const char	*error;
	const char	*state;
	int		disconnected;
};

typedef void	(*pg_done)(void *arg, const struct pg_outcome *);

/* Opens the worker's connections. Ends the process if database_url is not a postgresql:// URL. Call it once per worker. */
void	pg_start(const char *database_url);

/*
 * Runs sql/query/<name>.sql with text parameters (copied; NULL is SQL's NULL).
 * Every SQL command of the file must use all of them. Each command ends with a
 * semicolon at the end of a line. The commands of a file are one transaction,
 * which is repeated after a deadlock or a serialization failure, up to three
 * times in all.
 *
 * Calls done exactly once, later, from the event loop. A call waits at most 3 s
 * for a connection. A statement that runs for 15 s is canceled by the server;
 * if the server has not responded after 20 s, the connection is closed.
 */
void	pg_query(const char *name, int nparams, const char *const *params, pg_done done, void *arg);

/* Runs a file as pg_query() does, in PG_SLOW: for a statement that can wait for those of other processes. */
void	pg_query_slow(const char *name, int nparams, const char *const *params, pg_done done, void *arg);

/*
 * Runs up to PG_FILES_MAX files in one transaction and one round trip, all with
 * the parameters $1 and $2 of type jsonb. Slow statements belong into PG_SLOW,
 * which has a connection of its own, so that fast ones do not queue behind
 * them. pg_query() uses PG_FAST.
 */
#define PG_FILES_MAX	2
enum pg_lane { PG_FAST, PG_SLOW };
void	pg_transact(enum pg_lane, int nfiles, const char *const *names, const char *first, const char *second, pg_done done, void *arg);

#endif
