/*
 * The walk of a request: body, route, guard, arguments, handler; and its life
 * when client and work end in either order.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "embedkore.h"
#include "http/body.h"
#include "http/guard.h"
#include "http/limit.h"
#include "http/load.h"
#include "http/metrics.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"
#include "http/share.h"
#include "http/sql.h"

struct block {
	struct block	*next;
	char		data[];
};

KORE_SYMBOL(request_entry);
KORE_SYMBOL(request_forget);

void *
request_alloc(struct request *r, size_t len)
{
	struct block	*b;

	if ((b = calloc(1, sizeof(*b) + len)) == NULL)
		fatal("out of memory");
	b->next = r->blocks;
	r->blocks = b;

	return (b->data);
}

char *
request_copy(struct request *r, const char *text)
{
	return (memcpy(request_alloc(r, strlen(text) + 1), text, strlen(text)));
}

char *
request_format(struct request *r, const char *fmt, ...)
{
	va_list	args;
	char	*text;
	int	len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = request_alloc(r, (size_t)len + 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);

	return (text);
}

const char *
request_url(struct request *r)
{
	const char	*query = r->kore->query_string;

	return (request_format(r, "%s%s%s", r->kore->path, query != NULL ? "?" : "", query != NULL ? query : ""));
}

const char *
request_text(struct request *r, const char *field)
{
	const char	*copy;
	char		*text;
	int		node;

	if (r->json.count == 0 || (node = json_get(&r->json, 0, field)) < 0 || json_kind(&r->json, node) != JSMN_STRING)
		return (NULL);
	text = json_plain(&r->json, node);
	copy = request_copy(r, text);
	free(text);

	return (copy);
}

void
request_tell(struct request *r, const char *name, const char *value)
{
	if (r->extra.data == NULL)
		kore_buf_init(&r->extra, 256);
	kore_buf_append(&r->extra, ",", 1);
	json_quote(&r->extra, name);
	kore_buf_append(&r->extra, ":", 1);
	json_quote(&r->extra, value);
}

/* 16 digits that no other process has, and no other request of this one: chance once, then counting. */
static void
request_number(char id[17])
{
	static uint64_t	next;
	static int	begun;
	int		i;

	if (!begun) {
		random_bytes(&next, sizeof(next));
		begun = 1;
	}
	for (i = 0; i < 16; i++)
		id[i] = "0123456789abcdef"[next >> (60 - 4 * i) & 15];
	id[16] = '\0';
	next++;
}

/* The load balancer's name for the request when it gives one, so that its log and ours can be joined. */
static void
request_name(struct request *r)
{
	const char	*given;

	if (http_request_header(r->kore, "x-request-id", &given) && strlen(given) < sizeof(r->id) &&
	    strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(given))
		memcpy(r->id, given, strlen(given) + 1);
	else
		request_number(r->id);
}

/*
 * The trace that the request belongs to: of AWS's load balancers, whose Root
 * it is, else of W3C's Trace Context (its 32 digits).
 */
static void
request_trace(struct request *r)
{
	const char	*text, *from = NULL;
	size_t		len;

	if (http_request_header(r->kore, "x-amzn-trace-id", &text) && (from = strstr(text, "Root=")) != NULL)
		from += strlen("Root=");
	else if (http_request_header(r->kore, "traceparent", &text) && strlen(text) >= 55 && text[2] == '-' && text[35] == '-')
		from = text + 3;
	if (from == NULL)
		return;
	len = strspn(from, "0123456789abcdef-");
	if (from == text + 3 && len > 32)
		len = 32;
	if (len < sizeof(r->trace))
		memcpy(r->trace, from, len);
}

static struct request *
request_new(struct http_request *kore)
{
	struct request	*r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		fatal("out of memory");
	r->kore = kore;
	r->body = "{}";
	r->since = kore_time_ms();
	request_name(r);
	request_trace(r);
	kore->hdlr_extra = r;

	return (r);
}

