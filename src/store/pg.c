/*
 * Pipelined connections to PostgreSQL, the queue of calls that wait for one, and
 * a timer that enforces the timeouts.
 */
#include <sys/epoll.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "base/work.h"
#include "store/pg.h"
#include "store/pg_files.h"
#include "store/pg_host.h"
#include "store/pg_notice.h"
#include "store/pg_url.h"
#include "versions.h"

#define PG_FAST_CONNECTIONS	2
#define PG_CONNECTIONS		(PG_FAST_CONNECTIONS + 1)	/* the last one is for PG_SLOW and is opened on first use */
#define PG_PREPARES_MAX		32	/* new statements of one call */
#define PG_TRIES		3	/* attempts of a call, after a deadlock or a serialization failure */
#define RESULT_BLOCK		2048	/* bytes; libpq's PGRESULT_DATA_BLOCKSIZE */
#define RESULT_BLOCKS		32
#define JSONB_OID		3802
#define PG_TIMEOUT_MS		15000	/* statement_timeout of the server */
#define PG_WAIT_MS		3000	/* time in the queue for a connection */
#define PG_GRACE_MS		5000	/* after PG_TIMEOUT_MS, until the connection is closed */
#define PG_TICK_MS		250
#define PG_RETRY_MIN_MS		100
#define PG_RETRY_MAX_MS		5000

struct call {
	const struct pg_file	*files[PG_FILES_MAX];
	int			nfiles;
	const Oid		*types;		/* of the parameters; NULL: the server infers them */
	int			nparams;
	char			*params[PG_PARAMS_MAX];
	size_t			preparing[PG_PREPARES_MAX];	/* statements that are prepared with this call */
	int			nprepares;
	int			prepared;	/* how many of them the server has acknowledged */
	enum pg_lane		lane;
	int			tries;
	u_int64_t		asked, sent;	/* ms */
	int64_t			begun;		/* counter_clock() when the call was made */
	u_int64_t		since;		/* ms: start of the current timeout */
	PGresult		*res;
	pg_done			done;
	void			*arg;
	TAILQ_ENTRY(call)	list;
};

TAILQ_HEAD(call_list, call);

enum conn_state { CONN_UNWANTED, CONN_DOWN, CONN_RESOLVING, CONN_CONNECTING, CONN_READY };

struct conn {
	struct kore_event	evt;		/* first: Kore passes a pointer to it */
	enum conn_state		state;
	PGconn			*db;
	struct pg_host		where;		/* written by a thread in CONN_RESOLVING */
	char			password[SECRET_FILE_MAX];	/* of DATABASE_PASSWORD_FILE, likewise; "" without one */
	int			found;
	u_int64_t		since;		/* ms: when this state began */
	u_int64_t		retry_ms;
	u_int8_t		*prepared;	/* a flag for each of the first nprepared statements */
	size_t			nprepared;
	int			watched;	/* events requested from epoll: EPOLLIN, EPOLLOUT */
	int			read_only;	/* the server has refused to write */
	int			unsent;		/* libpq's buffer holds calls that are flushed at the end of this iteration */
	struct call_list	sent;
	size_t			nsent;
};

static struct conn		conns[PG_CONNECTIONS];
static struct call_list		waiting[] = { TAILQ_HEAD_INITIALIZER(waiting[PG_FAST]), TAILQ_HEAD_INITIALIZER(waiting[PG_SLOW]) };
static int			flushing = 0;
static void			*kept[RESULT_BLOCKS];
static char			*url;
static char			startup_options[256];
static char			application_name[64];	/* shown in pg_stat_activity; names role and version (wanzami status) */

static void	conn_handle(void *, int);

