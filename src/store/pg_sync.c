/*
 * Blocking use of libpq, with timeouts and cancellation.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/embed.h"
#include "base/secret_file.h"
#include "store/pg_notice.h"
#include "store/pg_url.h"
#include "store/pg_sync.h"
#include "store/script.h"

#define PARAMS_MAX	16
#define GRACE_MS	5000	/* after the statement timeout or a cancellation, until the connection is closed */
#define STEP_MS		200	/* interval of the calls of canceled */
#define PLAIN_SEC	"30"	/* connect timeout of pg_sync_plain() */
#define IDLE_MS		"300000"	/* limit for an idle transaction, so that a process that hangs does not keep its locks */

static int
error_set(struct pg_sync *w, const char *why)
{
	snprintf(w->error, sizeof(w->error), "%s", why);
	w->error[strcspn(w->error, "\n")] = '\0';

	return (0);
}

static int
error_from_result(struct pg_sync *w, PGresult *res)
{
	const char	*why = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	snprintf(w->state, sizeof(w->state), "%s", state != NULL ? state : "");
	error_set(w, why != NULL ? why : PQerrorMessage(w->db));
	PQclear(res);

	return (0);
}

/* Lets a server that supports it (PostgreSQL 14 and later) check every 5 s, during a statement, that the client is still connected. */
static int
session_prepare(struct pg_sync *w)
{
	w->pid = PQbackendPID(w->db);

	return (pg_sync_exec(w, "SELECT set_config(name, '5s', false) FROM pg_settings WHERE name = 'client_connection_check_interval'"));
}

int
pg_sync_open(struct pg_sync *w, const char *database_url, int timeout_ms)
{
	char		schema[64], options[256], password[SECRET_FILE_MAX], *url;
	const char	*keys[] = { "target_session_attrs", "dbname", "password", "options", "application_name", "connect_timeout", "tcp_user_timeout",
			    "keepalives_idle", "keepalives_interval", "keepalives_count", NULL };
	const char	*values[] = { PG_SESSION_ATTRS, NULL, password, options, "wanzami", "5", "30000", "15", "5", "3", NULL };

	if (w->db != NULL && PQstatus(w->db) == CONNECTION_OK && strcmp(w->state, PG_READ_ONLY) != 0)
		return (1);
	pg_sync_close(w);
	if (!secret_file_read(CONF_DATABASE_PASSWORD_FILE, password, w->error, sizeof(w->error)))
		return (0);
	if ((url = pg_url_clean(database_url, schema, sizeof(schema))) == NULL)
		return (error_set(w, PG_URL_WRONG));
	snprintf(options, sizeof(options), "-c statement_timeout=%d -c idle_in_transaction_session_timeout=" IDLE_MS
	    " -c TimeZone=UTC -c search_path=%s", timeout_ms, schema);
	values[1] = url;
	w->db = PQconnectdbParams(keys, values, 1);
	pg_notice_log(w->db);
	explicit_bzero(password, sizeof(password));
	free(url);
	w->timeout_ms = timeout_ms;
	w->stopped = 0;
	if (PQstatus(w->db) == CONNECTION_OK && PQsetnonblocking(w->db, 1) == 0 && session_prepare(w))
		return (1);
	if (PQstatus(w->db) != CONNECTION_OK)
		error_set(w, PQerrorMessage(w->db));
	pg_sync_close(w);

	return (0);
}

PGconn *
pg_sync_plain(const char *url, char *error, unsigned long error_len)
{
	char		password[SECRET_FILE_MAX];
	const char	*keys[] = { "target_session_attrs", "connect_timeout", "dbname", "password", NULL };
	const char	*values[] = { PG_SESSION_ATTRS, PLAIN_SEC, url, password, NULL };
	PGconn		*db;

	if (!secret_file_read(CONF_DATABASE_PASSWORD_FILE, password, error, error_len))
		return (NULL);
	db = PQconnectdbParams(keys, values, 1);
	explicit_bzero(password, sizeof(password));
	if (PQstatus(db) == CONNECTION_OK)
		return (db);
	snprintf(error, error_len, "%s", db != NULL ? PQerrorMessage(db) : "out of memory");
	error[strcspn(error, "\n")] = '\0';
	PQfinish(db);

	return (NULL);
}

void
pg_sync_close(struct pg_sync *w)
{
	PQclear(w->res);
	PQfinish(w->db);
	w->res = NULL;
	w->db = NULL;
}

int
pg_sync_disconnected(const struct pg_sync *w)
{
	return (w->db == NULL || PQstatus(w->db) != CONNECTION_OK);
}

