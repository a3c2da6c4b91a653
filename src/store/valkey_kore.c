/*
 * The hooks of a hiredis event adapter, for Kore.
 */
#include <sys/epoll.h>

#include "store/valkey_kore.h"

static void
events_schedule(struct valkeykore *k, int wanted)
{
	if (wanted != k->wanted)
		kore_platform_event_schedule(k->ac->c.fd, wanted | EPOLLRDHUP, 0, k);
	k->wanted = wanted;
}

static void
read_add(void *arg)
{
	struct valkeykore	*k = arg;

	events_schedule(k, k->wanted | EPOLLIN);
}

static void
read_del(void *arg)
{
	struct valkeykore	*k = arg;

	events_schedule(k, k->wanted & ~EPOLLIN);
}

static void
write_add(void *arg)
{
	struct valkeykore	*k = arg;

	events_schedule(k, k->wanted | EPOLLOUT);
}

static void
write_del(void *arg)
{
	struct valkeykore	*k = arg;

	events_schedule(k, k->wanted & ~EPOLLOUT);
}

static void
timer_cancel(struct valkeykore *k)
{
	if (k->timer != NULL)
		kore_timer_remove(k->timer);
	k->timer = NULL;
}

static void
timer_fire(void *arg, u_int64_t now)
{
	struct valkeykore	*k = arg;

	(void)now;
	k->timer = NULL;	/* Kore frees it after this */
	redisAsyncHandleTimeout(k->ac);
}

static void
timer_schedule(void *arg, struct timeval tv)
{
	struct valkeykore	*k = arg;

	timer_cancel(k);
	k->timer = kore_timer_add(timer_fire, (u_int64_t)tv.tv_sec * 1000 + (u_int64_t)tv.tv_usec / 1000, k, KORE_TIMER_ONESHOT);
}

/* Called by hiredis before it closes the socket. */
static void
cleanup(void *arg)
{
	struct valkeykore	*k = arg;

	timer_cancel(k);
	if (k->wanted != 0)
		kore_platform_disable_read(k->ac->c.fd);
	k->wanted = 0;
	k->ac = NULL;
}

static void
event_handle(void *arg, int error)
{
	struct valkeykore	*k = arg;
	int			flags = k->evt.flags;

	k->evt.flags = 0;
	if (k->ac != NULL && (k->wanted & EPOLLIN) && (error || (flags & KORE_EVENT_READ)))
		redisAsyncHandleRead(k->ac);
	if (k->ac != NULL && (k->wanted & EPOLLOUT) && (error || (flags & KORE_EVENT_WRITE)))
		redisAsyncHandleWrite(k->ac);
}

void
valkeykore_attach(struct valkeykore *k, redisAsyncContext *ac)
{
	k->evt.handle = event_handle;
	k->evt.type = KORE_TYPE_TASK;
	k->evt.flags = 0;
	k->ac = ac;
	k->timer = NULL;
	k->wanted = 0;

	ac->ev.data = k;
	ac->ev.addRead = read_add;
	ac->ev.delRead = read_del;
	ac->ev.addWrite = write_add;
	ac->ev.delWrite = write_del;
	ac->ev.scheduleTimer = timer_schedule;
	ac->ev.cleanup = cleanup;
}