static void
call_finish(struct call *c, const char *error, const char *state, int disconnected)
{
	struct pg_outcome	outcome = { .error = error, .state = state, .disconnected = disconnected };
	int			i;

	counter_add(COUNTER_DATABASE_CALLS, 1);
	counter_time(COUNTER_DATABASE_TIME, c->begun);
	if (disconnected)
		counter_add(COUNTER_DATABASE_LOST, 1);
	if (error == NULL)
		outcome.res = c->res;
	c->done(c->arg, &outcome);
	for (i = 0; i < c->nparams; i++)
		free(c->params[i]);
	PQclear(c->res);
	kore_free(c);
}

static enum pg_lane
conn_lane(const struct conn *conn)
{
	return (conn < conns + PG_FAST_CONNECTIONS ? PG_FAST : PG_SLOW);
}

static void
conn_watch(struct conn *conn, int events)
{
	conn->watched = events;
	kore_platform_event_schedule(PQsocket(conn->db), events | EPOLLRDHUP, 0, conn);
}

/* Closes a connection and ends its calls in flight as disconnected. It is opened again after a pause that doubles. */
static void
conn_fail(struct conn *conn, const char *why)
{
	struct call_list	unanswered;
	struct call		*c;
	char			text[256];

	snprintf(text, sizeof(text), "%s", why);
	text[strcspn(text, "\n")] = '\0';
	log_event(LOG_LEVEL_WARN, "database connection lost", LOG_S("error", text));

	PQfinish(conn->db);
	conn->db = NULL;
	conn->state = CONN_DOWN;
	conn->since = kore_time_ms();
	conn->retry_ms = conn->retry_ms * 2 < PG_RETRY_MAX_MS ? conn->retry_ms * 2 : PG_RETRY_MAX_MS;

	TAILQ_INIT(&unanswered);
	TAILQ_CONCAT(&unanswered, &conn->sent, list);
	conn->nsent = 0;
	while ((c = TAILQ_FIRST(&unanswered)) != NULL) {
		TAILQ_REMOVE(&unanswered, c, list);
		call_finish(c, "the database connection was closed before the result", "", 1);
	}
}

static void
conn_start(struct conn *conn)
{
	/* The URL may say otherwise: it is expanded at "dbname" and what follows it takes precedence. */
	const char	*keys[] = { "target_session_attrs", "dbname", "host", "hostaddr", "port", "password", "options", "application_name",
			    "connect_timeout", NULL };
	const char	*values[] = { PG_SESSION_ATTRS, url, conn->where.host, conn->where.hostaddr, conn->where.port, conn->password, startup_options,
			    application_name, "5", NULL };

	conn->state = CONN_CONNECTING;
	conn->since = kore_time_ms();
	conn->read_only = 0;
	if (conn->nprepared > 0)
		memset(conn->prepared, 0, conn->nprepared);
	conn->db = PQconnectStartParams(keys, values, 1);
	pg_notice_log(conn->db);
	explicit_bzero(conn->password, sizeof(conn->password));
	if (PQstatus(conn->db) == CONNECTION_BAD || PQsocket(conn->db) < 0) {
		conn_fail(conn, PQerrorMessage(conn->db));
		return;
	}
	conn_watch(conn, EPOLLOUT);
}

/* Runs on a thread, since the look-up of a host name and the reading of a file block. */
static void
conn_resolve(void *arg)
{
	struct conn	*conn = arg;

	conn->found = pg_host_resolve(&conn->where, url) &&
	    secret_file_read(CONF_DATABASE_PASSWORD_FILE, conn->password, conn->where.error, sizeof(conn->where.error));
}

static void
conn_resolved(void *arg)
{
	struct conn	*conn = arg;

	if (conn->found)
		conn_start(conn);
	else
		conn_fail(conn, conn->where.error);
	pg_host_clear(&conn->where);
}

static void
conn_open(struct conn *conn)
{
	conn->state = CONN_RESOLVING;
	(void)work_run(WORK_LOOKUP, conn_resolve, conn_resolved, conn);
}

static void
conn_flush(struct conn *conn)
{
	int	r, events;

	conn->unsent = 0;
	r = PQflush(conn->db);
	events = r == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN;
	if (r == -1)
		conn_fail(conn, PQerrorMessage(conn->db));
	else if (events != conn->watched)
		conn_watch(conn, events);
}

