/*
 * Runs the migrations and applies the functions over one blocking connection.
 * The decisions (pending, changed, newer) are SQL, in sql/migrate.sql.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>
#include <kore/kore.h>

#include "base/embed.h"
#include "base/json.h"
#include "base/log.h"
#include "store/migrate.h"
#include "store/pg_sync.h"
#include "store/pg_url.h"
#include "store/script.h"

#include "versions.h"

#define SESSION_FILE	"sql/migrate.sql"
#define MIGRATE_LOCK	"7311094562301"	/* any number that no other program locks */
#define LOCK_POLL_MS	100
#define TRANSACTION_TRIES	120
#define RETRY_MS	500
#define FOREIGN_KEY_VIOLATION	"23503"

struct migrate {
	PGconn		*db;
	char		*migrations;	/* migrate_files() of both folders */
	char		*functions;
	char		at[128];	/* of the last error: the file or the step */
	char		error[512];	/* one line */
	char		state[6];	/* SQLSTATE, "" without one */
};

static int
failed(struct migrate *m, const char *at, const PGresult *res)
{
	const char	*why = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char	*row = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL);
	size_t		len;

	snprintf(m->at, sizeof(m->at), "%s", at);
	snprintf(m->error, sizeof(m->error), "%s", why != NULL ? why : PQerrorMessage(m->db));
	m->error[strcspn(m->error, "\n")] = '\0';
	len = strlen(m->error);
	/* A row that refers to a missing one; the detail names it. Other details can hold whole rows. */
	if (state != NULL && !strcmp(state, FOREIGN_KEY_VIOLATION) && row != NULL)
		snprintf(m->error + len, sizeof(m->error) - len, ": %s Delete or correct such rows, then run migrate again.", row);
	snprintf(m->state, sizeof(m->state), "%s", state != NULL ? state : "");

	return (0);
}

/* Returns the rows, which the caller clears, or NULL with the error in m. */
static PGresult *
query(struct migrate *m, const char *at, const char *sql, int nparams, const char *const *params)
{
	PGresult	*res;

	res = PQexecParams(m->db, sql, nparams, NULL, params, NULL, NULL, 0);
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return (res);
	failed(m, at, res);
	PQclear(res);

	return (NULL);
}

/* Runs one or several statements without parameters. */
static int
run(struct migrate *m, const char *at, const char *sql)
{
	PGresult	*res;
	int		ok;

	res = PQexec(m->db, sql);
	ok = PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK || failed(m, at, res);
	PQclear(res);

	return (ok);
}

static void
pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static void
file_append(struct kore_buf *out, const struct embed_file *file, const char *name)
{
	kore_buf_appendf(out, "{\"name\":");
	json_quote(out, name);
	kore_buf_appendf(out, ",\"text\":");
	json_quote(out, file->data);
	kore_buf_append(out, "}", 1);
}

static void
name_append(struct kore_buf *out, const struct embed_file *file, const char *name)
{
	(void)file;
	json_quote(out, name);
}

/* Returns a JSON array with an element for each file of a folder. The caller frees it. */
static char *
files_list(const char *folder, size_t room, void (*append)(struct kore_buf *, const struct embed_file *, const char *name))
{
	const struct embed_file	*files;
	struct kore_buf		out;
	size_t			i, n, len;
	char			*text, *copy;

	kore_buf_init(&out, room);
	files = embed_prefix(folder, &n);
	kore_buf_append(&out, "[", 1);
	for (i = 0; i < n; i++) {
		if (i > 0)
			kore_buf_append(&out, ",", 1);
		append(&out, &files[i], files[i].name + strlen(folder));
	}
	kore_buf_append(&out, "]", 1);
	text = (char *)kore_buf_release(&out, &len);
	copy = strndup(text, len);
	kore_free(text);

	return (copy);
}

char *
migrate_files(const char *folder)
{
	return (files_list(folder, 131072, file_append));
}

char *
migrate_names(void)
{
	return (files_list(MIGRATE_MIGRATIONS, 256, name_append));
}

