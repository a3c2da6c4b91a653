/*
 * PostgreSQL for a thread that may wait: the statements of sql/query over a
 * connection of its own, however long they take. One thread at a time.
 */
#ifndef WANZAMI_PG_SYNC_H
#define WANZAMI_PG_SYNC_H

#include <libpq-fe.h>

/* Zeroed before the first call. */
struct pg_sync {
	PGconn		*db;
	PGresult	*res;		/* of the last statement that succeeded, until the next call */
	int		pid;		/* of the server's process */
	char		error[256];	/* of the last call that failed, in one line */
	char		state[6];	/* its SQLSTATE, "" without one */
	int		stopped;	/* a row told pg_sync_each to stop, which closed the connection */

	/* Set by the caller before a call, or NULL: returns non-zero when nobody waits for the statement any more. */
	int		(*canceled)(void *);
	void		*ctx;

	int		timeout_ms;	/* pgwait.c's */
};

/*
 * Connects unless it is connected; gives up after five seconds. timeout_ms:
 * statement timeout in the server; 0 disables it. A server that has still not
 * answered five seconds after that counts as lost, and so does, for a
 * statement that is canceled, one that does not answer within five seconds of
 * that. TCP keep-alive finds a server that is gone without a word within half
 * a minute. Returns 0 on error.
 */
int	pg_sync_open(struct pg_sync *, const char *database_url, int timeout_ms);
void	pg_sync_close(struct pg_sync *);

/* Returns 1 if the connection is gone; what was sent last may have been done or not. */
int	pg_sync_lost(const struct pg_sync *);

/* A statement without parameters and rows: BEGIN and its like. Returns 0 with the error. */
int	pg_sync_exec(struct pg_sync *, const char *sql);

/*
 * Runs the statements of sql/query/<name>.sql one after the other, each with
 * those parameters (text, NULL is SQL's NULL) of $1, $2, … that it mentions.
 * Several are one transaction only between BEGIN and COMMIT. Returns the rows
 * of the last, or NULL with the error.
 */
const PGresult	*pg_sync_query(struct pg_sync *, const char *name, int nparams, const char *const *params);

/*
 * The same for a last statement with more rows than fit in memory: row is
 * called with each, as a result of one row, until it returns 0. It must not
 * use the connection. Returns 0 when a statement failed or a row said stop.
 */
int	pg_sync_each(struct pg_sync *, const char *name, int nparams, const char *const *params,
	    int (*row)(void *ctx, const PGresult *), void *ctx);

#endif