static void
conns_flush(void *arg, u_int64_t now)
{
	size_t	i;

	(void)arg;
	(void)now;
	flushing = 0;
	for (i = 0; i < PG_CONNECTIONS; i++) {
		if (conns[i].state == CONN_READY && conns[i].unsent)
			conn_flush(&conns[i]);
	}
}

/* Sends the calls of one iteration of the event loop together. */
static void
conn_flush_soon(struct conn *conn)
{
	conn->unsent = 1;
	if (!flushing)
		kore_timer_add(conns_flush, 0, NULL, KORE_TIMER_ONESHOT);
	flushing = 1;
}

static void
statement_name(size_t statement, char out[16])
{
	snprintf(out, 16, "s%zu", statement);
}

/* Makes room for the flags of statements that were loaded since the last call. */
static void
conn_grow(struct conn *conn)
{
	size_t	before = conn->nprepared;

	if ((conn->nprepared = pg_statement_count()) == before)
		return;
	conn->prepared = kore_realloc(conn->prepared, conn->nprepared);
	memset(conn->prepared + before, 0, conn->nprepared - before);
}

/* Prepares a statement that is new to this connection, followed by a sync of its own, so that a later error does not undo it. */
static int
call_prepare(struct conn *conn, struct call *c, size_t statement)
{
	char	name[16];

	if (conn->prepared[statement])
		return (1);
	statement_name(statement, name);
	if (c->nprepares == PG_PREPARES_MAX ||
	    !PQsendPrepare(conn->db, name, pg_statement(statement), c->types != NULL ? c->nparams : 0, c->types) ||
	    !PQsendPipelineSync(conn->db))
		return (0);
	conn->prepared[statement] = 1;
	c->preparing[c->nprepares++] = statement;

	return (1);
}

static int
call_execute(struct conn *conn, struct call *c, size_t statement)
{
	char	name[16];

	statement_name(statement, name);

	return (PQsendQueryPrepared(conn->db, name, c->nparams, (const char *const *)c->params, NULL, NULL, 0));
}

/* Calls step for every statement of a call, until it returns 0. */
static int
call_each(struct conn *conn, struct call *c, int (*step)(struct conn *, struct call *, size_t))
{
	size_t	i;
	int	f;

	for (f = 0; f < c->nfiles; f++) {
		for (i = 0; i < c->files[f]->count; i++) {
			if (!step(conn, c, c->files[f]->first + i))
				return (0);
		}
	}

	return (1);
}

static int
conn_send(struct conn *conn, struct call *c)
{
	conn_grow(conn);
	c->nprepares = c->prepared = 0;
	if (!call_each(conn, c, call_prepare) || !call_each(conn, c, call_execute) || !PQsendPipelineSync(conn->db))
		return (0);
	c->since = c->sent = kore_time_ms();
	TAILQ_INSERT_TAIL(&conn->sent, c, list);
	conn->nsent++;

	return (1);
}

/* Returns the lane's connection with the fewest calls in flight; NULL if none is open. */
static struct conn *
conn_pick(enum pg_lane lane)
{
	struct conn	*best = NULL;
	size_t		i, end = lane == PG_FAST ? PG_FAST_CONNECTIONS : PG_CONNECTIONS;

	for (i = lane == PG_FAST ? 0 : PG_FAST_CONNECTIONS; i < end; i++) {
		if (conns[i].state == CONN_UNWANTED)
			conn_open(&conns[i]);
		if (conns[i].state == CONN_READY && (best == NULL || conns[i].nsent < best->nsent))
			best = &conns[i];
	}

	return (best);
}

static void
calls_send(enum pg_lane lane)
{
	struct conn	*conn;
	struct call	*c;

	while ((c = TAILQ_FIRST(&waiting[lane])) != NULL && (conn = conn_pick(lane)) != NULL) {
		TAILQ_REMOVE(&waiting[lane], c, list);
		if (!conn_send(conn, c)) {
			conn_fail(conn, PQerrorMessage(conn->db));	/* before call_finish(), whose callback may start another call */
			call_finish(c, "the statement could not be sent to the database", "", 1);
			continue;
		}
		conn_flush_soon(conn);
	}
}

