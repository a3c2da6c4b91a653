/*
 * Kore hands its receive callback to net_recv_queue() and net_recv_reset();
 * the linker leads both here, and ours runs in front of Kore's. So does
 * http_check_timeout(), whose place pace.c takes.
 *
 * Kore answers 400 to an empty header value and 411 to a POST without a
 * length. The apps send an empty Authorization when they have no token
 * (docs/compatibility.md#client-headers), and POST without a body is common.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "base/role.h"
#include "http/admission.h"
#include "http/http_input.h"
#include "http/local_body.h"
#include "http/metrics.h"
#include "http/route.h"
#include "http/timeouts.h"
#include "kore/connection_hooks.h"
#include "tls/listener.h"

#define HEAD_END	"\r\n\r\n"
#define ORIGIN_MAX	256	/* bytes of one that a refusal repeats, its NUL included */
#define LENGTH_ZERO	"content-length: 0\r\n"

#define UNSENT_MAX	1048576	/* bytes of answers that wait for a client, before it may ask for more */

/* All that the service reads. Kore keeps 25 headers, and browsers behind load balancers send more. */
static const char	*headers_read[] = {
	"host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding",
	"authorization", "origin", "user-agent", "accept-language", "if-none-match", "cache-control", "if-range", "range",
	"cf-ipcountry", "x-vercel-ip-country", "x-country", "x-app-country", "x-kid-mode", "x-profile-age",
	"x-profile-birthyear", "x-experiment", "x-variant", "x-request-id", "x-amzn-trace-id", "traceparent", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-for",
	"x-paystack-signature", "verif-hash", "flutterwave-signature",
#if defined(HANGUP_HOOK)
	"x-hangup",
#endif
};

static int
header_is(const char *line, size_t len, const char *name)
{
	size_t	n = strlen(name);

	return (len > n && line[n] == ':' && !strncasecmp(line, name, n));
}

/* The value of a header line without blanks around it. */
static const char *
header_value(const char *line, size_t len, size_t *value_len)
{
	const char	*p = memchr(line, ':', len), *end = line + len;

	for (p++; p < end && (*p == ' ' || *p == '\t'); p++)
		;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*value_len = (size_t)(end - p);

	return (p);
}

static int
header_wanted(const char *line, size_t len)
{
	size_t	i, value_len;

	for (i = 0; i < sizeof(headers_read) / sizeof(*headers_read); i++) {
		if ((line[0] | 0x20) == headers_read[i][0] && header_is(line, len, headers_read[i])) {
			(void)header_value(line, len, &value_len);
			return (value_len > 0);
		}
	}

	return (0);
}

/* Whether Kore will read the length as we do, and whether the body may be that long. */
static int
length_check(const char *line, size_t len, unsigned long body_max, size_t *body)
{
	char		digits[21];
	const char	*value;
	size_t		n;

	value = header_value(line, len, &n);
	if (n == 0 || n >= sizeof(digits))
		return (400);
	memcpy(digits, value, n);
	digits[n] = '\0';
	if (strspn(digits, "0123456789") != n)
		return (400);

	*body = strtoul(digits, NULL, 10);

	return (*body > body_max ? 413 : 0);
}

static int
method_has_body(const char *head)
{
	return (!strncasecmp(head, "POST ", 5) || !strncasecmp(head, "PUT ", 4) || !strncasecmp(head, "PATCH ", 6));
}

/* Whether Kore reads a body that a request of this method brings. */
static int
method_reads_body(const char *head)
{
	return (method_has_body(head) || !strncasecmp(head, "DELETE ", 7));
}

/* Method, path and version, of a form and length that Kore takes. */
static int
line_check(const char *line, size_t len)
{
	static const char	*methods[] = { "GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS " };
	const char		*path, *end = line + len, *blank, *p;
	size_t			i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (!strncasecmp(line, methods[i], strlen(methods[i])))
			break;
	}
	if ((path = memchr(line, ' ', len)) == NULL)
		return (400);
	for (p = line; p < end; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			return (400);
	}
	if (i == sizeof(methods) / sizeof(*methods))
		return (404);
	path++;
	if ((blank = memchr(path, ' ', (size_t)(end - path))) == NULL || *path != '/' || end - blank != 9 ||
	    strncasecmp(blank, " HTTP/1.", 8) || (end[-1] != '0' && end[-1] != '1'))
		return (400);

	return (blank - path >= HTTP_URI_LEN - 1 ? 414 : 0);
}

/*
 * Moves a header line up to out, without the blanks at its end; returns what
 * follows it. Tabs and bytes above ASCII are allowed in values (RFC 9110
 * §5.5), but Kore refuses them: a tab becomes the blank that it means, and
 * nothing that we read has the others.
 */
