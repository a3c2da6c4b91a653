/*
 * Upkeep of the events (docs/database.md#events), in batches, each a transaction:
 * the job can be killed at any time and goes on where it was. It unlinks the events
 * of what was deleted, deletes old ones and keeps the counts of wanzami.event_hour.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cron/cron_job.h"

#define UNLINK_BATCH	"2000"
#define COUNT_BATCH	"100000"
#define EXPIRE_BATCH	5000
#define EXPIRE_BATCHES	100	/* in a run, so that unlinking and counting go on meanwhile */

/* Unlinks or deletes the events of all rows in wanzami.event_unlink. */
static int
events_unlink(struct job_run *run)
{
	const PGresult	*rows;
	char		kind[16] = "", id[24] = "0";
	int64_t		events = 0, n;

	while (!job_canceled(run)) {
		if ((rows = job_sql(run, "events/unlink", 3, (const char *[]){ kind, id, UNLINK_BATCH })) == NULL)
			return (0);
		if (PQntuples(rows) == 0)
			break;
		events += n = strtoll(PQgetvalue(rows, 0, 2), NULL, 10);
		if (n > 0)	/* perhaps not all of these rows */
			continue;
		snprintf(kind, sizeof(kind), "%s", PQgetvalue(rows, 0, 0));
		snprintf(id, sizeof(id), "%s", PQgetvalue(rows, 0, 1));
	}
	job_count(run, "unlinked", events);

	return (1);
}

/* Deletes the events that are older than EVENT_RETENTION_DAYS. */
static int
events_expire(struct job_run *run)
{
	char		batch[12];
	const char	*params[] = { conf_str(CONF_EVENT_RETENTION_DAYS), batch, conf_str(CONF_EVENT_EXPORT_CRON) };
	const PGresult	*rows;
	int64_t		events = 0, n = EXPIRE_BATCH;
	int		i, batches = conf_int(CONF_EVENT_RETENTION_DAYS) > 0 ? EXPIRE_BATCHES : 0;

	snprintf(batch, sizeof(batch), "%d", EXPIRE_BATCH);
	for (i = 0; i < batches && n == EXPIRE_BATCH && !job_canceled(run); i++) {
		if ((rows = job_sql(run, "events/expire", 3, params)) == NULL)
			return (0);
		events += n = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
	}
	job_count(run, "expired", events);

	return (1);
}

/* Counts the events that were stored before there were counts. */
static int
events_count(struct job_run *run)
{
	const PGresult	*rows;

	while (!job_canceled(run)) {
		if ((rows = job_sql(run, "events/count", 1, (const char *[]){ COUNT_BATCH })) == NULL)
			return (0);
		if (!strcmp(PQgetvalue(rows, 0, 0), "0"))
			break;
	}

	return (job_sql(run, "events/fold", 0, NULL) != NULL);
}

JOB("event-cleanup", CONF_EVENT_CLEANUP_CRON, event_cleanup, "Unlinks the events of what was deleted, deletes old events, and keeps the counts of events.");

static enum job_outcome
event_cleanup(struct job_run *run)
{
	if (!events_unlink(run))
		return (job_failed(run, "events cannot be unlinked"));
	if (!events_expire(run))
		return (job_failed(run, "old events cannot be deleted"));
	if (!events_count(run))
		return (job_failed(run, "events cannot be counted"));

	return (JOB_OK);
}
