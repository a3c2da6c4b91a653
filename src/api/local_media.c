/*
 * HTTP access to the objects of a local directory (MEDIA_DIR), as S3 provides
 * it: GET and PUT with a presigned URL, ranges, public artwork. Responses are
 * sent in chunks, which limits their memory to one chunk a client.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/work.h"
#include "http/condition.h"
#include "http/local_body.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/local/local_objects.h"

#define CHUNK_BYTES	65536
#define TYPE_BYTES	16
#define PUT_SECONDS	120
#define CHANGED		"The object does not have the ETag that the request requires"
#define EXISTS		"The object exists already"

/* A file that is being sent to a client. */
struct chunk {
	struct connection	*c;
	int			fd;
	uint64_t		offset, left;
	char			data[CHUNK_BYTES];
};

static const struct param	signed_query[] = {
	PARAM("expires", PARAM_SIGNED),
	PARAM("method", PARAM_SIGNED),
	PARAM("upload", PARAM_SIGNED),
	PARAM("part", PARAM_SIGNED),
	PARAM("sig", PARAM_SIGNED),
	PARAM_END
};

static int	chunk_sent(struct netbuf *);

static void
chunk_end(struct chunk *p)
{
	(void)close(p->fd);
	free(p);
}

/* Queues the next chunk. If the file has become shorter, closes the connection, because the status line has been sent. */
static void
chunk_send(struct chunk *p)
{
	struct netbuf	*nb;
	ssize_t		n;

	n = pread(p->fd, p->data, p->left < CHUNK_BYTES ? (size_t)p->left : CHUNK_BYTES, (off_t)p->offset);
	if (n <= 0) {
		log_event(LOG_LEVEL_ERROR, "object file is shorter than expected; response aborted");
		kore_connection_disconnect(p->c);
		chunk_end(p);
		return;
	}
	p->offset += (uint64_t)n;
	p->left -= (uint64_t)n;
	net_send_stream(p->c, p->data, (size_t)n, chunk_sent, &nb);
	nb->extra = p;
}

/* Kore callback: the chunk has been sent, or the connection has been closed. */
static int
chunk_sent(struct netbuf *nb)
{
	struct chunk		*p = nb->extra;
	struct connection	*c = p->c;

	if (c->state == CONN_STATE_DISCONNECTING) {
		chunk_end(p);
	} else if (p->left > 0) {
		chunk_send(p);
	} else {
		chunk_end(p);
		c->flags &= ~CONN_IS_BUSY;
		if (!(c->flags & CONN_CLOSE_EMPTY))
			http_start_recv(c);
	}

	return (KORE_RESULT_OK);
}

/* Sends the headers that are set and len bytes from offset. Closes fd when done. */
static void
file_reply(struct http_request *req, int status, int fd, uint64_t offset, uint64_t len)
{
	char			text[24];
	struct chunk		*p;

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
	/* Kore reads the next request of the connection after the last chunk. */
	p->c->flags |= CONN_IS_BUSY;
	http_response(req, status, NULL, 0);
	chunk_send(p);
}

/* Reads the digits at *p and advances it. Returns 0 if there are none. */
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
 * Parses a Range header (RFC 9110 §14.2) with one byte range. Returns 206 and
 * sets offset and len; 416 if the range begins after the end; 200 for anything
 * else, also for several ranges, which a server may ignore.
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

/* Sets offset and len to the requested part of the object. Returns the status. */
static int
part_select(struct http_request *req, const struct objects_stat *stat, uint64_t *offset, uint64_t *len)
{
	const char	*range, *condition;

	*offset = 0;
	*len = stat->size;
	if (!http_request_header(req, "range", &range) ||
	    (http_request_header(req, "if-range", &condition) && strcmp(condition, stat->etag)))
		return (200);

	return (range_read(range, stat->size, offset, len));
}

/* Answers 412 or 304 if a precondition is false, in the order of RFC 9110 §13.2.2. Returns 1 if it has. Closes fd then. */
static int
condition_reply(struct request *r, int fd, const char *etag)
{
	const char	*wanted, *known;
	int		changed = http_request_header(r->kore, "if-match", &wanted) && !condition_matches(wanted, etag, CONDITION_STRONG);

	if (!changed && !(http_request_header(r->kore, "if-none-match", &known) && condition_matches(known, etag, CONDITION_WEAK)))
		return (0);
	(void)close(fd);
	if (changed) {
		reply_message(r, 412, CHANGED);
		return (1);
	}
	reply_object_headers(r, etag);
	http_response_header(r->kore, "accept-ranges", "bytes");
	reply_not_modified(r);

	return (1);
}

static void
object_reply(struct request *r, const char *key, int fd, const struct objects_stat *stat)
{
	struct http_request	*req = r->kore;
	unsigned char		begin[TYPE_BYTES];
	char			range[96];
	uint64_t		offset, len;
	ssize_t			n;
	int			status;

	if (condition_reply(r, fd, stat->etag))
		return;
	n = pread(fd, begin, sizeof(begin), 0);
	reply_object_headers(r, stat->etag);
	http_response_header(req, "accept-ranges", "bytes");
	status = part_select(req, stat, &offset, &len);
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
	r->bytes = len;
	file_reply(req, status, fd, offset, len);
}