static char *
line_keep(char *out, const char *line, const char *eol)
{
	while (eol[-1] == ' ' || eol[-1] == '\t')
		eol--;
	for (; line < eol; line++)
		*out++ = *line == '\t' ? ' ' : (unsigned char)*line < 0x80 ? *line : '?';
	memcpy(out, "\r\n", 2);

	return (out + 2);
}

/*
 * A header line has a name and no control characters. A blank before, in or
 * behind the name is refused: others might take such a line for the length of
 * the body, or for the end of the line above (RFC 9112 §5.1, §5.2).
 */
static int
header_ok(const char *line, const char *eol)
{
	const char	*p, *colon = memchr(line, ':', (size_t)(eol - line));

	if (colon == NULL || colon == line)
		return (0);
	for (p = line; p < eol; p++) {
		if (*p == ' ' || *p == '\t' ? p < colon : (unsigned char)*p < 0x20 || *p == 0x7f)
			return (0);
	}

	return (1);
}

int
http_input_rewrite(char *head, size_t *len, size_t size, unsigned long body_max, size_t *body)
{
	char	*in, *out, *end = head + *len - 2, *eol;
	int	status, host = 0, lengths = 0, kept = 0;

	*body = 0;
	eol = memmem(head, *len, "\r\n", 2);
	if ((status = line_check(head, (size_t)(eol - head))) != 0)
		return (status);
	for (in = out = eol + 2; in < end; in = eol + 2) {
		eol = memmem(in, (size_t)(end + 2 - in), "\r\n", 2);
		if (!header_ok(in, eol))
			return (400);
		if (header_is(in, (size_t)(eol - in), "transfer-encoding"))
			return (411);
		if (header_is(in, (size_t)(eol - in), "content-length")) {
			if (lengths++ > 0 || (status = length_check(in, (size_t)(eol - in), body_max, body)) != 0)
				return (lengths > 1 ? 400 : status);
		}
		if (!header_wanted(in, (size_t)(eol - in)))
			continue;
		if (++kept > HTTP_REQ_HEADER_MAX - 3)
			return (431);
		host += header_is(in, (size_t)(eol - in), "host");
		out = line_keep(out, in, eol);
	}
	if (host != 1)
		return (400);
	if (lengths == 0 && method_has_body(head)) {
		if ((size_t)(out - head) + sizeof(LENGTH_ZERO) + 1 > size)
			return (431);
		memcpy(out, LENGTH_ZERO, strlen(LENGTH_ZERO));
		out += strlen(LENGTH_ZERO);
	}
	memcpy(out, "\r\n", 2);
	*len = (size_t)(out + 2 - head);

	return (0);
}

static const char *
refusal_text(int status)
{
	switch (status) {
	case 403:
		return ("This address is not valid or has expired");
	case 404:
		return ("Not found");
	case 408:
		return ("The request took too long to arrive");
	case 411:
		return ("Content-Length is required");
	case 413:
		return ("Request body too large");
	case 414:
		return ("The address is too long");
	case 431:
		return ("The request headers are too large");
	case 503:
		return ("The service is busy. Please try again in a moment.");
	default:
		return ("Bad request");
	}
}

/* Who asked, for browsers: the value of Origin in what has come of a head, "*" for none that can be told again. */
static const char *
origin_find(const struct netbuf *nb, char out[ORIGIN_MAX])
{
	const char	*line = (const char *)nb->buf, *end = line + nb->s_off, *eol, *value, *p;
	size_t		len;

	/* A head that was refused half rewritten may have empty lines in it. */
	for (; (eol = memmem(line, (size_t)(end - line), "\r\n", 2)) != NULL; line = eol + 2) {
		if (!header_is(line, (size_t)(eol - line), "origin"))
			continue;
		value = header_value(line, (size_t)(eol - line), &len);
		for (p = value; p < value + len && *p > ' ' && *p < 0x7f; p++)
			;
		if (len == 0 || len >= ORIGIN_MAX || p < value + len)
			break;
		memcpy(out, value, len);
		out[len] = '\0';
		return (out);
	}

	return ("*");
}

/* What still comes on a connection whose request was refused. */
static int
http_input_discard(struct netbuf *nb)
{
	nb->s_off = 0;

	return (KORE_RESULT_OK);
}

/*
 * Answers for Kore, which would send no body and no CORS headers. Nothing
 * more is served on the connection, but what is still coming is read: closing
 * now would reset it, and the client might never see the answer. pace.c ends
 * it if the client does not.
 */
