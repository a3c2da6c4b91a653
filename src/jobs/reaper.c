/*
 * A timer around sql/query/uploads/reap.sql.
 */
#include <stdlib.h>

#include <kore/kore.h>

#include "base/log.h"
#include "jobs/reaper.h"
#include "role.h"
#include "store/pg.h"

#define EVERY_MS	3600000
#define AGAIN_MS	10000	/* when the database was not there */

static void	reaper_tick(void *, u_int64_t);

static void
reaped(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	if (outcome->error != NULL && outcome->lost)
		kore_timer_add(reaper_tick, AGAIN_MS, NULL, KORE_TIMER_ONESHOT);
	else if (outcome->error != NULL)
		log_event(LOG_LEVEL_ERROR, "idle uploads cannot be given up", LOG_S("error", outcome->error));
	else if (atoi(PQgetvalue(outcome->res, 0, 0)) > 0)
		log_event(LOG_LEVEL_INFO, "idle uploads were given up", LOG_I("uploads", atoi(PQgetvalue(outcome->res, 0, 0))));
}

static void
reaper_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	if (!role_draining())
		pg_query("uploads/reap", 0, NULL, reaped, NULL);
}

void
reaper_start(void)
{
	reaper_tick(NULL, 0);
	kore_timer_add(reaper_tick, EVERY_MS, NULL, 0);
}
