/*
 * Work after a restore of the database to an earlier time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "objects_audit.h"
#include "restored.h"
#include "store/objects.h"
#include "store/pg_sync.h"

#define TIMEOUT_MS	600000

static int
database_failed(struct pg_sync *db)
{
	fprintf(stderr, "wanzami: database error: %s\n", db->error);
	pg_sync_close(db);

	return (0);
}

/* Returns 0 after a message. */
static int
database_prepare(void)
{
	struct pg_sync	db = { 0 };
	const PGresult	*rows;

	if (!pg_sync_open(&db, conf_str(CONF_DATABASE_URL), TIMEOUT_MS) || (rows = pg_sync_query(&db, "ops/processes", 0, NULL)) == NULL)
		return (database_failed(&db));
	if (atoi(PQgetvalue(rows, 0, 0)) > 0) {
		fprintf(stderr, "wanzami: nothing was changed: processes of the service have %s connections to this database; stop them first\n",
		    PQgetvalue(rows, 0, 0));
		pg_sync_close(&db);
		return (0);
	}
	if ((rows = pg_sync_query(&db, "ops/restored", 0, NULL)) == NULL)
		return (database_failed(&db));
	printf("ids         %s sequences skip the numbers that may have been given out after the restore time\n", PQgetvalue(rows, 0, 0));
	printf("sessions    %s ended; everybody signs in again\n", PQgetvalue(rows, 0, 1));
	printf("mail        %s waiting mails are held; docs/mail.md says how to look at them and send them\n", PQgetvalue(rows, 0, 2));
	pg_sync_close(&db);

	return (1);
}

static void
missing_print(const char *key, const char *row)
{
	printf("missing     %s (%s)\n", key, row);
}

/* Returns 0 if objects are missing, or after a message. */
static int
objects_print(void)
{
	struct objects_audit	a;

	if (!objects_enabled()) {
		printf("objects     not checked: set S3_BUCKET or MEDIA_DIR\n");
		return (1);
	}
	if (!objects_audit(&a, missing_print)) {
		fprintf(stderr, "wanzami: %s; repeat the check with wanzami doctor --objects\n", a.error);
		return (0);
	}
	printf("objects     %ld of %ld that rows name are missing\n", a.missing, a.named);

	return (a.missing == 0);
}

int
restored_run(void)
{
	return (!(database_prepare() && objects_print()));
}