static int
result_keep(struct pg_sync *w, PGresult *res)
{
	if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
		return (error_from_result(w, res));
	PQclear(w->res);
	w->res = res;

	return (1);
}

/* Waits for the socket, for at most STEP_MS. */
static void
socket_wait(struct pg_sync *w, int unsent)
{
	struct pollfd	p = { .fd = PQsocket(w->db), .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) };

	if (poll(&p, 1, STEP_MS) > 0 && (p.revents & ~POLLOUT))
		(void)PQconsumeInput(w->db);	/* PQgetResult() reports its error */
}

/*
 * Returns the next result of what was sent; NULL after the last one. If the
 * server does not respond in time, closes the connection, sets the error and
 * returns NULL.
 */
static PGresult *
result_next(struct pg_sync *w)
{
	u_int64_t	now = kore_time_ms(), end = w->timeout_ms > 0 ? now + (u_int64_t)w->timeout_ms + GRACE_MS : UINT64_MAX;
	int		unsent, canceled = 0;

	while (((unsent = PQflush(w->db)) == 1 || PQisBusy(w->db)) && PQstatus(w->db) == CONNECTION_OK) {
		socket_wait(w, unsent == 1);
		now = kore_time_ms();
		if (!canceled && w->canceled != NULL && (canceled = w->canceled(w->ctx)) && now + GRACE_MS < end)
			end = now + GRACE_MS;
		if (now > end) {
			pg_sync_close(w);
			(void)error_set(w, "the database server did not respond in time");
			return (NULL);
		}
	}

	return (PQgetResult(w->db));
}

/* Reads all results of what was sent. If row returns 0, closes the connection, since the remaining rows may be many. */
static int
results_take(struct pg_sync *w, int sent, int (*row)(void *, const PGresult *), void *ctx)
{
	PGresult	*res;
	int		ok = 1;

	if (!sent)
		return (error_set(w, PQerrorMessage(w->db)));
	while ((res = result_next(w)) != NULL) {
		if (row == NULL || PQresultStatus(res) != PGRES_SINGLE_TUPLE) {
			ok = result_keep(w, res) && ok;
			continue;
		}
		ok = row(ctx, res);
		PQclear(res);
		if (!ok) {
			pg_sync_close(w);
			w->stopped = 1;
			return (0);
		}
	}

	return (ok && w->db != NULL);
}

int
pg_sync_exec(struct pg_sync *w, const char *sql)
{
	return (results_take(w, PQsendQuery(w->db, sql), NULL, NULL));
}

/* Returns the highest parameter number in a statement. The server rejects unused parameters, whose type it cannot infer. */
static int
params_count(const char *sql)
{
	const char	*p;
	int		n, most = 0;

	for (p = sql; (p = strchr(p, '$')) != NULL; p++) {
		if ((n = atoi(p + 1)) > most && n <= PARAMS_MAX)
			most = n;
	}

	return (most);
}

static int
statement_run(struct pg_sync *w, const char *sql, int nparams, const char *const *params, int (*row)(void *, const PGresult *), void *ctx)
{
	int	n = params_count(sql), sent;

	if (n > nparams)
		n = nparams;
	sent = PQsendQueryParams(w->db, sql, n, NULL, params, NULL, NULL, 0) && (row == NULL || PQsetSingleRowMode(w->db));

	return (results_take(w, sent, row, ctx));
}

/* Runs the statements of a file. row receives the rows of the last one. */
static int
file_run(struct pg_sync *w, const char *name, int nparams, const char *const *params, int (*row)(void *, const PGresult *), void *ctx)
{
	const struct embed_file	*file;
	const char		*text;
	char			path[128], *sql, *next;
	int			ok = 1;

	snprintf(path, sizeof(path), SCRIPT_FOLDER "%s.sql", name);
	if ((file = embed_find(path)) == NULL)
		fatalx("%s does not exist", path);
	w->state[0] = '\0';
	text = file->data;
	for (sql = script_next(&text); ok && sql != NULL; sql = next) {
		next = script_next(&text);
		ok = statement_run(w, sql, nparams, params, next == NULL ? row : NULL, ctx);
		free(sql);
	}
	free(sql);

	return (ok);
}

const PGresult *
pg_sync_query(struct pg_sync *w, const char *name, int nparams, const char *const *params)
{
	return (file_run(w, name, nparams, params, NULL, NULL) ? w->res : NULL);
}

int
pg_sync_each(struct pg_sync *w, const char *name, int nparams, const char *const *params, int (*row)(void *, const PGresult *), void *ctx)
{
	return (file_run(w, name, nparams, params, row, ctx));
}
