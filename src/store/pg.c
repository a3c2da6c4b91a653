/*
 * A few pipelined connections, the calls that wait for one, and a tick that
 * makes sure that nobody waits for ever.
 */
#include <sys/epoll.h>
#include <sys/queue.h>

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/embed.h"
#include "base/log.h"
#include "base/work.h"
#include "store/pg.h"
#include "store/pg_host.h"
#include "store/pg_url.h"
#include "store/script.h"
#include "versions.h"

#define PG_FAST_CONNECTIONS	2
#define PG_CONNECTIONS		(PG_FAST_CONNECTIONS + 1)	/* the last is for slow statements, and made when there is one */
#define PG_PREPARES_MAX		32	/* statements of one call */
#define PG_TRIES		3	/* of a call that the server asks to repeat */
#define RESULT_BLOCK		2048	/* bytes, libpq's PGRESULT_DATA_BLOCKSIZE */
#define RESULT_BLOCKS		32
#define JSONB_OID		3802
#define PG_TIMEOUT_MS		15000	/* a statement, in the server */
#define PG_WAIT_MS		3000	/* for a connection, before 503 */
#define PG_GRACE_MS		5000	/* past PG_TIMEOUT_MS a silent server counts as gone */
#define PG_TICK_MS		250
#define PG_RETRY_MIN_MS		100
#define PG_RETRY_MAX_MS		5000

/* One file of SCRIPT_FOLDER; its statements are known to a connection by their place among all. */
struct file {
	const char		*name;
	size_t			first;
	size_t			count;
};

struct call {
	const struct file	*files[PG_FILES_MAX];
	int			nfiles;
	const Oid		*types;		/* of the parameters; NULL lets the server find out */
	int			nparams;
	char			*params[PG_PARAMS_MAX];
	size_t			preparing[PG_PREPARES_MAX];	/* statements that go out with it for the first time */
	int			nprepares;
	int			prepared;	/* how many of them have been answered */
	enum pg_lane		lane;
	int			tries;
	u_int64_t		asked, sent;
	u_int64_t		since;		/* when it was asked, then when it was sent */
	PGresult		*res;
	pg_done			done;
	void			*arg;
	TAILQ_ENTRY(call)	list;
};

TAILQ_HEAD(call_list, call);

enum conn_state { CONN_UNWANTED, CONN_DOWN, CONN_RESOLVING, CONN_CONNECTING, CONN_READY };

struct conn {
	struct kore_event	evt;		/* first: Kore hands us its address */
	enum conn_state		state;
	PGconn			*db;
	struct pg_host		where;		/* found by a thread while CONN_RESOLVING */
	int			found;
	u_int64_t		since;		/* of this state */
	u_int64_t		retry_ms;
	u_int8_t		*prepared;	/* one flag a statement */
	int			watched;	/* what the loop looks out for: EPOLLIN, EPOLLOUT */
	int			unsent;		/* calls wait in libpq's buffer for the end of this turn */
	struct call_list	sent;
	size_t			nsent;
};

static struct conn		conns[PG_CONNECTIONS];
static struct call_list		waiting[] = { TAILQ_HEAD_INITIALIZER(waiting[PG_FAST]), TAILQ_HEAD_INITIALIZER(waiting[PG_SLOW]) };
static struct file		*files;
static size_t			nfiles;
static char			**statements;
static size_t			nstatements;
static int			flushing = 0;
static void			*kept[RESULT_BLOCKS];
static char			*url;
static char			startup_options[256];
static char			program[64];	/* by which the database tells our processes apart (sql/schema/0011_status.sql) */

static void	conn_handle(void *, int);

