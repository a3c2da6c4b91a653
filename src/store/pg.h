/*
 * PostgreSQL for the event loop of one worker: the statements of sql/query,
 * prepared once per connection and sent in libpq's pipeline mode, many
 * requests over few connections. Nothing here blocks, but for the look-up of
 * the server's name when a connection is made. Event loop only.
 */
#ifndef WANZAMI_PG_H
#define WANZAMI_PG_H

#include <libpq-fe.h>

#define PG_PARAMS_MAX	16

/*
 * How a statement ended. res holds its rows, or is NULL when there are none:
 * then error says why, and lost tells that the database could not be asked or
 * did not answer (503), against refusing the statement (500). Both are
 * pg.c's and gone when the callback returns.
 */
struct pg_outcome {
	const PGresult	*res;
	const char	*error;
	int		lost;
};

typedef void	(*pg_done)(void *arg, const struct pg_outcome *);

/* Makes the worker's connections; database_url is checked already. Once per worker. */
void	pg_start(const char *database_url);

/*
 * Sends sql/query/<name>.sql with text parameters (NULL is SQL's NULL; all are
 * copied). done is called exactly once, later, from the event loop; within
 * PG_TIMEOUT_MS and a little, whatever happens to the server.
 */
void	pg_query(const char *name, int nparams, const char *const *params, pg_done done, void *arg);

#endif
