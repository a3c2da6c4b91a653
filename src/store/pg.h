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
 * How a call ended. res holds the rows of its last statement, or is NULL when
 * it failed: then error says why in the database's words, state is the
 * SQLSTATE ("" when it has none), and lost tells that the database could not
 * be asked or did not answer (503). All are pg.c's and gone when the callback
 * returns.
 */
struct pg_outcome {
	const PGresult	*res;
	const char	*error;
	const char	*state;
	int		lost;
};

typedef void	(*pg_done)(void *arg, const struct pg_outcome *);

/* Makes the worker's connections; database_url is checked already. Once per worker. */
void	pg_start(const char *database_url);

/*
 * Sends sql/query/<name>.sql with text parameters (NULL is SQL's NULL; all are
 * copied), of which every statement of the file uses all. The statements of a
 * file, each ended by a semicolon at the end of a line, are one transaction;
 * one that loses a deadlock is run again. done is called exactly once, later,
 * from the event loop; within PG_TIMEOUT_MS and a little, whatever happens to
 * the server.
 */
void	pg_query(const char *name, int nparams, const char *const *params, pg_done done, void *arg);

/*
 * The same for up to PG_FILES_MAX files in one transaction and one round trip,
 * all with the parameters $1 and $2 of type jsonb. What may take its time goes
 * over a connection of its own, so that nothing quick stands behind it.
 */
#define PG_FILES_MAX	2
enum pg_lane { PG_FAST, PG_SLOW };
void	pg_transact(enum pg_lane, int nfiles, const char *const *names, const char *first, const char *second, pg_done done, void *arg);

#endif
