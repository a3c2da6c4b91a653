/*
 * Blocking PostgreSQL client for job threads and commands. Runs the statements
 * of sql/query over a connection of its own. One thread at a time.
 */
#ifndef WANZAMI_PG_SYNC_H
#define WANZAMI_PG_SYNC_H

#include <libpq-fe.h>

/* A connection. Zero it before the first call. */
struct pg_sync {
	PGconn		*db;
	PGresult	*res;		/* of the last successful statement; valid until the next call */
	int		pid;		/* process ID of the server's back end */
	char		error[256];	/* of the last call that failed, in one line */
	char		state[6];	/* its SQLSTATE; "" if there is none */
	int		stopped;	/* the row callback of pg_sync_each() returned 0, which closed the connection */

	/* Set by the caller before a call, or NULL. Returns non-zero to cancel the statement. */
	int		(*canceled)(void *);
	void		*ctx;

	int		timeout_ms;	/* private to pg_sync.c */
};

/*
 * Connects, if not yet connected, within five seconds. timeout_ms: statement
 * timeout in the server; 0 disables it. Closes the connection if the server has
 * not responded five seconds after the timeout, or five seconds after canceled
 * has returned non-zero. TCP keep-alive detects a vanished server within 30
 * seconds. Returns 0 on error.
 */
int	pg_sync_open(struct pg_sync *, const char *database_url, int timeout_ms);
void	pg_sync_close(struct pg_sync *);

/*
 * Connects for a command that uses libpq itself, to a server that can be written and
 * within 30 seconds unless url says otherwise. url: from pg_url_clean(). Returns the connection, which the caller
 * ends with PQfinish(); NULL with one line in error if there is none. Blocks.
 */
PGconn	*pg_sync_plain(const char *url, char *error, unsigned long error_len);

/* Returns 1 if there is no connection. Whether the last SQL command took effect is then unknown. */
int	pg_sync_disconnected(const struct pg_sync *);

/* Runs an SQL command without parameters and rows, such as BEGIN. Returns 0 on error. */
int	pg_sync_exec(struct pg_sync *, const char *sql);

/*
 * Runs the commands of sql/query/<name>.sql one after the other, each with as
 * many of the text parameters (NULL is SQL's NULL) as it mentions ($1, $2, …).
 * They are one transaction only between BEGIN and COMMIT. Returns the rows of
 * the last command; NULL on error.
 */
const PGresult	*pg_sync_query(struct pg_sync *, const char *name, int nparams, const char *const *params);

/*
 * Runs the statements as pg_sync_query() does, but passes each row of the last
 * statement to row(), as a result of one row, so that they need not fit in
 * memory. row must not use the connection; it returns 0 to stop, which closes
 * the connection and sets stopped. Returns 0 on error and if stopped.
 */
int	pg_sync_each(struct pg_sync *, const char *name, int nparams, const char *const *params,
	    int (*row)(void *ctx, const PGresult *), void *ctx);

#endif
