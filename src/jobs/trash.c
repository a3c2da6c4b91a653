/*
 * Claims one object at a time, removes it on a task thread, and strikes it
 * off. What was never finished has its multipart uploads ended first.
 */
#include <stdio.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/log.h"
#include "jobs/trash.h"
#include "role.h"
#include "store/objects.h"
#include "store/pg.h"

/* The one object that this process is removing. The task thread's while it works. */
static struct {
	int			busy;
	char			key[OBJECTS_KEY_MAX + 1];
	int			unfinished;
	enum objects_result	result;
	struct objects_call	call;
} item;

static void	trash_claim(void);

static void
settled(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	item.busy = 0;
	if (outcome->error == NULL)
		trash_claim();
	else if (!outcome->lost)
		log_event(LOG_LEVEL_ERROR, "trash: its outcome was not accepted", LOG_S("error", outcome->error));
}

static void
removed(void *arg)
{
	const char	*params[] = { item.key, item.result == OBJECTS_OK ? NULL : item.call.error };

	(void)arg;
	if (item.result != OBJECTS_OK)
		log_event(LOG_LEVEL_WARN, "an object could not be removed", LOG_S("key", item.key), LOG_S("error", item.call.error));
	pg_query("trash/settle", 2, params, settled, NULL);
}

static void
item_remove(void *arg)
{
	(void)arg;
	memset(&item.call, 0, sizeof(item.call));
	item.result = item.unfinished ? objects_abort_all(item.key, &item.call) : OBJECTS_OK;
	if (item.result == OBJECTS_OK)
		item.result = objects_delete(item.key, &item.call);
}

static void
claimed(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	if (outcome->error != NULL || PQntuples(outcome->res) == 0) {
		item.busy = 0;
		if (outcome->error != NULL && !outcome->lost)
			log_event(LOG_LEVEL_ERROR, "trash cannot be read", LOG_S("error", outcome->error));
		return;
	}
	snprintf(item.key, sizeof(item.key), "%s", PQgetvalue(outcome->res, 0, 0));
	item.unfinished = *PQgetvalue(outcome->res, 0, 1) == 't';
	objects_run(item_remove, removed, NULL);
}

static void
trash_claim(void)
{
	if (item.busy || role_draining())
		return;
	item.busy = 1;
	pg_query("trash/claim", 0, NULL, claimed, NULL);
}

static void
trash_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	trash_claim();
}

void
trash_start(void)
{
	if (objects_enabled())
		kore_timer_add(trash_tick, (u_int64_t)conf_int(CONF_QUEUE_SWEEP_MS), NULL, 0);
}
