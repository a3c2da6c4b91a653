/*
 * Output of wanzami.status() and of the local health check.
 */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "health_probe.h"
#include "status.h"
#include "store/pg_sync.h"
#include "versions.h"

#define TIMEOUT_MS	10000

static int
database_print(void)
{
	struct pg_sync	db = { 0 };
	const PGresult	*rows = NULL;
	const char	*section = "";
	int		i;

	if (pg_sync_open(&db, conf_str(CONF_DATABASE_URL), TIMEOUT_MS))
		rows = pg_sync_query(&db, "ops/status", 0, NULL);
	if (rows == NULL) {
		fprintf(stderr, "wanzami: database error: %s\n", db.error);
		pg_sync_close(&db);
		return (1);
	}
	for (i = 0; i < PQntuples(rows); i++) {
		if (strcmp(section, PQgetvalue(rows, i, 0)))
			printf("\n%s\n", section = PQgetvalue(rows, i, 0));
		printf("  %-28s  %s\n", PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2));
	}
	pg_sync_close(&db);

	return (0);
}

int
status_print(void)
{
	char	url[64];
	int	local;

	snprintf(url, sizeof(url), "http://127.0.0.1:%s/health/ready", conf_str(CONF_PORT));
	printf("This machine\n  %-28s  %s\n", "program", WANZAMI_VERSION);
	fflush(stdout);
	if ((local = probe_run(url, TIMEOUT_MS)) == 0)
		printf("  %-28s  ready\n", url);

	return (database_print() | local);
}