static void
call_finish(struct call *c, const char *error, const char *state, int lost)
{
	struct pg_outcome	outcome = { .error = error, .state = state, .lost = lost };
	int			i;

	counter_add(COUNTER_DATABASE_CALLS, 1);
	if (lost)
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

/* Everything in flight ends here: whether it took effect nobody knows, and nobody is kept waiting. */
static void
conn_lose(struct conn *conn, const char *why)
{
	struct call_list	lost;
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

	TAILQ_INIT(&lost);
	TAILQ_CONCAT(&lost, &conn->sent, list);
	conn->nsent = 0;
	while ((c = TAILQ_FIRST(&lost)) != NULL) {
		TAILQ_REMOVE(&lost, c, list);
		call_finish(c, "the connection was lost", "", 1);
	}
}

static void
conn_start(struct conn *conn)
{
	const char	*keys[] = { "dbname", "host", "hostaddr", "port", "options", "application_name", "connect_timeout", NULL };
	const char	*values[] = { url, conn->where.host, conn->where.hostaddr, conn->where.port, startup_options, program, "5", NULL };

	conn->state = CONN_CONNECTING;
	conn->since = kore_time_ms();
	memset(conn->prepared, 0, nstatements);
	conn->db = PQconnectStartParams(keys, values, 1);
	if (PQstatus(conn->db) == CONNECTION_BAD || PQsocket(conn->db) < 0) {
		conn_lose(conn, PQerrorMessage(conn->db));
		return;
	}
	conn_watch(conn, EPOLLOUT);
}

/* On a thread: a name server may take its time. */
static void
conn_resolve(void *arg)
{
	struct conn	*conn = arg;

	conn->found = pg_host_resolve(&conn->where, url);
}

static void
conn_resolved(void *arg)
{
	struct conn	*conn = arg;

	if (conn->found)
		conn_start(conn);
	else
		conn_lose(conn, conn->where.error);
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
		conn_lose(conn, PQerrorMessage(conn->db));
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

/* What one turn of the event loop asks goes out together. */
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

/* What this connection has not seen yet is prepared ahead, each by itself, so that an error later undoes none of it. */
static int
call_prepare(struct conn *conn, struct call *c, size_t statement)
{
	char	name[16];

	if (conn->prepared[statement])
		return (1);
	statement_name(statement, name);
	if (c->nprepares == PG_PREPARES_MAX ||
	    !PQsendPrepare(conn->db, name, statements[statement], c->types != NULL ? c->nparams : 0, c->types) ||
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

/* Does one step for every statement of a call. */
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
	c->nprepares = c->prepared = 0;
	if (!call_each(conn, c, call_prepare) || !call_each(conn, c, call_execute) || !PQsendPipelineSync(conn->db))
		return (0);
	c->since = c->sent = kore_time_ms();
	TAILQ_INSERT_TAIL(&conn->sent, c, list);
	conn->nsent++;

	return (1);
}

/* The connection of a lane with the fewest calls in flight, NULL when none is up. */
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
			conn_lose(conn, PQerrorMessage(conn->db));	/* first: the callback may ask for something itself */
			call_finish(c, "the statement could not be sent", "", 1);
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
			conn_lose(conn, PQerrorMessage(conn->db));
			break;
		}
		conn->state = CONN_READY;
		conn->retry_ms = PG_RETRY_MIN_MS / 2;
		conn_watch(conn, EPOLLIN);
		calls_send(conn_lane(conn));
		break;
	default:
		conn_lose(conn, PQerrorMessage(conn->db));
		break;
	}
}

static int
failed(const PGresult *res)
{
	return (res != NULL && PQresultStatus(res) == PGRES_FATAL_ERROR);
}

/* The first error of a call is its outcome, else its last result; what follows an error was only skipped. */
static void
call_result(struct conn *conn, struct call *c, PGresult *res)
{
	int	preparing = c->prepared < c->nprepares;

	if (preparing && PQresultStatus(res) != PGRES_COMMAND_OK)
		conn->prepared[c->preparing[c->prepared]] = 0;
	if (failed(c->res) || (preparing && !failed(res)) || PQresultStatus(res) == PGRES_PIPELINE_ABORTED) {
		PQclear(res);
		return;
	}
	PQclear(c->res);
	c->res = res;
}

/* The server undid it through no fault of its own: a deadlock, a conflict of serialisable transactions. */
static int
call_again(struct call *c, const char *state)
{
	if ((strcmp(state, "40P01") && strcmp(state, "40001")) || ++c->tries >= PG_TRIES)
		return (0);
	PQclear(c->res);
	c->res = NULL;
	TAILQ_INSERT_TAIL(&waiting[c->lane], c, list);

	return (1);
}

/*
 * Which statements, and how long since they were asked for. A comment with the
 * trace would make every statement another one, to be prepared anew; request
 * and statement are joined by their times and by the path in the log.
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
		next->since = kore_time_ms();	/* the server begins with it now */
	if (PQresultStatus(c->res) == PGRES_TUPLES_OK || PQresultStatus(c->res) == PGRES_COMMAND_OK) {
		call_finish(c, NULL, NULL, 0);
		return;
	}
	if ((state = PQresultErrorField(c->res, PG_DIAG_SQLSTATE)) == NULL)
		state = "";
	if (call_again(c, state))
		return;
	if ((error = PQresultErrorField(c->res, PG_DIAG_MESSAGE_PRIMARY)) == NULL)
		error = c->res != NULL ? PQresultErrorMessage(c->res) : "no result";
	if (strncmp(state, "W", 1))	/* what statements refuse is no error */
		counter_add(COUNTER_DATABASE_ERRORS, 1);
	call_finish(c, error, state, 0);
}