ROUTE(GET, LOCAL_PATH "*", localmedia_get, .query = signed_query);

static void
localmedia_get(struct request *r)
{
	struct local_body_url	a;
	struct objects_stat		stat;
	int				fd;

	if (!local_enabled()) {
		reply_message(r, 404, "Not found");
		return;
	}
	if (!local_body_allows(http_method_text(r->kore->method), r->kore->path, r->kore->query_string, &a)) {
		reply_message(r, 403, "The URL is not valid or has expired");
		return;
	}
	if ((fd = local_open(a.key, &stat)) == -1) {
		reply_message(r, 404, "Not found");
		return;
	}
	object_reply(r, a.key, fd, &stat);
}

/* A received body that is being stored. Lives until the thread is done, also after its request has been freed. */
struct put {
	struct request			*r;
	struct local_body_url	a;
	char				path[HTTP_BODY_PATH_MAX];	/* of the file it was written to; "" when it is in data */
	int				fd;
	void				*data;
	size_t				len;
	char				*if_match, *if_none_match;	/* NULL without; parts have none */
	char				etag[OBJECTS_ETAG_MAX];
	struct objects_call		call;
	enum objects_result		result;
};

/* Returns 0 if a precondition of the PUT is false. */
static int
put_allowed(struct put *w)
{
	struct objects_stat	stat;
	const char		*etag = NULL;
	int			fd;

	if (w->if_match == NULL && w->if_none_match == NULL)
		return (1);
	if ((fd = local_open(w->a.key, &stat)) != -1) {
		etag = stat.etag;
		(void)close(fd);
	}
	/* The object may change before the file is renamed; "*" is checked again then, in one step. */
	w->call.create = w->if_none_match != NULL && !strcmp(w->if_none_match, "*");

	return ((w->if_match == NULL || condition_matches(w->if_match, etag, CONDITION_STRONG)) &&
	    (w->if_none_match == NULL || !condition_matches(w->if_none_match, etag, CONDITION_WEAK)));
}

static void
put_work(void *arg)
{
	struct put	*w = arg;
	const char	*upload = w->a.has_upload ? w->a.upload : NULL;
	int		number = atoi(w->a.part);

	w->call.seconds = PUT_SECONDS;
	if (!put_allowed(w))
		w->result = OBJECTS_CHANGED;
	else if (*w->path != '\0')
		w->result = local_accept(w->path, w->fd, w->a.key, upload, number, w->etag, &w->call);
	else if (upload != NULL)
		w->result = objects_part(w->a.key, upload, number, w->data, w->len, w->etag, &w->call);
	else
		w->result = objects_put(w->a.key, NULL, w->data, w->len, w->etag, &w->call);
}

static void
put_free(struct put *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	free(w->data);
	free(w->if_match);
	free(w->if_none_match);
	free(w);
}

static void
put_reply(const struct put *w)
{
	struct request	*r = w->r;

	if (w->result == OBJECTS_OK) {
		reply_object_headers(r, w->etag);
		http_response(r->kore, 200, NULL, 0);
	} else if (w->result == OBJECTS_MISSING) {
		reply_message(r, 404, "Upload not found");
	} else if (w->result == OBJECTS_CHANGED) {
		reply_message(r, 412, w->if_match != NULL ? CHANGED : EXISTS);
	} else if (w->call.no_space) {
		local_body_full(r->id, w->call.error);
		reply_message(r, 507, LOCALBODY_FULL);
	} else {
		log_event(LOG_LEVEL_ERROR, "object storage error: cannot store an object", LOG_S("id", r->id), LOG_S("error", w->call.error));
		reply_message(r, w->result == OBJECTS_REFUSED ? 400 : 503, "Cannot store the object");
	}
}

static void
put_done(void *arg)
{
	struct put	*w = arg;

	if (request_resume(w->r)) {
		put_reply(w);
		request_settle(w->r);
	}
	put_free(w);
}

/* Copies a header of the request. Returns NULL without it. */
static char *
header_copy(struct http_request *req, const char *name)
{
	const char	*value;
	char		*copy;

	if (!http_request_header(req, name, &value))
		return (NULL);
	if ((copy = strdup(value)) == NULL)
		fatal("out of memory");

	return (copy);
}

/* Copies the body or duplicates its descriptor, because Kore frees both with the request. Returns 0 on error. */
static int
put_take(struct put *w, struct http_request *req)
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

ROUTE(PUT, LOCAL_PATH "*", localmedia_put, .query = signed_query, .raw = 1);	/* limit of the body: http/local_body.h */

static void
localmedia_put(struct request *r)
{
	struct put	*w;

	if (!local_enabled()) {
		reply_message(r, 404, "Not found");
		return;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->r = r;
	w->fd = -1;
	if (!local_body_allows("PUT", r->kore->path, r->kore->query_string, &w->a)) {
		reply_message(r, 403, "The URL is not valid or has expired");
		put_free(w);
		return;
	}
	if (!put_take(w, r->kore)) {
		reply_message(r, 503, "Cannot store the object");
		put_free(w);
		return;
	}
	if (!w->a.has_upload) {
		w->if_match = header_copy(r->kore, "if-match");
		w->if_none_match = header_copy(r->kore, "if-none-match");
	}
	request_wait(r);
	(void)work_run(WORK_STORE, put_work, put_done, w);
}
