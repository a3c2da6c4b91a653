/*
 * PostgreSQL for a thread that may wait: the statements of sql/query over a
 * connection of its own, however long they take. One thread at a time.
 */
#ifndef WANZAMI_PGWAIT_H
#define WANZAMI_PGWAIT_H

#include <libpq-fe.h>

/* Zeroed before the first call. */
struct pgwait {
	PGconn		*db;
	PGresult	*res;		/* of the last statement that succeeded, until the next call */
	int		pid;		/* of the server's process */
	char		error[256];	/* of the last call that failed, in one line */
	char		state[6];	/* its SQLSTATE, "" without one */
	int		stopped;	/* a row told pgwait_each to stop, which closed the connection */

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
int	pgwait_open(struct pgwait *, const char *database_url, int timeout_ms);
void	pgwait_close(struct pgwait *);

/* Returns 1 if the connection is gone; what was sent last may have been done or not. */
int	pgwait_lost(const struct pgwait *);

/* A statement without parameters and rows: BEGIN and its like. Returns 0 with the error. */
int	pgwait_exec(struct pgwait *, const char *sql);

/*
 * Runs the statements of sql/query/<name>.sql one after the other, each with
 * those parameters (text, NULL is SQL's NULL) of $1, $2, … that it mentions.
 * Several are one transaction only between BEGIN and COMMIT. Returns the rows
 * of the last, or NULL with the error.
 */
const PGresult	*pgwait_query(struct pgwait *, const char *name, int nparams, const char *const *params);

/*
 * The same for a last statement with more rows than fit in memory: row is
 * called with each, as a result of one row, until it returns 0. It must not
 * use the connection. Returns 0 when a statement failed or a row said stop.
 */
int	pgwait_each(struct pgwait *, const char *name, int nparams, const char *const *params,
	    int (*row)(void *ctx, const PGresult *), void *ctx);

#endif