static void
conn_read(struct conn *conn)
{
	struct call	*c;
	PGresult	*res;
	int		nothing = 0;

	if (!PQconsumeInput(conn->db)) {
		conn_lose(conn, PQerrorMessage(conn->db));
		return;
	}
	/* One NULL ends the results of a statement; a second one in a row means that nothing more is here. */
	while (conn->state == CONN_READY && (c = TAILQ_FIRST(&conn->sent)) != NULL && nothing < 2 && !PQisBusy(conn->db)) {
		if ((res = PQgetResult(conn->db)) == NULL) {
			nothing++;
			continue;
		}
		nothing = 0;
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
		conn_lose(conn, PQerrorMessage(conn->db));
	calls_send(conn_lane(conn));
}

static void
conn_handle(void *arg, int error)
{
	struct conn	*conn = arg;
	int		writable;

	writable = conn->evt.flags & KORE_EVENT_WRITE;
	conn->evt.flags = 0;
	(void)error;	/* libpq finds out by itself and has the better words */
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
		conn_lose(conn, "no answer while connecting");
	else if ((c = TAILQ_FIRST(&conn->sent)) != NULL && now - c->since > PG_TIMEOUT_MS + PG_GRACE_MS)
		conn_lose(conn, "no answer");
}

static void
calls_expire(enum pg_lane lane, u_int64_t now)
{
	struct call	*c;

	while ((c = TAILQ_FIRST(&waiting[lane])) != NULL && now - c->since > PG_WAIT_MS) {
		TAILQ_REMOVE(&waiting[lane], c, list);
		call_finish(c, "no connection", "", 1);
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

/* Kore's time for this tick is from before the timers that ran ahead of it; a call of theirs would look like a future one. */
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

static void
statements_load(void)
{
	const struct embed_file	*embedded = embed_prefix(SCRIPT_FOLDER, &nfiles);
	const char		*text;
	char			*statement;
	size_t			i;

	files = kore_calloc(nfiles, sizeof(*files));
	for (i = 0; i < nfiles; i++) {
		files[i].name = embedded[i].name + strlen(SCRIPT_FOLDER);
		files[i].first = nstatements;
		text = embedded[i].data;
		while ((statement = script_next(&text)) != NULL) {
			statements = kore_realloc(statements, (nstatements + 1) * sizeof(*statements));
			statements[nstatements++] = statement;
			files[i].count++;
		}
	}
}

/*
 * musl gives pages back as soon as the last block on them is freed, and would
 * do so with the first block of every result. Among these blocks, of which
 * every other stays, the next results find room.
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
		fatalx("DATABASE_URL is not a postgresql:// URL");
	snprintf(startup_options, sizeof(startup_options), "-c statement_timeout=%d -c TimeZone=UTC -c search_path=%s",
	    PG_TIMEOUT_MS, schema);
	snprintf(program, sizeof(program), "wanzami %s %s", conf_str(CONF_ROLE), WANZAMI_VERSION);
	statements_load();
	blocks_keep();

	for (i = 0; i < PG_CONNECTIONS; i++) {
		conns[i].evt.handle = conn_handle;
		conns[i].evt.type = KORE_TYPE_PGSQL_CONN;
		conns[i].retry_ms = PG_RETRY_MIN_MS / 2;
		conns[i].prepared = kore_calloc(nstatements, 1);
		TAILQ_INIT(&conns[i].sent);
		if (i < PG_FAST_CONNECTIONS)
			conn_open(&conns[i]);
	}
	kore_timer_add(pg_tick, PG_TICK_MS, NULL, 0);
}

/* The files are in the order of their names. */
static const struct file *
file_find(const char *name)
{
	size_t	low = 0, high = nfiles, middle, len = strlen(name);
	int	order;

	while (low < high) {
		middle = (low + high) / 2;
		order = strncmp(name, files[middle].name, len);
		if (order == 0)
			order = strcmp(".sql", files[middle].name + len);
		if (order == 0)
			return (&files[middle]);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	fatalx("there is no " SCRIPT_FOLDER "%s.sql", name);
}

static void
call_start(struct call *c, int nparams, const char *const *params, pg_done done, void *arg)
{
	int	i;

	c->since = c->asked = kore_time_ms();
	c->done = done;
	c->arg = arg;
	c->nparams = nparams;
	for (i = 0; i < nparams; i++)
		c->params[i] = params[i] != NULL ? strdup(params[i]) : NULL;

	TAILQ_INSERT_TAIL(&waiting[c->lane], c, list);
	calls_send(c->lane);
}

void
pg_query(const char *name, int nparams, const char *const *params, pg_done done, void *arg)
{
	struct call	*c = kore_calloc(1, sizeof(*c));

	c->files[c->nfiles++] = file_find(name);
	call_start(c, nparams, params, done, arg);
}

void
pg_transact(enum pg_lane lane, int n, const char *const *names, const char *first, const char *second, pg_done done, void *arg)
{
	static const Oid	types[] = { JSONB_OID, JSONB_OID };
	struct call		*c = kore_calloc(1, sizeof(*c));

	while (c->nfiles < n) {
		c->files[c->nfiles] = file_find(names[c->nfiles]);
		c->nfiles++;
	}
	c->types = types;
	c->lane = lane;
	call_start(c, 2, (const char *[]){ first, second }, done, arg);
}