/*
 * Takes the lock that keeps other processes of `migrate` waiting. They poll: a
 * statement that waits for a lock holds a snapshot, and the process that has
 * the lock cannot create an index concurrently while an older snapshot exists.
 */
static int
lock_take(struct migrate *m)
{
	PGresult	*res;
	int		taken = 0;

	for (;;) {
		if ((res = query(m, "lock", "SELECT pg_try_advisory_lock(" MIGRATE_LOCK ")", 0, NULL)) == NULL)
			return (0);
		taken = *PQgetvalue(res, 0, 0) == 't';
		PQclear(res);
		if (taken)
			return (1);
		pause_ms(LOCK_POLL_MS);
	}
}

/* Unqualified names refer to the schema that DATABASE_URL names; the time zone is UTC. */
static int
session_prepare(struct migrate *m, const char *schema)
{
	const struct embed_file	*file = embed_find(SESSION_FILE);
	char			sql[512], *name;
	int			ok;

	if ((name = PQescapeIdentifier(m->db, schema, strlen(schema))) == NULL)
		return (failed(m, "schema name", NULL));
	snprintf(sql, sizeof(sql), "SET client_min_messages = warning; SET TimeZone = 'UTC'; SET statement_timeout = 0; "
	    "CREATE SCHEMA IF NOT EXISTS %s; SET search_path = %s", name, name);
	PQfreemem(name);
	ok = lock_take(m) && run(m, "session", sql) && run(m, SESSION_FILE, file->data);

	return (ok);
}

static int
migration_record(struct migrate *m, const char *name)
{
	PGresult	*res;

	res = query(m, name, "SELECT pg_temp.migration_record($1, $2)", 2, (const char *[]){ m->migrations, name });
	PQclear(res);

	return (res != NULL);
}

static int
routines_apply(struct migrate *m, int migrated, int *applied)
{
	PGresult	*res;

	res = query(m, "functions", "SELECT pg_temp.routines($1, $2, $3)", 3,
	    (const char *[]){ m->functions, WANZAMI_VERSION, migrated ? "t" : "f" });
	*applied = res != NULL ? atoi(PQgetvalue(res, 0, 0)) : 0;
	PQclear(res);

	return (res != NULL);
}

/* Rows of pg_temp.migrations_pending(). */
static int
pending_concurrent(const PGresult *pending, int i)
{
	return (*PQgetvalue(pending, i, 1) == 't');
}

/* Statements wait for a lock for half a second at most: writers that queue behind them wait no longer. */
static int
transaction_run(struct migrate *m, const PGresult *pending, int *applied)
{
	const char	*name;
	int		i, ok;

	ok = run(m, "transaction", "BEGIN; SET LOCAL lock_timeout = '500ms'");
	for (i = 0; ok && i < PQntuples(pending); i++) {
		name = PQgetvalue(pending, i, 0);
		if (!pending_concurrent(pending, i))
			ok = run(m, name, PQgetvalue(pending, i, 2)) && migration_record(m, name);
	}

	return (ok && routines_apply(m, PQntuples(pending) > 0, applied) && run(m, "transaction", "COMMIT"));
}

/* A transaction that did not get a lock is rolled back and tried again. */
static int
transaction_retry(struct migrate *m, const PGresult *pending)
{
	int	i, try, applied;

	for (try = 1; !transaction_run(m, pending, &applied); try++) {
		PQclear(PQexec(m->db, "ROLLBACK"));
		if (try == TRANSACTION_TRIES || (strcmp(m->state, "55P03") != 0 && strcmp(m->state, "40P01") != 0))
			return (0);
		if (try == 1)
			log_event(LOG_LEVEL_INFO, "migrate waits for a lock and will try again", LOG_S("at", m->at), LOG_S("error", m->error));
		pause_ms(RETRY_MS);
	}
	for (i = 0; i < PQntuples(pending); i++) {
		if (!pending_concurrent(pending, i))
			log_event(LOG_LEVEL_INFO, "migrated", LOG_S("file", PQgetvalue(pending, i, 0)));
	}
	if (applied > 0)
		log_event(LOG_LEVEL_INFO, "functions applied", LOG_I("count", applied));

	return (1);
}