static void
request_free(struct request *r)
{
	struct block	*b;

	while ((b = r->blocks) != NULL) {
		r->blocks = b->next;
		free(b);
	}
	json_free(&r->json);
	if (r->extra.data != NULL)
		kore_buf_cleanup(&r->extra);
	free(r);
}

/* Kore frees its half; ours stays while something still works for it. */
void
request_forget(struct http_request *kore)
{
	struct request	*r = kore->hdlr_extra;

	load_body_end(kore);
	if (r == NULL)
		return;
	if (r->counted)
		load_end(-1);
	r->counted = 0;
	kore->hdlr_extra = NULL;
	r->kore = NULL;
	if (r->waits == 0)
		request_free(r);
}

void
request_wait(struct request *r)
{
	r->waits++;
	http_request_sleep(r->kore);
}

void
request_wait_outside(struct request *r)
{
	if (r->counted)
		load_end(-1);
	r->counted = 0;
	request_wait(r);
}

int
request_resume(struct request *r)
{
	r->waits--;
	if (r->kore != NULL)
		return (1);
	if (r->waits == 0)
		request_free(r);

	return (0);
}

void
request_settle(struct request *r)
{
	if (r->kore->status == 0 && r->waits == 0) {
		log_event(LOG_LEVEL_ERROR, "a handler ended without an answer", LOG_S("path", r->kore->path));
		reply_message(r->kore, 500, "Internal server error");
	}
	if (r->kore->status != 0)
		http_request_wakeup(r->kore);
}

static void
request_log_out(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	log_release();
}

static void
request_log(const struct request *r)
{
	if (log_hold(LOG_LEVEL_INFO, "request", LOG_FIELDS(LOG_S("id", r->id), LOG_S("method", http_method_text(r->kore->method)),
	    LOG_S("path", r->kore->path), LOG_I("status", r->kore->status),
	    LOG_I("ms", (int64_t)(kore_time_ms() - r->since)), LOG_S("user", r->user_id), LOG_S("trace", *r->trace != '\0' ? r->trace : NULL))))
		kore_timer_add(request_log_out, 0, NULL, KORE_TIMER_ONESHOT);
}

static void
request_handle(struct request *r)
{
	if (r->route->handler != NULL)
		r->route->handler(r);
	else if (r->route->shared)
		share_reply(r);
	else
		sql_reply(r, r->route->statement);
}

/* Whether there is no room for it; if there is, it counts. */
static int
request_refused(struct request *r)
{
	if (r->route->vital)
		return (0);
	if (r->route->password && load_passwords_full())
		return (1);

	return (!(r->counted = load_begin()));
}

/* Up to the handler; each step answers by itself when the request ends there. */
static void
request_start(struct request *r)
{
	if (r->kore->method == HTTP_METHOD_OPTIONS) {
		reply_preflight(r->kore);
		return;
	}
	if (!body_read(r) || !route_find(r))
		return;
	if (request_refused(r)) {
		reply_message(r->kore, 503, "The service is busy. Please try again in a moment.");
		return;
	}
	if (r->route->guard != NULL && !guard_token(r))
		return;
	/* What is wrong with the arguments is said only to those who may use the route at all. */
	if (!route_args_check(r) || !body_check(r)) {
		sql_refuse(r);
		return;
	}
	if (r->route->limit != NULL)
		limit_route(r, request_handle);
	else
		request_handle(r);
}

int
request_entry(struct http_request *kore)
{
	struct request	*r = kore->hdlr_extra;

	if (r == NULL) {
		r = request_new(kore);
		request_start(r);
		if (kore->status == 0 && r->waits == 0) {
			log_event(LOG_LEVEL_ERROR, "a handler ended without an answer", LOG_S("path", kore->path));
			reply_message(kore, 500, "Internal server error");
		}
	}
	if (kore->status == 0)
		return (KORE_RESULT_RETRY);
	if (r->counted)
		load_end((int64_t)(kore_time_ms() - r->since));
	r->counted = 0;
	metrics_request(r, (int64_t)(kore_time_ms() - r->since));
	request_log(r);

	return (KORE_RESULT_OK);
}