static void
conn_step(struct conn *conn)
{
	switch (PQconnectPoll(conn->db)) {
	case PGRES_POLLING_READING:
		conn_watch(conn, EPOLLIN);
		break;
	case PGRES_POLLING_WRITING:
		conn_watch(conn, EPOLLOUT);
		break;
	case PGRES_POLLING_OK:
		if (PQsetnonblocking(conn->db, 1) == -1 || !PQenterPipelineMode(conn->db)) {
			conn_fail(conn, PQerrorMessage(conn->db));
			break;
		}
		conn->state = CONN_READY;
		conn->retry_ms = PG_RETRY_MIN_MS / 2;
		conn_watch(conn, EPOLLIN);
		calls_send(conn_lane(conn));
		break;
	default:
		conn_fail(conn, PQerrorMessage(conn->db));
		break;
	}
}

static int
is_error(const PGresult *res)
{
	return (res != NULL && PQresultStatus(res) == PGRES_FATAL_ERROR);
}

/* Stores a call's first error, or its last result if there is no error. After an error the server skips the rest. */
static void
call_result(struct conn *conn, struct call *c, PGresult *res)
{
	int	preparing = c->prepared < c->nprepares;

	if (preparing && PQresultStatus(res) != PGRES_COMMAND_OK)
		conn->prepared[c->preparing[c->prepared]] = 0;
	if (is_error(c->res) || (preparing && !is_error(res)) || PQresultStatus(res) == PGRES_PIPELINE_ABORTED) {
		PQclear(res);
		return;
	}
	PQclear(c->res);
	c->res = res;
}

static int
is_read_only(const char *state)
{
	return (!strcmp(state, PG_READ_ONLY));
}

/*
 * Queues a call again after a deadlock (40P01), a serialization failure (40001), or
 * if the server is read-only. Returns 0 if it must not be repeated.
 */
static int
call_retry(struct call *c, const char *state)
{
	if ((strcmp(state, "40P01") && strcmp(state, "40001") && !is_read_only(state)) || ++c->tries >= PG_TRIES)
		return (0);
	c->since = kore_time_ms();
	PQclear(c->res);
	c->res = NULL;
	TAILQ_INSERT_TAIL(&waiting[c->lane], c, list);

	return (1);
}

/*
 * Logs a call that took SLOW_QUERY_MS or longer. The statement carries no
 * comment with the trace ID, since each comment would make it a new statement to
 * prepare; time and path in the log relate it to its request.
 */
static void
call_slow(const struct call *c)
{
	int64_t	ms = (int64_t)(kore_time_ms() - c->asked);

	if (conf_int(CONF_SLOW_QUERY_MS) == 0 || ms < conf_int(CONF_SLOW_QUERY_MS))
		return;
	counter_add(COUNTER_DATABASE_SLOW, 1);
	log_event(LOG_LEVEL_WARN, "slow query", LOG_S("statement", c->files[c->nfiles - 1]->name), LOG_I("ms", ms),
	    LOG_I("waited", (int64_t)(c->sent - c->asked)));
}

