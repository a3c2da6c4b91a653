/*
 * Stands between a connection and Kore's parser (kore/connection_hooks.h).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "base/role.h"
#include "http/admission.h"
#include "http/date_header.h"
#include "http/http_head.h"
#include "http/http_input.h"
#include "http/local_body.h"
#include "http/metrics.h"
#include "http/pipelined.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"
#include "http/timeouts.h"
#include "kore/connection_hooks.h"
#include "tls/listener.h"

#define HEAD_END		"\r\n\r\n"
#define CONTENT_LENGTH_MAX	48	/* bytes of a Content-Length and the end of the header section */
#define FILE_READ_BYTES		65536	/* read at once of a body that is written to disk */
#define UNSENT_MAX	1048576	/* bytes of unsent responses with which a client may send another request */

static int	http_input_recv(struct netbuf *);

static const char *
refusal_text(int status)
{
	switch (status) {
	case 403:
		return ("The URL is not valid or has expired");
	case 404:
		return ("Not found");
	case 408:
		return ("The request took too long to arrive");
	case 411:
		return ("Content-Length is required");
	case 417:
		return ("Expect is not supported, except 100-continue");
	case 501:
		return ("Transfer-Encoding is not supported, except chunked");
	case 413:
		return ("Request body too large");
	case 414:
		return ("The address is too long");
	case 431:
		return ("The request headers are too large");
	case 503:
		return (ADMISSION_BUSY);
	case 507:
		return (LOCALBODY_FULL);
	default:
		return ("Bad request");
	}
}

/* Queues a refusal in the form of every other response of the API; Kore's own has no body and no CORS headers. */
static void
refusal_queue(struct connection *c, int status, int close)
{
	const char			*text = refusal_text(status), *head = (const char *)c->rnb->buf;
	const struct pipelined_body	*body = pipelined_body(c, &head);
	char				origin[HTTP_HEAD_ORIGIN_MAX];
	struct kore_buf			out;

	/* Kore has taken the buffer if the whole request has arrived. */
	http_head_origin(head, body != NULL ? body->head : head != NULL ? c->rnb->s_off : 0, origin);
	kore_buf_init(&out, 1024);
	kore_buf_appendf(&out, "HTTP/1.1 %d %s\r\ndate: %s\r\nconnection: %s\r\naccess-control-allow-origin: %s%s\r\n"
	    "content-type: application/json; charset=utf-8\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\n",
	    status, http_status_text(status), date_header(), close ? "close" : "keep-alive", origin, REPLY_CORS);
	if (status == 503)
		kore_buf_appendf(&out, "retry-after: " RETRY_AFTER_SEC "\r\n");
	kore_buf_appendf(&out, "content-length: %zu\r\n\r\n{\"message\":\"%s\"}", strlen("{\"message\":\"\"}") + strlen(text), text);
	c->rnb->s_off = 0;
	net_send_queue(c, out.data, out.offset);
	kore_buf_cleanup(&out);
}

/* Receives what still arrives on a connection whose request was refused. */
static int
http_input_discard(struct netbuf *nb)
{
	timeouts_discarded(nb->owner, nb->s_off);
	nb->s_off = 0;

	return (KORE_RESULT_OK);
}

/*
 * Refuses a request and serves nothing more on the connection. It stays open
 * for reading: closing it now would reset it, and the client might never see
 * the response. timeouts.c closes it if the client does not.
 */
static int
http_input_refuse(struct connection *c, int status)
{
	timeouts_refused(c);
	timeouts_collected(c, 0);
	refusal_queue(c, status, 1);
	pipelined_drop(c);
	c->rnb->cb = http_input_discard;
	if (!net_send_flush(c)) {
		kore_connection_disconnect(c);
		return (KORE_RESULT_OK);
	}
	listener_close_notify(c);
	if (shutdown(c->fd, SHUT_WR) == -1)
		kore_connection_disconnect(c);

	return (KORE_RESULT_OK);
}

/* Refuses a request whose body cannot be stored. The client may be sending the rest of it, which is read and discarded. */
static int
http_input_unstored(struct connection *c, int status, u_int64_t unread)
{
	metrics_refused(status);
	timeouts_unread(c, unread);
	c->rnb->extra = NULL;

	return (http_input_refuse(c, status));
}

