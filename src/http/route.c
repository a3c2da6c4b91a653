/*
 * One request from Kore to its handler: CORS, the table, 404 for the rest, and
 * the line in the log.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
path_matches(const char *pattern, const char *path, struct route_args *args)
{
	size_t	len;

	while (*pattern != '\0') {
		if (*pattern == ':') {
			args->id = path;
			args->len = strcspn(path, "/");
			if (args->len == 0)
				return (0);
			path += args->len;
			pattern += strcspn(pattern, "/");
			continue;
		}
		len = strcspn(pattern, ":");
		if (strncasecmp(pattern, path, len))
			return (0);
		pattern += len;
		path += len;
	}

	return (*path == '\0' || (path[0] == '/' && path[1] == '\0'));
}

static const struct route *
route_find(const struct http_request *req, struct route_args *args)
{
	const struct route	*r;
	const char		*method;

	method = req->method == HTTP_METHOD_HEAD ? "GET" : http_method_text(req->method);
	for (r = __start_routes; r < __stop_routes; r++) {
		if ((r->roles & role_get()) && !strcasecmp(r->method, method) &&
		    path_matches(r->path, req->path, args))
			return (r);
	}

	return (NULL);
}

int
route_id(struct http_request *req, const struct route_args *args, const char *what, char out[ROUTE_ID_MAX])
{
	char		message[64];
	unsigned long	n = 0;

	errno = 0;
	if (args->len < ROUTE_ID_MAX) {
		memcpy(out, args->id, args->len);
		out[args->len] = '\0';
		n = strtoul(out, NULL, 10);
	}
	if (args->len >= ROUTE_ID_MAX || strspn(out, "0123456789") != args->len || errno != 0 || n > INT64_MAX)
		snprintf(message, sizeof(message), "Invalid %s id", what);
	else if (n == 0)
		snprintf(message, sizeof(message), "Missing %s id", what);
	else
		return (1);
	reply_message(req, 400, message);

	return (0);
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
	struct route_args	args = { 0 };
	int			result = KORE_RESULT_OK;

	/* A request that slept comes back here when it has been answered. */
	if (req->status != 0)
		;
	else if (req->method == HTTP_METHOD_OPTIONS)
		reply_preflight(req);
	else if ((r = route_find(req, &args)) != NULL)
		result = r->handler(req, &args);
	else
		reply_message(req, 404, "Not found");

	if (result == KORE_RESULT_OK)
		request_log(req);

	return (result);
}
