/*
 * GET /health: whether this process serves; it waits for nothing else. GET
 * /health/ready: whether what it depends on does too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/reply.h"
#include "http/route.h"
#include "store/pg.h"

#define EVERY_ROLE	(ROLE_API | ROLE_TRANSCODE | ROLE_CRON)

static void
health_reply(struct request *r)
{
	const char	*body;

	body = role_draining() ? "{\"status\":\"draining\"}" : "{\"status\":\"ok\"}";
	reply_json(r->kore, role_draining() ? 503 : 200, body, strlen(body));
}

ROUTE(GET, "/health", health_get, .roles = EVERY_ROLE)
{
	health_reply(r);
}

ROUTE(GET, "/api/health", health_get_api, .roles = EVERY_ROLE)
{
	health_reply(r);
}

static void
ready_done(void *arg, const struct pg_outcome *outcome)
{
	struct request	*r = arg;
	char		body[128];
	int		len, ok;

	if (!request_resume(r))
		return;
	ok = outcome->error == NULL && !role_draining();
	len = snprintf(body, sizeof(body), "{\"status\":\"%s\",\"postgres\":{\"state\":\"%s\",\"ms\":%lld}}",
	    ok ? "ready" : "not ready", outcome->error == NULL ? "up" : "down", (long long)(kore_time_ms() - r->since));
	reply_json(r->kore, ok ? 200 : 503, body, (size_t)len);
	request_settle(r);
}

ROUTE(GET, "/health/ready", health_ready, .roles = EVERY_ROLE)
{
	request_wait(r);
	pg_query("health/ready", 0, NULL, ready_done, r);
}