/* Creates the index, unless a later migration has removed its table or column. */
static int
index_create(struct migrate *m, const char *file, const char *name, const char *sql)
{
	if (run(m, file, sql)) {
		log_event(LOG_LEVEL_INFO, "index ready", LOG_S("file", file), LOG_S("index", name));
		return (1);
	}
	if (strcmp(m->state, "42P01") != 0 && strcmp(m->state, "42703") != 0)
		return (0);
	log_event(LOG_LEVEL_WARN, "index skipped", LOG_S("file", file), LOG_S("index", name), LOG_S("error", m->error));

	return (1);
}

static int
index_step(struct migrate *m, const char *file, const char *sql)
{
	PGresult	*plan;
	int		ok = 1;

	plan = query(m, file, "SELECT name, first, run FROM pg_temp.index_plan($1)", 1, (const char *[]){ sql });
	if (plan == NULL)
		return (0);
	if (!PQgetisnull(plan, 0, 1))
		ok = run(m, file, PQgetvalue(plan, 0, 1));
	if (ok && *PQgetvalue(plan, 0, 2) == 't')
		ok = index_create(m, file, PQgetvalue(plan, 0, 0), sql);
	PQclear(plan);

	return (ok);
}

/* The statements of a concurrent migration, each by itself. After a kill the next run begins the file again and finds what exists. */
static int
concurrent_run(struct migrate *m, const char *name, const char *text)
{
	char	*sql;
	int	ok = 1;

	while (ok && (sql = script_next(&text)) != NULL) {
		ok = index_step(m, name, sql);
		free(sql);
	}
	if (!ok || !migration_record(m, name))
		return (0);
	log_event(LOG_LEVEL_INFO, "migrated", LOG_S("file", name));

	return (1);
}

static int
pending_run(struct migrate *m)
{
	PGresult	*pending;
	int		i, ok;

	pending = query(m, "migrations", "SELECT name, concurrent, content FROM pg_temp.migrations_pending($1)", 1, (const char *[]){ m->migrations });
	if (pending == NULL)
		return (0);
	ok = transaction_retry(m, pending);
	for (i = 0; ok && i < PQntuples(pending); i++) {
		if (pending_concurrent(pending, i))
			ok = concurrent_run(m, PQgetvalue(pending, i, 0), PQgetvalue(pending, i, 2));
	}
	PQclear(pending);

	return (ok);
}

/* A newer release may have replaced functions that this one has, too: an old process that restarts must not put its own back. */
static int
release_newer(struct migrate *m, int *newer)
{
	PGresult	*res;

	res = query(m, "release", "SELECT pg_temp.newer_release($1, $2)", 2, (const char *[]){ m->migrations, WANZAMI_VERSION });
	if (res == NULL)
		return (0);
	*newer = !PQgetisnull(res, 0, 0);
	if (*newer)
		log_event(LOG_LEVEL_WARN, "the database belongs to a newer release; migrate has changed nothing",
		    LOG_S("release", PQgetvalue(res, 0, 0)), LOG_S("this", WANZAMI_VERSION));
	PQclear(res);

	return (1);
}

int
migrate_run(const char *database_url)
{
	struct migrate	m = { 0 };
	char		schema[64], *url;
	int		ok, newer = 0;

	if ((url = pg_url_clean(database_url, schema, sizeof(schema))) == NULL) {
		log_event(LOG_LEVEL_ERROR, PG_URL_WRONG);
		return (1);
	}
	m.migrations = migrate_files(MIGRATE_MIGRATIONS);
	m.functions = migrate_files(MIGRATE_FUNCTIONS);
	snprintf(m.at, sizeof(m.at), "connect");
	m.db = pg_sync_plain(url, m.error, sizeof(m.error));
	free(url);

	ok = m.db != NULL && session_prepare(&m, schema) && release_newer(&m, &newer) && (newer || pending_run(&m));
	if (!ok)
		log_event(LOG_LEVEL_ERROR, "migrate failed", LOG_S("at", m.at), LOG_S("error", m.error));
	PQfinish(m.db);
	free(m.migrations);
	free(m.functions);

	return (ok ? 0 : 1);
}