static void
call_complete(struct conn *conn, struct call *c)
{
	const char	*error, *state;
	struct call	*next;

	TAILQ_REMOVE(&conn->sent, c, list);
	conn->nsent--;
	call_slow(c);
	if ((next = TAILQ_FIRST(&conn->sent)) != NULL)
		next->since = kore_time_ms();	/* the server starts it now */
	if (PQresultStatus(c->res) == PGRES_TUPLES_OK || PQresultStatus(c->res) == PGRES_COMMAND_OK) {
		call_finish(c, NULL, NULL, 0);
		return;
	}
	if ((state = PQresultErrorField(c->res, PG_DIAG_SQLSTATE)) == NULL)
		state = "";
	if (is_read_only(state))
		conn->read_only = 1;
	if (call_retry(c, state))
		return;
	if ((error = PQresultErrorField(c->res, PG_DIAG_MESSAGE_PRIMARY)) == NULL)
		error = c->res != NULL ? PQresultErrorMessage(c->res) : "no result";
	if (!strcmp(state, PG_DISK_FULL))
		counter_raise(COUNTER_DATABASE_FULL_AT, time(NULL));
	if (strncmp(state, "W", 1))	/* a refusal of a statement is not an error */
		counter_add(COUNTER_DATABASE_ERRORS, 1);
	call_finish(c, error, state, is_read_only(state));
}

static void
conn_read(struct conn *conn)
{
	struct call	*c;
	PGresult	*res;
	int		nulls = 0;

	if (!PQconsumeInput(conn->db)) {
		conn_fail(conn, PQerrorMessage(conn->db));
		return;
	}
	/* A NULL ends the results of a statement. Two in a row mean that no more results have arrived. */
	while (conn->state == CONN_READY && (c = TAILQ_FIRST(&conn->sent)) != NULL && nulls < 2 && !PQisBusy(conn->db)) {
		if ((res = PQgetResult(conn->db)) == NULL) {
			nulls++;
			continue;
		}
		nulls = 0;
		if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			if (c->prepared < c->nprepares)
				c->prepared++;
			else
				call_complete(conn, c);
		} else {
			call_result(conn, c, res);
		}
	}
	if (conn->state == CONN_READY && PQstatus(conn->db) == CONNECTION_BAD)
		conn_fail(conn, PQerrorMessage(conn->db));
	else if (conn->state == CONN_READY && conn->read_only)
		conn_fail(conn, "the server is read-only");
	calls_send(conn_lane(conn));
}

static void
conn_handle(void *arg, int error)
{
	struct conn	*conn = arg;
	int		writable;

	writable = conn->evt.flags & KORE_EVENT_WRITE;
	conn->evt.flags = 0;
	(void)error;	/* libpq detects the error and describes it better */
	if (conn->state == CONN_CONNECTING) {
		conn_step(conn);
	} else if (conn->state == CONN_READY) {
		conn_read(conn);
		if (writable && conn->state == CONN_READY)
			conn_flush(conn);
	}
}

static void
conn_tick(struct conn *conn, u_int64_t now)
{
	struct call	*c;

	if (conn->state == CONN_DOWN && now - conn->since >= conn->retry_ms)
		conn_open(conn);
	else if (conn->state == CONN_CONNECTING && now - conn->since > PG_GRACE_MS)
		conn_fail(conn, "timeout while connecting");
	else if ((c = TAILQ_FIRST(&conn->sent)) != NULL && now - c->since > PG_TIMEOUT_MS + PG_GRACE_MS)
		conn_fail(conn, "the server did not respond in time");
}

static void
calls_expire(enum pg_lane lane, u_int64_t now)
{
	struct call	*c;

	while ((c = TAILQ_FIRST(&waiting[lane])) != NULL && now - c->since > PG_WAIT_MS) {
		TAILQ_REMOVE(&waiting[lane], c, list);
		call_finish(c, "no database connection is available", "", 1);
	}
}

static void
gauges_set(void)
{
	const struct call	*c;
	int64_t			ready = 0, sent = 0, wait = 0;
	size_t			i;

	for (i = 0; i < PG_CONNECTIONS; i++) {
		ready += conns[i].state == CONN_READY;
		sent += (int64_t)conns[i].nsent;
	}
	TAILQ_FOREACH(c, &waiting[PG_FAST], list)
		wait++;
	TAILQ_FOREACH(c, &waiting[PG_SLOW], list)
		wait++;
	counter_set(COUNTER_DATABASE_CONNECTIONS, ready);
	counter_set(COUNTER_DATABASE_IN_FLIGHT, sent);
	counter_set(COUNTER_DATABASE_WAITING, wait);
}

