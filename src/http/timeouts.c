/*
 * Each connection keeps the times of its phases; a timer checks them twice a
 * second.
 */
#include <sys/socket.h>

#include "base/conf.h"
#include "http/admission.h"
#include "http/timeouts.h"

#define TICK_MS		500
#define STEP_BYTES	16384	/* the progress that STALL_TIMEOUT_SEC asks for */
#define SPARE_MS	1000	/* a connection that is idle for less is not closed: its client may be sending */

static size_t	collected_all = 0;

static u_int64_t
seconds(enum conf_id id)
{
	return ((u_int64_t)conf_int(id) * 1000);
}

static struct timeouts_time *
time_of(const struct connection *c)
{
	return (c->hdlr_extra);
}

void
timeouts_opened(struct connection *c)
{
	time_of(c)->waiting = 1;
	c->idle_timer.length = seconds(CONF_HEADER_TIMEOUT_SEC);
}

void
timeouts_idle(struct connection *c)
{
	time_of(c)->waiting = 1;
	c->idle_timer.length = seconds(CONF_KEEPALIVE_SEC);
}

void
timeouts_head(struct connection *c)
{
	struct timeouts_time	*r = time_of(c);

	if (r->head == 0)
		r->head = kore_time_ms();
	r->waiting = 0;
}

void
timeouts_headed(struct connection *c)
{
	time_of(c)->head = 0;
	c->http_start = kore_time_ms();
}

void
timeouts_collected(struct connection *c, size_t bytes)
{
	struct timeouts_time	*r = time_of(c);

	/* The tick may have counted the bytes of connections that are gone by now. */
	if (bytes == 0)
		collected_all -= r->collected < collected_all ? r->collected : collected_all;
	r->collected = bytes > 0 ? r->collected + bytes : 0;
	collected_all += bytes;
}

size_t
timeouts_collected_all(void)
{
	return (collected_all);
}

void
timeouts_refused(struct connection *c)
{
	time_of(c)->refused = kore_time_ms();
}

void
timeouts_unread(struct connection *c, u_int64_t bytes)
{
	time_of(c)->unread = bytes;
}

void
timeouts_discarded(struct connection *c, size_t bytes)
{
	struct timeouts_time	*r = time_of(c);

	if (r->unread == 0)
		return;
	r->unread -= bytes < r->unread ? bytes : r->unread;
	if (r->unread == 0)
		r->refused = kore_time_ms();
}

size_t
timeouts_unsent(const struct connection *c)
{
	const struct netbuf	*nb;
	size_t			n = 0;

	TAILQ_FOREACH(nb, &c->send_queue, list)
		n += nb->b_len - nb->s_off;

	return (n);
}

/* Returns 1 if a transfer with this many bytes left has stalled. Progress, or another transfer, starts the time anew. */
static int
mark_stalls(struct timeouts_mark *m, const struct netbuf *first, u_int64_t left, u_int64_t now)
{
	if (m->since == 0 || m->first != first || left > m->left || m->left - left >= STEP_BYTES) {
		*m = (struct timeouts_mark){ .since = now, .left = left, .first = first };
		return (0);
	}

	return (now - m->since >= seconds(CONF_STALL_TIMEOUT_SEC));
}

static int
answer_stalls(struct connection *c, struct timeouts_time *r, u_int64_t now)
{
	const struct netbuf	*first = TAILQ_FIRST(&c->send_queue);

	if (first == NULL) {
		r->answer.since = 0;
		return (0);
	}

	return (mark_stalls(&r->answer, first, first->b_len - first->s_off, now));
}

/* A body in memory has a total time; one that is written to disk as it arrives must only make progress. */
static int
body_stalls(struct connection *c, struct timeouts_time *r, u_int64_t now)
{
	const struct http_request	*req;

	if (r->collected > 0)
		return (mark_stalls(&r->body, NULL, UINT64_MAX - r->collected, now) || now >= c->http_start + seconds(CONF_BODY_TIMEOUT_SEC));
	TAILQ_FOREACH(req, &c->http_requests, olist) {
		if (!(req->flags & HTTP_REQUEST_EXPECT_BODY) || (req->flags & HTTP_REQUEST_COMPLETE))
			continue;
		return (mark_stalls(&r->body, NULL, req->content_length, now) ||
		    (req->http_body_fd == -1 && now >= c->http_start + seconds(CONF_BODY_TIMEOUT_SEC)));
	}
	r->body.since = 0;

	return (0);
}

static int
refusal_over(struct timeouts_time *r, u_int64_t now)
{
	return (r->unread > 0 ? mark_stalls(&r->body, NULL, r->unread, now) : now >= r->refused + seconds(CONF_HEADER_TIMEOUT_SEC));
}

enum timeout_action
timeouts_check(struct connection *c, u_int64_t now)
{
	struct timeouts_time	*r = time_of(c);

	if (r->refused != 0)
		return (refusal_over(r, now) ? TIMEOUT_CLOSE : TIMEOUT_NONE);
	if (answer_stalls(c, r, now))
		return (TIMEOUT_CLOSE);
	if ((r->head != 0 && now >= r->head + seconds(CONF_HEADER_TIMEOUT_SEC)) || body_stalls(c, r, now))
		return (TIMEOUT_RESPOND);

	return (TIMEOUT_NONE);
}

static int
is_idle(struct connection *c, u_int64_t now)
{
	const struct timeouts_time	*r = time_of(c);
	char			byte;

	return (c->state == CONN_STATE_ESTABLISHED && r->waiting && (c->flags & CONN_IDLE_TIMER_ACT) &&
	    now >= c->idle_timer.start + SPARE_MS && TAILQ_EMPTY(&c->http_requests) && TAILQ_EMPTY(&c->send_queue) &&
	    recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1);	/* the next request may already wait for a busy worker */
}

/* Kore checks a TLS handshake for silence only, not for its total time. Near the connection limit, idle connections are closed. */
static void
timeouts_tick(void *arg, u_int64_t ticked)
{
	u_int64_t		now = kore_time_ms();
	struct connection	*c, *next;

	(void)arg;
	(void)ticked;
	collected_all = 0;
	for (c = TAILQ_FIRST(&connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, list);
		if (c->proto == CONN_PROTO_MSG)
			continue;
		collected_all += c->proto == CONN_PROTO_HTTP && c->hdlr_extra != NULL ? time_of(c)->collected : 0;
		if (c->state == CONN_STATE_TLS_SHAKE ? now >= c->http_start + seconds(CONF_HEADER_TIMEOUT_SEC) :
		    (admission_connections_rare() && c->proto == CONN_PROTO_HTTP && is_idle(c, now)))
			kore_connection_disconnect(c);
	}
}

void
timeouts_start(void)
{
	http_keepalive_time = (u_int16_t)conf_int(CONF_KEEPALIVE_SEC);
	kore_timer_add(timeouts_tick, TICK_MS, NULL, 0);
}