static int
http_input_refuse(struct connection *c, int status)
{
	char	body[96], origin[ORIGIN_MAX], answer[640 + ORIGIN_MAX];
	int	len;

	len = snprintf(body, sizeof(body), "{\"message\":\"%s\"}", refusal_text(status));
	len = snprintf(answer, sizeof(answer), "HTTP/1.1 %d %s\r\nconnection: close\r\naccess-control-allow-origin: %s\r\n"
	    "vary: Origin\r\naccess-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS\r\n"
	    "access-control-allow-headers: Content-Type, Authorization\r\ncontent-type: application/json; charset=utf-8\r\n"
	    "x-content-type-options: nosniff\r\n%scontent-length: %d\r\n\r\n%s", status, http_status_text(status), origin_find(c->rnb, origin),
	    status == 503 ? "retry-after: " RETRY_AFTER_SEC "\r\n" : "", len, body);
	timeouts_refused(c);
	c->rnb->s_off = 0;
	c->rnb->cb = http_input_discard;
	net_send_queue(c, answer, (size_t)len);
	if (!net_send_flush(c)) {
		kore_connection_disconnect(c);
		return (KORE_RESULT_OK);
	}
	listener_finish(c);
	if (shutdown(c->fd, SHUT_WR) == -1)
		kore_connection_disconnect(c);

	return (KORE_RESULT_OK);
}

/*
 * What came with a request and is not its own: either later requests, which
 * wait until this one is answered, or the number of bytes that are still to
 * come and are to be overlooked. Hangs on the connection, where Kore frees it,
 * behind what pace.c keeps there.
 */
struct pipelined {
	struct timeouts_time	time;
	int			pipelined;	/* there was a surplus once */
	size_t			skip;
	size_t			len;
	u_int8_t		data[];
};

static struct pipelined *
pipelined_new(struct connection *c, size_t len)
{
	const struct pipelined	*was = c->hdlr_extra;
	struct pipelined		*s = kore_malloc(sizeof(*s) + len);

	memset(s, 0, sizeof(*s));
	if (was != NULL) {
		s->time = was->time;
		s->pipelined = was->pipelined;
	}
	kore_free(c->hdlr_extra);
	c->hdlr_extra = s;

	return (s);
}

static void
pipelined_end(struct connection *c)
{
	(void)pipelined_new(c, 0);
	c->read = c->tls != NULL ? kore_tls_read : net_read;
}

/* In place of the connection's own read while there is a surplus. What is kept fits: it came in a buffer of the same size. */
static int
pipelined_read(struct connection *c, size_t *bytes)
{
	struct pipelined	*s = c->hdlr_extra;
	u_int8_t	*to = c->rnb->buf + c->rnb->s_off;
	size_t		n;

	if (s->len > 0) {
		memcpy(to, s->data, s->len);
		*bytes = s->len;
		pipelined_end(c);
		return (KORE_RESULT_OK);
	}
	if ((c->tls != NULL ? kore_tls_read : net_read)(c, bytes) != KORE_RESULT_OK)
		return (KORE_RESULT_ERROR);
	if (!(c->evt.flags & KORE_EVENT_READ))
		return (KORE_RESULT_OK);
	n = MIN(*bytes, s->skip);
	memmove(to, to + n, *bytes - n);
	*bytes -= n;
	if ((s->skip -= n) == 0)
		pipelined_end(c);

	return (KORE_RESULT_OK);
}

static void
pipelined_keep(struct connection *c, const char *data, size_t len, size_t skip)
{
	struct pipelined	*s;

	if (len == 0 && skip == 0)
		return;
	s = pipelined_new(c, len);
	s->pipelined = 1;
	s->skip = skip;
	s->len = len;
	memcpy(s->data, data, len);
	c->read = pipelined_read;
}

/*
 * A read that left room took all that was there, and the kernel will speak of
 * what comes later: to try again would be in vain. Not so where TLS or a
 * surplus stands between the socket and what was read.
 */
static void
http_input_drained(struct connection *c)
{
	const struct pipelined	*s = c->hdlr_extra;

	if (c->tls == NULL && !s->pipelined && c->rnb->s_off < c->rnb->b_len)
		c->evt.flags &= ~KORE_EVENT_READ;
}

/* Whether something came that was not read. */
static int
pipelined_there(struct connection *c)
{
	const struct pipelined	*s = c->hdlr_extra;
	char			byte;

	return (s->len > 0 || s->skip > 0 || listener_pending(c) ||
	    ((c->evt.flags & KORE_EVENT_READ) && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0));
}

/*
 * Kore's events are edge-triggered: of what came while a request was served,
 * nobody will speak again. Asked for its events anew, the kernel does.
 */