/* Uses the current time: ticked is older than calls that other timers of this iteration have started. */
static void
pg_tick(void *arg, u_int64_t ticked)
{
	u_int64_t	now = kore_time_ms();
	size_t		i;

	(void)arg;
	(void)ticked;
	for (i = 0; i < PG_CONNECTIONS; i++)
		conn_tick(&conns[i], now);
	calls_expire(PG_FAST, now);
	calls_expire(PG_SLOW, now);
	gauges_set();
}

/*
 * Keeps memory for results allocated. musl returns a page to the kernel as soon
 * as its last block is freed, which would happen with the first block of each
 * result. Every second block stays allocated; the gaps serve the next results.
 */
static void
blocks_keep(void)
{
	size_t	i;

	for (i = 0; i < RESULT_BLOCKS; i++)
		kept[i] = malloc(RESULT_BLOCK);
	for (i = 0; i < RESULT_BLOCKS; i += 2) {
		free(kept[i]);
		kept[i] = NULL;
	}
}

void
pg_start(const char *database_url)
{
	char	schema[64];
	size_t	i;

	if ((url = pg_url_clean(database_url, schema, sizeof(schema))) == NULL)
		fatalx("%s", PG_URL_WRONG);
	/* To compile a statement takes longer than to execute it: 90 ms of the 130 ms of the dashboard with 5 million events. */
	snprintf(startup_options, sizeof(startup_options), "-c statement_timeout=%d -c jit=off -c TimeZone=UTC -c search_path=%s",
	    PG_TIMEOUT_MS, schema);
	snprintf(application_name, sizeof(application_name), "wanzami %s %s", conf_str(CONF_ROLE), WANZAMI_VERSION);
	pg_files_list();
	blocks_keep();

	for (i = 0; i < PG_CONNECTIONS; i++) {
		conns[i].evt.handle = conn_handle;
		conns[i].evt.type = KORE_TYPE_PGSQL_CONN;
		conns[i].retry_ms = PG_RETRY_MIN_MS / 2;
		TAILQ_INIT(&conns[i].sent);
		if (i < PG_FAST_CONNECTIONS)
			conn_open(&conns[i]);
	}
	kore_timer_add(pg_tick, PG_TICK_MS, NULL, 0);
}

static void
call_start(struct call *c, int nparams, const char *const *params, pg_done done, void *arg)
{
	int	i;

	c->since = c->asked = kore_time_ms();
	c->begun = counter_clock();
	c->done = done;
	c->arg = arg;
	c->nparams = nparams;
	for (i = 0; i < nparams; i++)
		c->params[i] = params[i] != NULL ? strdup(params[i]) : NULL;

	TAILQ_INSERT_TAIL(&waiting[c->lane], c, list);
	calls_send(c->lane);
}

static void
query_start(enum pg_lane lane, const char *name, int nparams, const char *const *params, pg_done done, void *arg)
{
	struct call	*c = kore_calloc(1, sizeof(*c));

	c->files[c->nfiles++] = pg_file_find(name);
	c->lane = lane;
	call_start(c, nparams, params, done, arg);
}

void
pg_query(const char *name, int nparams, const char *const *params, pg_done done, void *arg)
{
	query_start(PG_FAST, name, nparams, params, done, arg);
}

void
pg_query_slow(const char *name, int nparams, const char *const *params, pg_done done, void *arg)
{
	query_start(PG_SLOW, name, nparams, params, done, arg);
}

void
pg_transact(enum pg_lane lane, int n, const char *const *names, const char *first, const char *second, pg_done done, void *arg)
{
	static const Oid	types[] = { JSONB_OID, JSONB_OID };
	struct call		*c = kore_calloc(1, sizeof(*c));

	while (c->nfiles < n) {
		c->files[c->nfiles] = pg_file_find(names[c->nfiles]);
		c->nfiles++;
	}
	c->types = types;
	c->lane = lane;
	call_start(c, 2, (const char *[]){ first, second }, done, arg);
}
