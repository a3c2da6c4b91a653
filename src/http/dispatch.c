/*
 * The steps of a request up to its handler, and the log line of its response.
 */
#include <stdio.h>

#include "base/activity.h"
#include "base/log.h"
#include "http/body.h"
#include "http/dispatch.h"
#include "http/guard.h"
#include "http/limit.h"
#include "http/admission.h"
#include "http/local_body.h"
#include "http/metrics.h"
#include "http/pages.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"
#include "http/response_cache.h"
#include "http/sql.h"
#include "kore/symbols.h"

#define AGENT_MAX	200	/* bytes of User-Agent in the log */

KORE_SYMBOL(dispatch_request);

static void
log_out(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	log_flush();
}

/* Logs a request that has been answered. A client can send anything as User-Agent: it is cut. */
static void
dispatch_log(const struct request *r)
{
	char		address[CLIENT_ADDRESS_MAX], agent[AGENT_MAX];
	const char	*given;

	client_address(&r->client, address);
	if (!http_request_header(r->kore, "user-agent", &given))
		given = "";
	snprintf(agent, sizeof(agent), "%s", given);
	if (log_buffer(LOG_LEVEL_INFO, "request", LOG_FIELDS(LOG_S("id", r->id), LOG_S("method", http_method_text(r->kore->method)),
	    LOG_S("path", request_log_path(r)), LOG_I("status", r->kore->status), LOG_I("ms", (int64_t)(kore_time_ms() - r->since)),
	    LOG_I("bytes", (int64_t)r->bytes), LOG_S("client", address), LOG_S("agent", *agent != '\0' ? agent : NULL), LOG_S("user", r->user_id),
	    LOG_S("trace", *r->trace != '\0' ? r->trace : NULL))))
		kore_timer_add(log_out, 0, NULL, KORE_TIMER_ONESHOT);
}

static void
dispatch_handle(struct request *r)
{
	if (r->route->handler != NULL)
		r->route->handler(r);
	else if (r->route->shared)
		response_cache_reply(r, r->route->statement, RESPONSE_CACHE_SEC);
	else if (r->route->pages)
		pages_reply(r);
	else
		sql_reply(r, r->route->statement);
}

/* Runs the steps in order. A step that ends the request has answered it. */
static void
dispatch_start(struct request *r)
{
	if (r->kore->method == HTTP_METHOD_OPTIONS) {
		reply_preflight(r, local_body_path(r->path));
		return;
	}
	if (!body_read(r))
		return;
	if (r->route == NULL) {
		reply_message(r, 404, "Not found");
		return;
	}
	if (!route_args(r))
		return;
	activity_set(http_method_text(r->route->method), r->route->path);
	if (admission_full(r->route)) {
		reply_message(r, 503, ADMISSION_BUSY);
		return;
	}
	if ((r->counted = !r->route->vital))
		admission_begin();
	if (r->route->guard != NULL && !guard_token(r))
		return;
	/* sql_refuse() runs the guard first: a client that may not use the route gets 401 or 403, not the details. */
	if (!route_args_check(r) || !query_check(r) || !body_check(r)) {
		sql_refuse(r);
		return;
	}
	if (r->route->limit != NULL)
		limit_route(r, dispatch_handle);
	else
		dispatch_handle(r);
}

int
dispatch_request(struct http_request *kore)
{
	struct request	*r = kore->hdlr_extra;

	if (r->since == 0) {
		request_begin(r);
		dispatch_start(r);
		activity_clear();
	}
	if (kore->status == 0 && r->waits == 0 && request_present(r)) {
		log_event(LOG_LEVEL_ERROR, "handler returned without a response", LOG_S("path", request_log_path(r)));
		reply_message(r, 500, "Internal server error");
	}
	if (kore->status == 0)
		return (KORE_RESULT_RETRY);
	r->answered = 1;
	if (r->counted)
		admission_end((int64_t)(kore_time_ms() - r->since));
	r->counted = 0;
	metrics_request(r, (int64_t)(kore_time_ms() - r->since));
	dispatch_log(r);

	return (KORE_RESULT_OK);
}