static void
pipelined_wake(struct connection *c)
{
	if (!pipelined_there(c))
		return;
	c->evt.flags |= KORE_EVENT_READ;
	kore_platform_event_all(c->fd, c);
}

/* The body that Kore is about to receive is counted before much of it is there. */
static int
http_input_body(struct connection *c)
{
	struct http_request	*req;

	TAILQ_FOREACH(req, &c->http_requests, olist) {
		if (!(req->flags & HTTP_REQUEST_DELETE) && !admission_body_begin(req)) {
			req->flags |= HTTP_REQUEST_DELETE;
			return (http_input_refuse(c, 503));
		}
	}

	return (KORE_RESULT_OK);
}

/* Load balancers must see that a busy process is alive. */
static int
is_health(const char *head)
{
	return (!strncasecmp(head, "GET /health", 11) || !strncasecmp(head, "HEAD /health", 12));
}

/*
 * A busy worker says so before a request is made of what came, and logs no
 * line for each: to refuse many costs little, and leaves the rest of the time
 * to those that were accepted. The connection stays, for a new one costs
 * more than the refusal. Only for what is whole and nothing special; the rest
 * is refused behind its route (request.c).
 */
static int
http_input_busy(struct connection *c, char *head, size_t len, size_t rest, size_t body)
{
	static const char	answer[] = "HTTP/1.1 503 Service Unavailable\r\nconnection: keep-alive\r\naccess-control-allow-origin: *\r\n"
	    "vary: Origin\r\naccess-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS\r\n"
	    "access-control-allow-headers: Content-Type, Authorization\r\ncontent-type: application/json; charset=utf-8\r\n"
	    "x-content-type-options: nosniff\r\ncache-control: no-store\r\nretry-after: " RETRY_AFTER_SEC "\r\n"
	    "content-length: 64\r\n\r\n{\"message\":\"The service is busy. Please try again in a moment.\"}";
	const char		*path = memchr(head, ' ', len), *eol = memmem(head, len, "\r\n", 2);

	if (rest != body || strncmp(path, " /api/", 6) || !strncmp(path, " /api/health", 12) || eol[-1] != '1' ||
	    !strncmp(head, "HEAD", 4) || !strncmp(head, "OPTIONS", 7) || memmem(eol, len - (size_t)(eol - head), "lose", 4) != NULL ||
	    role_draining() || !admission_full())
		return (0);
	metrics_refused(503);
	c->rnb->s_off = 0;
	timeouts_idle(c);
	net_send_queue(c, answer, sizeof(answer) - 1);
	if (!net_send_flush(c))
		kore_connection_disconnect(c);

	return (1);
}

/*
 * Kore takes all that came with a head for the body of a request, however long
 * that is, and drops it where the method has none; so it gets to see what is
 * the request's own.
 */
static int
http_input_recv(struct netbuf *nb)
{
	struct connection	*c = nb->owner;
	char			*head = (char *)nb->buf, *end;
	size_t			len, was, rest, body, body_max, own;
	int			status;

	timeouts_head(c);
	if ((end = memmem(head, nb->s_off, HEAD_END, strlen(HEAD_END))) == NULL)
		return (nb->s_off < nb->b_len ? KORE_RESULT_OK : http_input_refuse(c, 431));

	timeouts_headed(c);
	http_input_drained(c);
	if (timeouts_unsent(c) > UNSENT_MAX)
		return (KORE_RESULT_ERROR);
	if (admission_connections_full() && !is_health(head))
		return (http_input_refuse(c, 503));
	len = was = (size_t)(end - head) + strlen(HEAD_END);
	rest = nb->s_off - was;
	if ((body_max = local_body_max(head, was)) == 0)
		return (http_input_refuse(c, 403));
	if (body_max == LOCALBODY_MEMORY_MAX)
		body_max = route_head_max(head, was);
	/* The head may grow by a length of 0, but only where nothing follows. */
	if ((status = http_input_rewrite(head, &len, rest == 0 ? nb->b_len : was, body_max, &body)) != 0)
		return (http_input_refuse(c, status));
	if (http_input_busy(c, head, len, rest, body))
		return (KORE_RESULT_OK);
	own = MIN(rest, body);
	pipelined_keep(c, head + was + own, rest - own, method_reads_body(head) ? 0 : body - own);
	if (!method_reads_body(head))
		own = 0;
	memmove(head + len, head + was, own);
	nb->s_off = len + own;
	if ((status = http_header_recv(nb)) != KORE_RESULT_OK)
		return (status);

	return (http_input_body(c));
}

static void
http_input_opened(struct connection *c)
{
	(void)pipelined_new(c, 0);
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
