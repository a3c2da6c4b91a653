/*
 * hiredis adapter for Kore's event loop: sockets become Kore events, timeouts
 * Kore timers.
 */
#ifndef WANZAMI_VALKEY_KORE_H
#define WANZAMI_VALKEY_KORE_H

#include <hiredis/async.h>
#include <kore/kore.h>

/* A connection's event and timer. It must outlive the connection and can then be attached to the next one. */
struct valkeykore {
	struct kore_event	evt;		/* first: Kore passes a pointer to it */
	redisAsyncContext	*ac;		/* NULL after hiredis has closed the connection */
	struct kore_timer	*timer;
	int			wanted;		/* requested events: EPOLLIN, EPOLLOUT */
};

/* Attaches a connection. Call it before the first command and before other callbacks are set. Event loop only. */
void	valkeykore_attach(struct valkeykore *, redisAsyncContext *);

#endif
