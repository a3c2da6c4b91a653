/*
 * Kore hands its receive callback to net_recv_queue() and net_recv_reset(), and
 * asks http_check_timeout() twice a second; the linker leads these calls here.
 */
#include <sys/socket.h>

#include <errno.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "kore/connection_hooks.h"

void	__real_net_recv_queue(struct connection *, size_t, int, int (*)(struct netbuf *));
void	__wrap_net_recv_queue(struct connection *, size_t, int, int (*)(struct netbuf *));
void	__real_net_recv_reset(struct connection *, size_t, int (*)(struct netbuf *));
void	__wrap_net_recv_reset(struct connection *, size_t, int (*)(struct netbuf *));
int	__wrap_http_check_timeout(struct connection *, u_int64_t);

static const struct connection_hooks	*installed = NULL;

void
connection_hooks_set(const struct connection_hooks *hooks)
{
	installed = hooks;
}

static int
is_header(int (*cb)(struct netbuf *))
{
	return (installed != NULL && cb == http_header_recv);
}

void
__wrap_net_recv_queue(struct connection *c, size_t len, int flags, int (*cb)(struct netbuf *))
{
	if (is_header(cb))
		installed->opened(c);
	__real_net_recv_queue(c, len, flags, is_header(cb) ? installed->header : cb);
}

void
__wrap_net_recv_reset(struct connection *c, size_t len, int (*cb)(struct netbuf *))
{
	if (is_header(cb))
		installed->idle(c);
	__real_net_recv_reset(c, len, is_header(cb) ? installed->header : cb);
	if (is_header(cb))
		installed->resumed(c);
}

int
__wrap_http_check_timeout(struct connection *c, u_int64_t now)
{
	return (installed != NULL ? installed->timeout(c, now) : KORE_RESULT_OK);
}

int
connection_write(struct connection *c, size_t len, size_t *written)
{
	ssize_t	n;

	(void)len;
	*written = 0;
	if ((n = send(c->fd, c->snb->buf + c->snb->s_off, c->snb->b_len - c->snb->s_off, 0)) == -1) {
		if (errno == EAGAIN)
			c->evt.flags &= ~KORE_EVENT_WRITE;
		return (errno == EAGAIN || errno == EINTR ? KORE_RESULT_OK : KORE_RESULT_ERROR);
	}
	*written = (size_t)n;

	return (KORE_RESULT_OK);
}
