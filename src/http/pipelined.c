/*
 * Replaces the read function of a connection as long as there are pipelined
 * bytes.
 */
#include <sys/socket.h>

#include <string.h>

#include <kore/kore.h>

#include "http/pipelined.h"
#include "http/timeouts.h"
#include "tls/listener.h"

#define GROWTH	4096	/* bytes of the first growth of a body */

struct pipelined {
	struct timeouts_time	time;		/* first: timeouts.c finds it here */
	int			used;		/* there have been pipelined bytes on this connection */
	int			collecting;	/* data begins with a header section and the part of its body that has arrived */
	struct pipelined_body	body;
	size_t			skip;
	size_t			at, len, room;	/* data[at] to data[len - 1] have not been read; room is the size of data */
	u_int8_t		data[];
};

/* Replaces the state of the connection by an empty one with this room. */
static struct pipelined *
pipelined_new(struct connection *c, size_t room)
{
	const struct pipelined	*was = c->hdlr_extra;
	struct pipelined	*p = kore_malloc(sizeof(*p) + room);

	memset(p, 0, sizeof(*p));
	p->room = room;
	if (was != NULL) {
		p->time = was->time;
		p->used = was->used;
	}
	kore_free(c->hdlr_extra);
	c->hdlr_extra = p;

	return (p);
}

void
pipelined_opened(struct connection *c)
{
	(void)pipelined_new(c, 0);
}

static void
read_directly(struct connection *c)
{
	c->read = c->tls != NULL ? kore_tls_read : net_read;
}

/* Ends the reading of kept bytes. What is being collected stays. */
static void
pipelined_end(struct connection *c)
{
	if (!((const struct pipelined *)c->hdlr_extra)->collecting)
		(void)pipelined_new(c, 0);
	read_directly(c);
}

/* Takes the place of the connection's read function. */
static int
pipelined_read(struct connection *c, size_t *bytes)
{
	struct pipelined	*p = c->hdlr_extra;
	u_int8_t		*to = c->rnb->buf + c->rnb->s_off;
	size_t			n;

	if (p->at < p->len) {
		n = MIN(p->len - p->at, c->rnb->b_len - c->rnb->s_off);
		memcpy(to, p->data + p->at, n);
		*bytes = n;
		if ((p->at += n) == p->len)
			pipelined_end(c);
		return (KORE_RESULT_OK);
	}
	if ((c->tls != NULL ? kore_tls_read : net_read)(c, bytes) != KORE_RESULT_OK)
		return (KORE_RESULT_ERROR);
	if (!(c->evt.flags & KORE_EVENT_READ))
		return (KORE_RESULT_OK);
	n = MIN(*bytes, p->skip);
	memmove(to, to + n, *bytes - n);
	*bytes -= n;
	if ((p->skip -= n) == 0)
		pipelined_end(c);

	return (KORE_RESULT_OK);
}

/* Makes room for n bytes in front of the unread ones, behind the first done bytes. The state may move. */
static struct pipelined *
pipelined_gap(struct connection *c, size_t done, size_t n)
{
	struct pipelined	*p = c->hdlr_extra;
	size_t			need = done + n > p->at ? done + n - p->at : 0;

	if (p->len + need > p->room) {
		p->room = MAX(p->len + need, p->room + p->room / 2 + GROWTH);
		c->hdlr_extra = p = kore_realloc(p, sizeof(*p) + p->room);
	}
	memmove(p->data + p->at + need, p->data + p->at, p->len - p->at);
	p->at += need;
	p->len += need;

	return (p);
}

void
pipelined_keep(struct connection *c, const void *data, size_t len, size_t skip)
{
	struct pipelined	*p = c->hdlr_extra;
	size_t			cut = MIN(skip, p->len - p->at);

	if (len == 0 && skip == 0)
		return;
	p->at += cut;
	p = pipelined_gap(c, 0, len);
	p->at -= len;
	memcpy(p->data + p->at, data, len);
	p->used = 1;
	p->skip = skip - cut;
	c->read = pipelined_read;
}

void
pipelined_collect(struct connection *c, const struct pipelined_body *body, const void *data, size_t len)
{
	struct pipelined	*p = pipelined_gap(c, 0, len);

	memcpy(p->data, data, len);
	p->used = 1;
	p->collecting = 1;
	p->body = *body;
	p->body.head = len;
}

const struct pipelined_body *
pipelined_body(const struct connection *c, const char **head)
{
	const struct pipelined	*p = c->hdlr_extra;

	if (!p->collecting)
		return (NULL);
	*head = (const char *)p->data;

	return (&p->body);
}

int
pipelined_decode(struct connection *c, char *data, size_t len)
{
	struct pipelined	*p = c->hdlr_extra;
	size_t			done = p->body.head + p->body.len, decoded, used = 0;
	enum chunked_result	result = chunked_decode(&p->body.chunked, data, len, &decoded, &used);

	if (result == CHUNKED_INVALID)
		return (400);
	if (decoded > p->body.most - p->body.len)
		return (413);
	p = pipelined_gap(c, done, decoded + (len - used));
	memcpy(p->data + done, data, decoded);
	p->body.len += decoded;
	p->at -= len - used;
	memcpy(p->data + p->at, data + used, len - used);

	return (result == CHUNKED_DONE ? 200 : 0);
}

void
pipelined_release(struct connection *c)
{
	struct pipelined	*p = c->hdlr_extra;
	size_t			len = p->body.reads_body ? p->body.len : 0;

	p->at -= len;
	memmove(p->data + p->at, p->data + p->body.head, len);
	p->collecting = 0;
	if (p->at == p->len) {
		pipelined_end(c);
		return;
	}
	c->read = pipelined_read;
	c->evt.flags |= KORE_EVENT_READ;
}

void
pipelined_drop(struct connection *c)
{
	(void)pipelined_new(c, 0);
	read_directly(c);
}

void
pipelined_drained(struct connection *c)
{
	const struct pipelined	*p = c->hdlr_extra;

	if (c->tls == NULL && !p->used && c->rnb->s_off < c->rnb->b_len)
		c->evt.flags &= ~KORE_EVENT_READ;
}

static int
has_unread(struct connection *c)
{
	const struct pipelined	*p = c->hdlr_extra;
	char			byte;

	return (p->at < p->len || p->skip > 0 || listener_pending(c) ||
	    ((c->evt.flags & KORE_EVENT_READ) && recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0));
}

void
pipelined_wake(struct connection *c)
{
	if (!has_unread(c))
		return;
	c->evt.flags |= KORE_EVENT_READ;
	kore_platform_event_all(c->fd, c);
}
