/*
 * One request from Kore to its handler: CORS, the table, 404 for the rest, and
 * the line in the log.
 */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "embedkore.h"
#include "http/reply.h"
#include "http/route.h"
#include "role.h"

extern const struct route	__start_routes[], __stop_routes[];

KORE_SYMBOL(route_entry);

/* Case does not matter and one slash at the end is forgiven (contract people §1.1). */
static int
path_matches(const char *pattern, const char *path)
{
	size_t	len = strlen(pattern);

	if (strncasecmp(pattern, path, len))
		return (0);

	return (path[len] == '\0' || (path[len] == '/' && path[len + 1] == '\0'));
}

static const struct route *
route_find(const struct http_request *req)
{
	const struct route	*r;
	const char		*method;

	method = req->method == HTTP_METHOD_HEAD ? "GET" : http_method_text(req->method);
	for (r = __start_routes; r < __stop_routes; r++) {
		if ((r->roles & role_get()) && !strcasecmp(r->method, method) &&
		    path_matches(r->path, req->path))
			return (r);
	}

	return (NULL);
}

static void
request_log(const struct http_request *req)
{
	log_event(LOG_LEVEL_INFO, "request", LOG_S("method", http_method_text(req->method)),
	    LOG_S("path", req->path), LOG_I("status", req->status),
	    LOG_I("ms", (int64_t)(kore_time_ms() - req->start)));
}

int
route_entry(struct http_request *req)
{
	const struct route	*r;
	int			result = KORE_RESULT_OK;

	/* A request that slept comes back here when it has been answered. */
	if (req->status != 0)
		;
	else if (req->method == HTTP_METHOD_OPTIONS)
		reply_preflight(req);
	else if ((r = route_find(req)) != NULL)
		result = r->handler(req);
	else
		reply_message(req, 404, "Not found");

	if (result == KORE_RESULT_OK)
		request_log(req);

	return (result);
}
