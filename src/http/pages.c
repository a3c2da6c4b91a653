/*
 * One page at a time: when the client's connection has taken a page, the
 * statement of the next one is sent. The request waits until the last page has
 * been handed to Kore.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "http/pages.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"

/* The response of a request; in its memory. */
struct pages {
	struct request	*r;
	int		framed;		/* chunked transfer coding */
	int		closes;		/* Kore closes the connection after the response: CONN_CLOSE_EMPTY or 0 */
	struct kore_buf	piece;		/* what is being sent */
};

static int
piece_freed(struct netbuf *nb)
{
	kore_free(nb->extra);

	return (KORE_RESULT_OK);
}

/* Makes the piece of a page: URLs instead of placeholders, in a chunk. */
static void
piece_make(struct pages *p, const char *text, int last)
{
	struct kore_buf	body;
	char		base[SIGN_BASE_MAX];

	kore_buf_init(&body, strlen(text) + 1);
	sign_origin(p->r, base);
	sign_body(&body, base, text, strlen(text));
	kore_buf_init(&p->piece, body.offset + 64);
	if (p->framed)
		kore_buf_appendf(&p->piece, "%zx\r\n", body.offset);
	kore_buf_append(&p->piece, body.data, body.offset);
	if (p->framed)
		kore_buf_appendf(&p->piece, last ? "\r\n0\r\n\r\n" : "\r\n");
	p->r->bytes += body.offset;
	kore_buf_cleanup(&body);
}

/* Hands the last piece to Kore; the response is complete. */
static void
last_send(struct pages *p)
{
	struct connection	*c = p->r->kore->owner;
	struct netbuf		*nb;

	net_send_stream(c, p->piece.data, p->piece.offset, piece_freed, &nb);
	nb->extra = p->piece.data;
	c->flags = (c->flags & ~CONN_IS_BUSY) | p->closes;
	if (!p->closes)
		http_start_recv(c);
	p->r->kore->status = 200;
}

static void	page_done(void *, const struct pg_outcome *);

/* Kore callback: the piece has been sent, or the connection has been closed. */
static int
piece_sent(struct netbuf *nb)
{
	struct pages	*p = nb->extra;
	struct request	*r = p->r;

	kore_buf_cleanup(&p->piece);
	if (!request_resume(r))
		return (KORE_RESULT_OK);
	request_wait(r);
	sql_call(r, r->route->statement, page_done, p);
	request_settle(r);

	return (KORE_RESULT_OK);
}

/* Sends a piece that others follow. A client that takes its time does not count as a request in flight. */
static void
piece_send(struct pages *p)
{
	struct connection	*c = p->r->kore->owner;
	struct netbuf		*nb;

	request_wait_outside(p->r);
	net_send_stream(c, p->piece.data, p->piece.offset, piece_sent, &nb);
	nb->extra = p;
	if (!net_send_flush(c))
		kore_connection_disconnect(c);
}

static void
page_send(struct pages *p, const PGresult *res)
{
	const char	*next = sql_text(res, "next");

	piece_make(p, sql_text(res, "body") != NULL ? sql_text(res, "body") : "", next == NULL);
	if (next != NULL) {
		request_param(p->r, "after", next);
		piece_send(p);
	} else {
		last_send(p);
	}
}

static void
page_done(void *arg, const struct pg_outcome *outcome)
{
	struct pages	*p = arg;
	struct request	*r = p->r;

	if (!request_resume(r))
		return;
	if (outcome->error == NULL) {
		page_send(p, outcome->res);
	} else {
		log_event(LOG_LEVEL_WARN, "a list was cut off: its next page cannot be read", LOG_S("id", r->id), LOG_S("path", request_log_path(r)),
		    LOG_S("error", outcome->error));
		kore_connection_disconnect(r->kore->owner);
	}
	request_settle(r);
}

/* Returns 0 if the end of the connection ends the response: all that is known of HTTP/1.0 clients is that they want it closed (http_head.h). */
static int
is_framed(struct http_request *kore)
{
	const char	*value;

	return (!http_request_header(kore, "connection", &value) || strcasecmp(value, "close"));
}

/* Sends the header section. The request goes on, although Kore has its status, and the next one of the connection must wait. */
static void
pages_begin(struct pages *p)
{
	struct http_request	*kore = p->r->kore;
	struct connection	*c = kore->owner;

	p->framed = is_framed(kore);
	c->flags |= CONN_IS_BUSY;
	reply_stream(p->r, p->framed);
	kore->status = 0;
	p->closes = c->flags & CONN_CLOSE_EMPTY;
	c->flags &= ~CONN_CLOSE_EMPTY;
}

static void
first_done(struct request *r, const PGresult *res)
{
	struct pages	*p;

	if (sql_text(res, "next") == NULL) {
		sql_answer(r, res);
		return;
	}
	if (r->kore->method == HTTP_METHOD_HEAD) {
		reply_stream(r, is_framed(r->kore));
		return;
	}
	p = request_alloc(r, sizeof(*p));
	p->r = r;
	pages_begin(p);
	page_send(p, res);
}

void
pages_reply(struct request *r)
{
	sql_query(r, r->route->statement, first_done);
}
