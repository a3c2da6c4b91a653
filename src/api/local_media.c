/*
 * The objects of a local directory as S3 would serve them: whole or in ranges
 * to whoever has a signed address (artwork to everybody), and taken from
 * whoever has an address to put to. Files pass through in pieces.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/work.h"
#include "http/local_body.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/local/local_objects.h"

#define PIECE_BYTES	65536
#define TYPE_BYTES	16
#define PUT_SECONDS	120

/* A file on its way to a client. */
struct piece {
	struct connection	*c;
	int			fd;
	uint64_t		offset, left;
	char			data[PIECE_BYTES];
};

static int	piece_sent(struct netbuf *);

static void
piece_end(struct piece *p)
{
	(void)close(p->fd);
	free(p);
}

/* Queues the next bytes. A file that has become shorter cannot be told any more but by breaking off. */
static void
piece_send(struct piece *p)
{
	struct netbuf	*nb;
	ssize_t		n;

	n = pread(p->fd, p->data, p->left < PIECE_BYTES ? (size_t)p->left : PIECE_BYTES, (off_t)p->offset);
	if (n <= 0) {
		log_event(LOG_LEVEL_ERROR, "an object ended before its end");
		kore_connection_disconnect(p->c);
		piece_end(p);
		return;
	}
	p->offset += (uint64_t)n;
	p->left -= (uint64_t)n;
	net_send_stream(p->c, p->data, (size_t)n, piece_sent, &nb);
	nb->extra = p;
}

/* Kore is done with the bytes, because they are out or because the connection has ended. */
static int
piece_sent(struct netbuf *nb)
{
	struct piece		*p = nb->extra;
	struct connection	*c = p->c;

	if (c->state == CONN_STATE_DISCONNECTING) {
		piece_end(p);
	} else if (p->left > 0) {
		piece_send(p);
	} else {
		piece_end(p);
		c->flags &= ~CONN_IS_BUSY;
		if (!(c->flags & CONN_CLOSE_EMPTY))
			http_start_recv(c);
	}

	return (KORE_RESULT_OK);
}

/* Sends len bytes from offset behind the headers that are set; takes fd. */
static void
file_reply(struct http_request *req, int status, int fd, uint64_t offset, uint64_t len)
{
	char			text[24];
	struct piece		*p;

	snprintf(text, sizeof(text), "%" PRIu64, len);
	http_response_header(req, "content-length", text);
	req->flags |= HTTP_REQUEST_NO_CONTENT_LENGTH;
	if (len == 0 || req->method == HTTP_METHOD_HEAD || req->owner == NULL) {
		(void)close(fd);
		http_response(req, status, NULL, 0);
		return;
	}
	if ((p = malloc(sizeof(*p))) == NULL)
		fatal("out of memory");
	p->c = req->owner;
	p->fd = fd;
	p->offset = offset;
	p->left = len;
	/* The next request is read when this answer is out. */
	p->c->flags |= CONN_IS_BUSY;
	http_response(req, status, NULL, 0);
	piece_send(p);
}

/* Digits at *p, behind which it moves; 0 without any. */
static int
number_read(const char **p, uint64_t *n)
{
	char	*end;

	if (**p < '0' || **p > '9')
		return (0);
	*n = strtoull(*p, &end, 10);
	*p = end;

	return (1);
}

/*
 * RFC 9110 §14.2: one range of bytes. Returns 206 with offset and len, 416,
 * or 200 for what is no range or more than one, which may be ignored.
 */
static int
range_read(const char *text, uint64_t size, uint64_t *offset, uint64_t *len)
{
	uint64_t	first, last;
	const char	*p = text + 6;

	if (strncasecmp(text, "bytes=", 6))
		return (200);
	if (*p == '-') {
		p++;
		if (!number_read(&p, &last) || *p != '\0')
			return (200);
		first = last < size ? size - last : 0;
		last = UINT64_MAX;
	} else {
		if (!number_read(&p, &first) || *p++ != '-')
			return (200);
		if (*p == '\0')
			last = UINT64_MAX;
		else if (!number_read(&p, &last) || *p != '\0' || last < first)
			return (200);
	}
	if (first >= size)
		return (416);
	if (last >= size)
		last = size - 1;
	*offset = first;
	*len = last - first + 1;

	return (206);
}

/* The part of the object that the request wants. */
static int
part_choose(struct http_request *req, const struct objects_stat *stat, uint64_t *offset, uint64_t *len)
{
	const char	*range, *condition;

	*offset = 0;
	*len = stat->size;
	if (!http_request_header(req, "range", &range) ||
	    (http_request_header(req, "if-range", &condition) && strcmp(condition, stat->etag)))
		return (200);

	return (range_read(range, stat->size, offset, len));
}

