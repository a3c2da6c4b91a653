/*
 * Memory, parameters and waits of a request.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/activity.h"
#include "base/counter.h"
#include "base/random.h"
#include "http/hangup.h"
#include "http/admission.h"
#include "http/request.h"
#include "http/route.h"
#include "kore/symbols.h"

struct block {
	struct block	*next;
	char		data[];
};

KORE_SYMBOL(request_forget);

static int	open_requests = 0;

int
request_open(void)
{
	return (open_requests);
}

static void
open_add(int n)
{
	open_requests += n;
	counter_set(COUNTER_REQUESTS_OPEN, open_requests);
}

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
request_log_path(const struct request *r)
{
	return (r->route != NULL && r->route->bearer ? r->route->path : r->path);
}

const char *
request_url(struct request *r)
{
	return (r->url);
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
request_param(struct request *r, const char *name, const char *value)
{
	if (r->extra.data == NULL)
		kore_buf_init(&r->extra, 256);
	kore_buf_append(&r->extra, ",", 1);
	json_quote(&r->extra, name);
	kore_buf_append(&r->extra, ":", 1);
	json_quote(&r->extra, value);
}

/* Writes a unique id of 16 hexadecimal digits: a random start value for each worker, then a counter. */
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

/* Sets the request id: X-Request-ID of the load balancer if valid, so that both logs can be joined; otherwise a generated id. */
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
 * Sets the trace id: Root of X-Amzn-Trace-Id (AWS load balancers), otherwise
 * the 32 digits of the trace-id in traceparent (W3C Trace Context).
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

static const char *
request_target(struct request *r)
{
	const char	*query = r->kore->query_string;

	return (query == NULL ? r->path : request_format(r, "%s?%s", r->path, query));
}

void
request_new(struct http_request *kore, const struct route *route, size_t body_max)
{
	struct request	*r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		fatal("out of memory");
	r->kore = kore;
	r->route = route;
	r->body_max = body_max;
	r->body = "{}";
	r->query = "{}";
	r->path = request_copy(r, kore->path);
	r->url = request_target(r);
	client_read(&r->client, kore);
	request_name(r);
	request_trace(r);
	kore->hdlr_extra = r;
	open_add(1);
}

void
request_begin(struct request *r)
{
	r->since = kore_time_ms();
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
	open_add(-1);
	free(r);
}

void
request_forget(struct http_request *kore)
{
	struct request	*r = kore->hdlr_extra;

	admission_body_end(kore);
	if (r == NULL)
		return;
	if (r->since != 0 && !r->answered)
		counter_add(COUNTER_CLIENTS_LEFT, 1);
	if (r->counted)
		admission_end(-1);
	r->counted = 0;
	kore->hdlr_extra = NULL;
	r->kore = NULL;
	if (r->waits == 0)
		request_free(r);
}

/*
 * Kore closes a connection in steps: it marks the connection, removes it at
 * the end of an iteration of the event loop, and frees the requests in the
 * next iteration, after events and timers. A wait may end between any two
 * steps.
 */
int
request_present(const struct request *r)
{
	return (r->kore != NULL && !(r->kore->flags & HTTP_REQUEST_DELETE) && r->kore->owner != NULL &&
	    r->kore->owner->state != CONN_STATE_DISCONNECTING);
}

void
request_wait(struct request *r)
{
	r->waits++;
	if (request_present(r))
		http_request_sleep(r->kore);
	hangup_wait(r);
}

void
request_wait_outside(struct request *r)
{
	if (r->counted)
		admission_end(-1);
	r->counted = 0;
	request_wait(r);
}

int
request_resume(struct request *r)
{
	hangup_resume(r);
	r->waits--;
	if (request_present(r) || r->persists) {
		activity_set(http_method_text(r->route->method), r->route->path);
		return (1);
	}
	if (r->kore == NULL && r->waits == 0)
		request_free(r);

	return (0);
}

void
request_persist(struct request *r)
{
	r->persists = 1;
}

void
request_settle(struct request *r)
{
	activity_clear();
	if (r->kore == NULL && r->waits == 0)
		request_free(r);
	else if (request_present(r) && (r->kore->status != 0 || r->waits == 0))
		http_request_wakeup(r->kore);
}
