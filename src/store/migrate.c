/*
 * Runs the files of sql/schema in the order of their names over one blocking
 * connection.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/embed.h"
#include "base/log.h"
#include "store/migrate.h"
#include "store/pg_url.h"

#define SCHEMA_FOLDER	"sql/schema/"
#define CONNECT_SEC	"30"	/* unless DATABASE_URL says otherwise */
#define MIGRATE_LOCK	"7311094562301"	/* any number that nobody else locks */

static int
failed(PGconn *db, const char *what)
{
	char	text[512];

	snprintf(text, sizeof(text), "%s", PQerrorMessage(db));
	text[strcspn(text, "\n")] = '\0';
	log_event(LOG_LEVEL_ERROR, "migrate failed", LOG_S("at", what), LOG_S("error", text));

	return (0);
}

static int
statement(PGconn *db, const char *what, const char *sql)
{
	PGresult	*res;
	int		ok;

	res = PQexec(db, sql);
	ok = PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK;
	PQclear(res);

	return (ok || failed(db, what));
}

/* Where unqualified names go: the schema that DATABASE_URL names, and UTC whatever the server thinks. */
static int
session_prepare(PGconn *db, const char *schema)
{
	char	sql[512], *name;
	int	ok;

	if ((name = PQescapeIdentifier(db, schema, strlen(schema))) == NULL)
		return (failed(db, "schema name"));
	snprintf(sql, sizeof(sql), "SET client_min_messages = warning; SET TimeZone = 'UTC'; SET lock_timeout = '30s'; "
	    "CREATE SCHEMA IF NOT EXISTS %s; SET search_path = %s", name, name);
	PQfreemem(name);

	ok = statement(db, "session", sql);

	return (ok && statement(db, "lock", "SELECT pg_advisory_lock(" MIGRATE_LOCK ")") &&
	    statement(db, "own tables", "CREATE SCHEMA IF NOT EXISTS wanzami; "
	    "CREATE TABLE IF NOT EXISTS wanzami.migration ("
	    "name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"));
}

static int
file_applied(PGconn *db, const char *name, int *applied)
{
	PGresult	*res;
	int		ok;

	res = PQexecParams(db, "SELECT 1 FROM wanzami.migration WHERE name = $1", 1, NULL,
	    (const char *[]){ name }, NULL, NULL, 0);
	ok = PQresultStatus(res) == PGRES_TUPLES_OK;
	*applied = ok && PQntuples(res) > 0;
	PQclear(res);

	return (ok || failed(db, name));
}

static int
file_apply(PGconn *db, const struct embed_file *file)
{
	PGresult	*res;
	const char	*name = file->name + sizeof(SCHEMA_FOLDER) - 1;
	int		applied, ok;

	if (!file_applied(db, name, &applied))
		return (0);
	if (applied)
		return (1);

	ok = statement(db, name, "BEGIN") && statement(db, name, file->data);
	if (ok) {
		res = PQexecParams(db, "INSERT INTO wanzami.migration (name) VALUES ($1)", 1, NULL,
		    (const char *[]){ name }, NULL, NULL, 0);
		ok = PQresultStatus(res) == PGRES_COMMAND_OK || failed(db, name);
		PQclear(res);
	}
	if (!ok || !statement(db, name, "COMMIT"))
		return (0);
	log_event(LOG_LEVEL_INFO, "migrated", LOG_S("file", name));

	return (1);
}

int
migrate_run(const char *database_url)
{
	const struct embed_file	*files;
	PGconn			*db;
	char			schema[64], *url;
	size_t			i, count;
	int			ok;

	if ((url = pg_url_clean(database_url, schema, sizeof(schema))) == NULL) {
		log_event(LOG_LEVEL_ERROR, "DATABASE_URL must be set and begin with postgresql://");
		return (1);
	}

	db = PQconnectdbParams((const char *[]){ "connect_timeout", "dbname", NULL }, (const char *[]){ CONNECT_SEC, url, NULL }, 1);
	free(url);
	ok = PQstatus(db) == CONNECTION_OK || failed(db, "connect");
	ok = ok && session_prepare(db, schema);
	files = embed_prefix(SCHEMA_FOLDER, &count);
	for (i = 0; ok && i < count; i++)
		ok = file_apply(db, &files[i]);
	PQfinish(db);

	return (ok ? 0 : 1);
}
