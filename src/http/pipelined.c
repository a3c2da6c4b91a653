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

struct pipelined {
	struct timeouts_time	time;		/* first: timeouts.c finds it here */
	int			used;		/* there have been pipelined bytes on this connection */
	size_t			skip;
	size_t			len;
	u_int8_t		data[];
};

static struct pipelined *
pipelined_new(struct connection *c, size_t len)
{
	const struct pipelined	*was = c->hdlr_extra;
	struct pipelined	*p = kore_malloc(sizeof(*p) + len);

	memset(p, 0, sizeof(*p));
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
pipelined_end(struct connection *c)
{
	(void)pipelined_new(c, 0);
	c->read = c->tls != NULL ? kore_tls_read : net_read;
}

/* Takes the place of the connection's read function. What was kept fits: it came in a buffer of the same size. */
static int
pipelined_read(struct connection *c, size_t *bytes)
{
	struct pipelined	*p = c->hdlr_extra;
	u_int8_t		*to = c->rnb->buf + c->rnb->s_off;
	size_t			n;

	if (p->len > 0) {
		memcpy(to, p->data, p->len);
		*bytes = p->len;
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

void
pipelined_keep(struct connection *c, const void *data, size_t len, size_t skip)
{
	struct pipelined	*p;

	if (len == 0 && skip == 0)
		return;
	p = pipelined_new(c, len);
	p->used = 1;
	p->skip = skip;
	p->len = len;
	memcpy(p->data, data, len);
	c->read = pipelined_read;
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

	return (p->len > 0 || p->skip > 0 || listener_pending(c) ||
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
