/*
 * Timer that runs sql/query/queue/sweep.sql.
 */
#include <stdlib.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/role.h"
#include "store/pg.h"
#include "store/queue.h"
#include "transcode/sweep.h"

static int	sweeping = 0;

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
	lost = atoi(PQgetvalue(outcome->res, 0, 0));
	adopted = atoi(PQgetvalue(outcome->res, 0, 1));
	if (lost > 0 || adopted > 0)
		log_event(LOG_LEVEL_WARN, "transcode jobs queued by the sweep", LOG_I("lost", lost), LOG_I("adopted", adopted));
	if (adopted > 0 || atoi(PQgetvalue(outcome->res, 0, 2)) > 0)
		queue_wake();
}

static void
sweep_tick(void *arg, u_int64_t now)
{
	const char	*params[] = { "", conf_str(CONF_TRANSCODE_LEASE_MS), conf_str(CONF_TRANSCODE_RETRY_MS) };

	(void)arg;
	(void)now;
	if (sweeping || role_draining())
		return;
	sweeping = 1;
	pg_query("queue/sweep", 3, params, sweep_done, NULL);
}

void
sweep_start(void)
{
	kore_timer_add(sweep_tick, (u_int64_t)conf_int(CONF_QUEUE_SWEEP_MS), NULL, 0);
}