/*
 * Creates the request for the Kore request that the header has become, with
 * its route, and counts the memory of its body, which may still arrive.
 */
static int
http_input_begin(struct connection *c, const struct route *route, size_t most)
{
	struct http_request	*req;

	TAILQ_FOREACH(req, &c->http_requests, olist) {
		if ((req->flags & HTTP_REQUEST_DELETE) || req->hdlr_extra != NULL)
			continue;
		request_new(req, route, most);
		if (!admission_body_begin(req)) {
			req->flags |= HTTP_REQUEST_DELETE;
			return (http_input_refuse(c, 503));
		}
	}

	return (KORE_RESULT_OK);
}

/* Returns 1 for a request to the API that refusal_queue() can answer and leave the connection open: complete, and nothing special. */
static int
is_plain(const char *head, const struct http_head *h, size_t rest)
{
	const char	*path = memchr(head, ' ', h->len);

	return (rest == h->body && !strncmp(path, " /api/", 6) && !h->close && strncmp(head, "HEAD", 4) != 0 &&
	    strncmp(head, "OPTIONS", 7) != 0 && !role_draining());
}

/*
 * Refuses a request of a busy worker before anything is made of it, and without
 * a log line: refusals stay cheap, and the time is left to accepted requests.
 * The connection stays open, for a new one costs more than the refusal. Other
 * requests are refused by dispatch.c.
 */
static int
http_input_busy(struct connection *c, const struct route *route, const char *head, const struct http_head *h, size_t rest)
{
	if (!is_plain(head, h, rest) || !admission_full(route))
		return (0);
	metrics_refused(503);
	timeouts_idle(c);
	refusal_queue(c, 503, 0);
	if (!net_send_flush(c))
		kore_connection_disconnect(c);

	return (1);
}

/*
 * Leaves the header section and the request's own part of what is behind it to
 * Kore, which takes all that came with a header section for the body and drops
 * it where the method has none.
 */
static void
http_input_trim(struct netbuf *nb, size_t was, const struct http_head *h)
{
	char	*head = (char *)nb->buf;
	size_t	rest = nb->s_off - was, own = MIN(rest, h->body);

	pipelined_keep(nb->owner, head + was + own, rest - own, h->reads_body ? 0 : h->body - own);
	if (!h->reads_body)
		own = 0;
	memmove(head + h->len, head + was, own);
	nb->s_off = h->len + own;
}

/* Returns how long the body may be; 0 if the presigned URL of a local object does not allow it. */
static size_t
body_max(const struct route *route, const char *head, size_t len)
{
	size_t	most = local_body_max(head, len);

	return (most == LOCALBODY_MEMORY_MAX ? route_body_max(route, head, len) : most);
}

/* Tells a client that waits for it to send the body (RFC 9110 §10.1.1). Returns KORE_RESULT_ERROR if the connection has broken. */
static int
http_input_continue(struct connection *c)
{
	static const char	text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	net_send_queue(c, text, strlen(text));

	return (net_send_flush(c));
}

/* Gives a request whose chunked body is complete to Kore, with a Content-Length. */
static int
http_input_collected(struct connection *c)
{
	struct netbuf			*nb = c->rnb;
	const char			*head;
	const struct pipelined_body	*body = pipelined_body(c, &head);
	const struct route		*route = body->route;
	size_t				most = body->most;
	int				status, n;

	timeouts_collected(c, 0);
	if (body->head + CONTENT_LENGTH_MAX > nb->b_len)
		return (http_input_refuse(c, 431));
	memcpy(nb->buf, head, body->head);
	n = snprintf((char *)nb->buf + body->head, CONTENT_LENGTH_MAX, body->reads_body ? "content-length: %zu\r\n\r\n" : "\r\n", body->len);
	nb->s_off = body->head + (size_t)n;
	nb->cb = http_input_recv;
	pipelined_release(c);
	if ((status = http_header_recv(nb)) != KORE_RESULT_OK)
		return (status);

	return (http_input_begin(c, route, most));
}

static int
http_input_chunks(struct netbuf *nb)
{
	struct connection	*c = nb->owner;
	size_t			len = nb->s_off;
	int			status;

	nb->s_off = 0;
	timeouts_collected(c, len);
	if (admission_body_full(timeouts_collected_all()))
		return (http_input_refuse(c, 503));
	if ((status = pipelined_decode(c, (char *)nb->buf, len)) == 0)
		return (KORE_RESULT_OK);

	return (status == 200 ? http_input_collected(c) : http_input_refuse(c, status));
}