static void
object_reply(struct request *r, const char *key, int fd, const struct objects_stat *stat)
{
	struct http_request	*req = r->kore;
	unsigned char		begin[TYPE_BYTES];
	const char		*known;
	char			range[96];
	uint64_t		offset, len;
	ssize_t			n;
	int			status;

	n = pread(fd, begin, sizeof(begin), 0);
	reply_object_headers(r, stat->etag);
	http_response_header(req, "accept-ranges", "bytes");
	if (http_request_header(req, "if-none-match", &known) && strstr(known, stat->etag) != NULL) {
		(void)close(fd);
		reply_not_modified(r);
		return;
	}
	status = part_choose(req, stat, &offset, &len);
	if (status == 416) {
		(void)close(fd);
		snprintf(range, sizeof(range), "bytes */%" PRIu64, stat->size);
		http_response_header(req, "content-range", range);
		http_response(req, 416, NULL, 0);
		return;
	}
	http_response_header(req, "content-type", local_type(key, begin, n > 0 ? (size_t)n : 0));
	if (status == 206) {
		snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, offset, offset + len - 1, stat->size);
		http_response_header(req, "content-range", range);
	}
	file_reply(req, status, fd, offset, len);
}

ROUTE(GET, LOCAL_PATH "*", localmedia_get);

static void
localmedia_get(struct request *r)
{
	struct local_body_address	a;
	struct objects_stat		stat;
	int				fd;

	if (!local_enabled()) {
		reply_message(r, 404, "Not found");
		return;
	}
	if (!local_body_allows(http_method_text(r->kore->method), r->kore->path, r->kore->query_string, &a)) {
		reply_message(r, 403, "This address is not valid or has expired");
		return;
	}
	if ((fd = local_open(a.key, &stat)) == -1) {
		reply_message(r, 404, "Not found");
		return;
	}
	object_reply(r, a.key, fd, &stat);
}

/* A body on its way to its place; outlives a request whose client has gone. */
struct arrival {
	struct request			*r;
	struct local_body_address	a;
	char				path[HTTP_BODY_PATH_MAX];	/* of the file it was written to; "" when it is in data */
	int				fd;
	void				*data;
	size_t				len;
	char				etag[OBJECTS_ETAG_MAX];
	struct objects_call		call;
	enum objects_result		result;
};

static void
arrival_work(void *arg)
{
	struct arrival	*w = arg;
	const char	*upload = w->a.has_upload ? w->a.upload : NULL;
	int		number = atoi(w->a.part);

	w->call.seconds = PUT_SECONDS;
	if (*w->path != '\0')
		w->result = local_accept(w->path, w->fd, w->a.key, upload, number, w->etag, &w->call);
	else if (upload != NULL)
		w->result = objects_part(w->a.key, upload, number, w->data, w->len, w->etag, &w->call);
	else
		w->result = objects_put(w->a.key, NULL, w->data, w->len, w->etag, &w->call);
}

static void
arrival_free(struct arrival *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	free(w->data);
	free(w);
}

static void
arrival_done(void *arg)
{
	struct arrival	*w = arg;
	struct request	*r = w->r;

	if (request_resume(r)) {
		if (w->result == OBJECTS_OK) {
			reply_object_headers(r, w->etag);
			http_response(r->kore, 200, NULL, 0);
		} else if (w->result == OBJECTS_MISSING) {
			reply_message(r, 404, "There is no such upload");
		} else {
			log_event(LOG_LEVEL_ERROR, "an object could not be stored", LOG_S("id", r->id), LOG_S("error", w->call.error));
			reply_message(r, w->result == OBJECTS_REFUSED ? 400 : 503, "The object could not be stored");
		}
		request_settle(r);
	}
	arrival_free(w);
}

/* Takes the body over from Kore, which removes its own with the request. */
static int
arrival_take(struct arrival *w, struct http_request *req)
{
	if (req->http_body_fd != -1) {
		snprintf(w->path, sizeof(w->path), "%s", req->http_body_path);
		return ((w->fd = fcntl(req->http_body_fd, F_DUPFD_CLOEXEC, 0)) != -1);
	}
	w->len = req->http_body != NULL ? req->http_body_length : 0;
	if ((w->data = malloc(w->len + 1)) == NULL)
		return (0);
	if (w->len > 0)
		memcpy(w->data, req->http_body->data, w->len);

	return (1);
}

ROUTE(PUT, LOCAL_PATH "*", localmedia_put, .raw = 1, .body_max = OBJECTS_PART_MAX);

static void
localmedia_put(struct request *r)
{
	struct arrival	*w;

	if (!local_enabled()) {
		reply_message(r, 404, "Not found");
		return;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->r = r;
	w->fd = -1;
	if (!local_body_allows("PUT", r->kore->path, r->kore->query_string, &w->a)) {
		reply_message(r, 403, "This address is not valid or has expired");
		arrival_free(w);
		return;
	}
	if (!arrival_take(w, r->kore)) {
		reply_message(r, 503, "The object could not be stored");
		arrival_free(w);
		return;
	}
	request_wait(r);
	(void)work_run(WORK_STORE, arrival_work, arrival_done, w);
}
