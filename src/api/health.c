/*
 * GET /health: whether this process serves; it waits for nothing else. GET
 * /health/ready: whether what it depends on does too.
 */
#include <stdio.h>
#include <string.h>

#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"
#include "role.h"

#define EVERY_ROLE	(ROLE_API | ROLE_TRANSCODE | ROLE_CRON)

static int
health_reply(struct http_request *req)
{
	const char	*body;

	body = role_draining() ? "{\"status\":\"draining\"}" : "{\"status\":\"ok\"}";
	reply_json(req, role_draining() ? 503 : 200, body, strlen(body));

	return (KORE_RESULT_OK);
}

ROUTE(health_get, "GET", "/health", EVERY_ROLE)
{
	(void)args;
	return (health_reply(req));
}

ROUTE(health_get_api, "GET", "/api/health", EVERY_ROLE)
{
	(void)args;
	return (health_reply(req));
}

static void
ready_reply(struct http_request *req, const struct pg_outcome *outcome)
{
	char	body[128];
	int	len, ok;

	ok = outcome->error == NULL && !role_draining();
	len = snprintf(body, sizeof(body), "{\"status\":\"%s\",\"postgres\":{\"state\":\"%s\",\"ms\":%lld}}",
	    ok ? "ready" : "not ready", outcome->error == NULL ? "up" : "down",
	    (long long)(kore_time_ms() - req->start));
	reply_json(req, ok ? 200 : 503, body, (size_t)len);
}

ROUTE(health_ready, "GET", "/health/ready", EVERY_ROLE)
{
	(void)args;
	return (sql_query(req, "health/ready", 0, NULL, ready_reply));
}