/* Begins to collect a chunked body; the first rest bytes of it follow the header section of was bytes. */
static int
http_input_collect(struct netbuf *nb, const struct route *route, size_t was, size_t rest, const struct http_head *h, size_t most)
{
	struct connection	*c = nb->owner;

	pipelined_collect(c, &(struct pipelined_body){ .route = route, .reads_body = h->reads_body, .most = most }, nb->buf, h->len - 2);
	timeouts_collected(c, h->len);
	memmove(nb->buf, nb->buf + was, rest);
	nb->s_off = rest;
	nb->cb = http_input_chunks;
	if (rest == 0 && h->expects && !http_input_continue(c))
		return (KORE_RESULT_ERROR);

	return (rest > 0 ? http_input_chunks(nb) : KORE_RESULT_OK);
}

/* Writes len bytes of a body to the file of its request, and leaves the request to Kore after the last one. */
static int
http_input_store(struct connection *c, struct http_request *req, const void *data, size_t len)
{
	u_int64_t	left = req->content_length - len;
	int		status;

	if ((status = local_body_write(req, data, len)) != 0) {
		req->flags |= HTTP_REQUEST_DELETE;
		c->rnb->s_off = 0;	/* not a header section, in which the refusal would look for Origin */
		return (http_input_unstored(c, status, left));
	}
	req->content_length = left;
	if (left > 0)
		return (KORE_RESULT_OK);
	c->rnb->extra = NULL;
	req->flags |= HTTP_REQUEST_COMPLETE;
	req->flags &= ~HTTP_REQUEST_EXPECT_BODY;
	req->content_length = req->http_body_length;
	http_request_wakeup(req);

	return (http_body_rewind(req));
}

static int
http_input_stored(struct netbuf *nb)
{
	struct http_request	*req = nb->extra;
	size_t			len = nb->s_off;
	int			status;

	if ((status = http_input_store(nb->owner, req, nb->buf, len)) != KORE_RESULT_OK || nb->extra == NULL)
		return (status);
	nb->s_off = 0;
	nb->b_len = MIN(req->content_length, nb->m_len);

	return (KORE_RESULT_OK);
}

/* Returns the request of the connection whose body goes to disk, or NULL if Kore has refused it. */
static struct http_request *
stored_request(struct connection *c)
{
	struct http_request	*req;

	TAILQ_FOREACH(req, &c->http_requests, olist) {
		if (!(req->flags & (HTTP_REQUEST_DELETE | HTTP_REQUEST_COMPLETE)) && req->http_body_fd != -1)
			return (req);
	}

	return (NULL);
}

/*
 * Begins a request whose body is written to disk as it arrives. Kore gets the
 * header only: it would answer an error of the file system with an empty 500
 * and a reset.
 */
static int
http_input_file(struct netbuf *nb, const struct route *route, const struct http_head *h, size_t most)
{
	struct connection	*c = nb->owner;
	size_t			own = nb->s_off - h->len;
	struct http_request	*req;
	int			status;

	if ((status = local_body_create()) != 0)
		return (http_input_unstored(c, status, h->body - own));
	nb->s_off = h->len;
	status = http_header_recv(nb);
	local_body_release();
	if (status != KORE_RESULT_OK || (status = http_input_begin(c, route, most)) != KORE_RESULT_OK || (req = stored_request(c)) == NULL)
		return (status);
	net_recv_reset(c, MIN(h->body - own, FILE_READ_BYTES), http_input_stored);
	c->rnb->extra = req;

	/* Kore has taken the buffer, which holds the beginning of the body behind the header section. */
	return (own > 0 ? http_input_store(c, req, req->headers + h->len, own) : KORE_RESULT_OK);
}

/* Drops empty lines in front of a request (RFC 9112 §2.2). */
static void
lines_skip(struct netbuf *nb)
{
	size_t	n;

	for (n = 0; n + 1 < nb->s_off && nb->buf[n] == '\r' && nb->buf[n + 1] == '\n'; n += 2)
		;
	nb->s_off -= n;
	memmove(nb->buf, nb->buf + n, nb->s_off);
}

