/*
 * Timer that runs sql/query/queue/sweep.sql.
 */
#include <stdlib.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/role.h"
#include "store/pg.h"
#include "store/queue.h"
#include "transcode/sweep.h"

/* Columns of the result. */
enum { COLUMN_LOST, COLUMN_ADOPTED, COLUMN_DUE, COLUMN_JOB, COLUMN_FILE, COLUMN_ATTEMPTS, COLUMN_WHY };

static int	sweeping = 0;

void
sweep_log(const PGresult *res)
{
	int	i;

	for (i = 0; i < PQntuples(res); i++) {
		if (PQgetisnull(res, i, COLUMN_JOB))
			continue;
		counter_add(COUNTER_TRANSCODE_JOBS_FAILED, 1);
		log_event(LOG_LEVEL_WARN, "transcode job failed", LOG_S("job", PQgetvalue(res, i, COLUMN_JOB)), LOG_S("file", PQgetvalue(res, i, COLUMN_FILE)),
		    LOG_I("attempts", atoi(PQgetvalue(res, i, COLUMN_ATTEMPTS))), LOG_S("why", PQgetvalue(res, i, COLUMN_WHY)));
	}
}

static void
sweep_done(void *arg, const struct pg_outcome *outcome)
{
	int	lost, adopted;

	(void)arg;
	sweeping = 0;
	if (outcome->error != NULL) {
		if (!outcome->disconnected)
			log_event(LOG_LEVEL_ERROR, "transcode queue sweep failed", LOG_S("error", outcome->error));
		return;
	}
	lost = atoi(PQgetvalue(outcome->res, 0, COLUMN_LOST));
	adopted = atoi(PQgetvalue(outcome->res, 0, COLUMN_ADOPTED));
	if (lost > 0 || adopted > 0)
		log_event(LOG_LEVEL_WARN, "transcode jobs queued by the sweep", LOG_I("lost", lost), LOG_I("adopted", adopted));
	sweep_log(outcome->res);
	if (adopted > 0 || atoi(PQgetvalue(outcome->res, 0, COLUMN_DUE)) > 0)
		queue_wake();
}

static void
sweep_tick(void *arg, u_int64_t now)
{
	const char	*params[] = { "", conf_str(CONF_TRANSCODE_LEASE_MS), conf_str(CONF_TRANSCODE_RETRY_MS), "", "f" };

	(void)arg;
	(void)now;
	if (sweeping || role_draining())
		return;
	sweeping = 1;
	pg_query("queue/sweep", 5, params, sweep_done, NULL);
}

void
sweep_start(void)
{
	kore_timer_add(sweep_tick, (u_int64_t)conf_int(CONF_QUEUE_SWEEP_MS), NULL, 0);
}
