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
};

/* Connects, at most five seconds long, unless it is connected. A statement is ended after timeout_ms, 0 is never. Returns 0 when it cannot. */
int	pgwait_open(struct pgwait *, const char *database_url, int timeout_ms);
void	pgwait_close(struct pgwait *);

/* Whether the connection is gone; what was sent last may have been done or not. */
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