/* Brings the header section of *was bytes into the form that Kore reads. Returns 0 if the buffer is too small for it. */
static int
head_normalize(struct netbuf *nb, size_t *was)
{
	char	*text;
	size_t	len, rest = nb->s_off - *was;
	int	fits;

	if (!http_head_normalize((const char *)nb->buf, *was, &text, &len))
		return (1);
	if ((fits = len + rest <= nb->b_len)) {
		memmove(nb->buf + len, nb->buf + *was, rest);
		memcpy(nb->buf, text, len);
		nb->s_off = len + rest;
		*was = len;
	}
	kore_free(text);

	return (fits);
}

/* Reads the header section of was bytes, which is complete. */
static int
http_input_head(struct netbuf *nb, size_t was)
{
	struct connection	*c = nb->owner;
	char			*head = (char *)nb->buf;
	const struct route	*route = route_find(head);
	size_t			most, rest = nb->s_off - was, gap = MIN(HTTP_HEAD_GROWTH, nb->b_len - nb->s_off);
	struct http_head	h;
	int			status;

	if (admission_connections_full(route))
		return (http_input_refuse(c, 503));
	if ((most = body_max(route, head, was)) == 0)
		return (http_input_refuse(c, 403));
	/* Room for a Content-Length of 0, in front of what follows. */
	memmove(head + was + gap, head + was, rest);
	if ((status = http_head_rewrite(head, was, was + gap, most, &h)) != 0)
		return (http_input_refuse(c, status));
	/* A body that is written to disk as it arrives needs its length at the start. */
	if (most > LOCALBODY_MEMORY_MAX && !h.measured)
		return (http_input_refuse(c, 411));
	was += gap;
	nb->s_off += gap;
	if (h.chunked)
		return (http_input_collect(nb, route, was, rest, &h, most));
	if (http_input_busy(c, route, head, &h, rest))
		return (KORE_RESULT_OK);
	http_input_trim(nb, was, &h);
	if (h.body > LOCALBODY_MEMORY_MAX)
		status = http_input_file(nb, route, &h, most);
	else if ((status = http_header_recv(nb)) == KORE_RESULT_OK)
		status = http_input_begin(c, route, most);
	if (status != KORE_RESULT_OK)
		return (status);

	return (h.expects && rest == 0 && h.body > 0 && c->rnb->cb != http_input_discard ? http_input_continue(c) : KORE_RESULT_OK);
}

static int
http_input_recv(struct netbuf *nb)
{
	struct connection	*c = nb->owner;
	char			*end;
	size_t			was;
	int			full = nb->s_off == nb->b_len;	/* more may wait in the socket */

	lines_skip(nb);
	if (nb->s_off == 0)
		return (KORE_RESULT_OK);
	timeouts_head(c);
	if ((end = memmem(nb->buf, nb->s_off, HEAD_END, strlen(HEAD_END))) == NULL)
		return (nb->s_off < nb->b_len ? KORE_RESULT_OK : http_input_refuse(c, 431));
	timeouts_headed(c);
	if (!full)
		pipelined_drained(c);
	if (timeouts_unsent(c) > UNSENT_MAX)
		return (KORE_RESULT_ERROR);
	was = (size_t)(end - (char *)nb->buf) + strlen(HEAD_END);
	if (!head_normalize(nb, &was))
		return (http_input_refuse(c, 431));

	return (http_input_head(nb, was));
}

static void
http_input_opened(struct connection *c)
{
	pipelined_opened(c);
	timeouts_opened(c);
}

static int
http_input_timeout(struct connection *c, u_int64_t now)
{
	switch (timeouts_check(c, now)) {
	case TIMEOUT_NONE:
		return (KORE_RESULT_OK);
	case TIMEOUT_RESPOND:
		(void)http_input_refuse(c, 408);
		break;
	case TIMEOUT_CLOSE:
		kore_connection_disconnect(c);
		break;
	}

	return (KORE_RESULT_ERROR);
}

void
http_input_start(void)
{
	static const struct connection_hooks	hooks = { .opened = http_input_opened, .idle = timeouts_idle, .resumed = pipelined_wake,
	    .header = http_input_recv, .timeout = http_input_timeout };

	connection_hooks_set(&hooks);
}
