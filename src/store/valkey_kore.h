/*
 * hiredis on Kore's event loop: its sockets become Kore events, its time-outs
 * Kore timers.
 */
#ifndef WANZAMI_VALKEY_KORE_H
#define WANZAMI_VALKEY_KORE_H

#include <hiredis/async.h>
#include <kore/kore.h>

/* One connection's place in the loop. It must outlive the connection and may then be attached to the next. */
struct valkeykore {
	struct kore_event	evt;		/* first: Kore hands us its address */
	redisAsyncContext	*ac;		/* NULL once hiredis has let go of it */
	struct kore_timer	*timer;
	int			wanted;		/* EPOLLIN, EPOLLOUT */
};

/* Before any command is sent and any other callback is set. Event loop only. */
void	valkeykore_attach(struct valkeykore *, redisAsyncContext *);

#endif
