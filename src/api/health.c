/*
 * GET /health: whether this process serves. It waits for nothing else.
 */
#include <string.h>

#include "http/reply.h"
#include "http/route.h"
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
	return (health_reply(req));
}

ROUTE(health_get_api, "GET", "/api/health", EVERY_ROLE)
{
	return (health_reply(req));
}
