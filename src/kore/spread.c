/*
 * Kore passes a lock around: the worker that has it accepts up to 32
 * connections at once, so that a load balancer's few persistent connections all
 * end up in one worker. Here every worker is told of a new connection, and the
 * one with the fewest connections accepts it.
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/role.h"
#include "kore/connection_hooks.h"
#include "kore/spread.h"

#define ACCEPTS_MAX	32	/* in one turn of the loop: requests must not wait for a burst of connections */
#define AHEAD		1	/* connections more than the worker with the fewest has, with which a worker still accepts */
#define AHEAD_PART	8	/* and one more for so many connections of that worker */
#define PAUSE_MS	2	/* after which a worker looks if the connection that it left to another still waits */
#define PATIENCE_MS	100	/* in which the other must accept a connection */
#define SOLO_COUNT	3	/* the worker count at which Kore lets a worker accept without the lock */

/* Written by a worker. */
struct row {
	atomic_int	listens;
	atomic_uint	connections;
	atomic_uint	accepted;	/* so far */
};

/* This worker's view of another to which it leaves a connection. */
struct other {
	unsigned	accepted;	/* when it began to wait for it */
	u_int64_t	since, last;	/* when it began, and when it last looked, in ms; 0: it does not wait */
	int		passed;		/* the other has accepted nothing in PATIENCE_MS: its loop has stopped */
};

static struct row	*rows = NULL, *own = NULL;
static struct other	others[COUNTER_ROWS];
static int		listening = 0, ended = 0;

void
spread_init(void)
{
	if ((rows = mmap(NULL, COUNTER_ROWS * sizeof(*rows), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
		fatal("mmap: %s", errno_s);
}

void
spread_turn(void)
{
	if (own != NULL)
		atomic_store_explicit(&own->connections, worker_active_connections, memory_order_relaxed);
}

/* Returns 1 if connections can be left to the worker with this number. */
static int
is_candidate(int number)
{
	struct other	*o = &others[number];

	if (&rows[number] == own || !atomic_load_explicit(&rows[number].listens, memory_order_relaxed))
		return (0);
	if (o->since != 0 && o->accepted != atomic_load_explicit(&rows[number].accepted, memory_order_relaxed))
		memset(o, 0, sizeof(*o));

	return (!o->passed);
}

/* Returns the number of the other worker with the fewest connections, 0 if there is none, and its connections. */
static int
fewest_find(unsigned *connections)
{
	unsigned	n;
	int		i, found = 0;

	for (i = 1; i <= role_http_workers() && i < COUNTER_ROWS; i++) {
		n = atomic_load_explicit(&rows[i].connections, memory_order_relaxed);
		if (is_candidate(i) && (found == 0 || n < *connections)) {
			*connections = n;
			found = i;
		}
	}

	return (found);
}

/* Returns the number of the worker to which the next connection should be left, or 0 if this one should accept it. */
static int
successor_find(void)
{
	unsigned	fewest = 0;
	int		number = fewest_find(&fewest);

	return (number != 0 && worker_active_connections > fewest + AHEAD + fewest / AHEAD_PART ? number : 0);
}

static void
pause_end(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	if (ended || listening)
		return;
	listening = 1;
	kore_platform_enable_accept();
}

/* Stops to listen for a moment: the socket would report the waiting connection in every turn of the loop. */
static void
pause_begin(void)
{
	if (!listening)
		return;
	listening = 0;
	kore_platform_disable_accept();
	(void)kore_timer_add(pause_end, PAUSE_MS, NULL, KORE_TIMER_ONESHOT);
}

static void
leave_to(int number)
{
	struct other	*o = &others[number];
	u_int64_t	now = kore_time_ms();

	if (o->since == 0 || now - o->last >= PATIENCE_MS)
		*o = (struct other){ .accepted = atomic_load_explicit(&rows[number].accepted, memory_order_relaxed), .since = now };
	else if (now - o->since >= PATIENCE_MS)
		o->passed = 1;
	o->last = now;
	pause_begin();
}

static void
spread_accept(void *arg, int error)
{
	struct listener		*l = arg;
	struct connection	*c;
	int			i, successor;

	if (error)
		fatal("error on a listening socket");
	l->evt.flags = 0;
	for (i = 0; i < ACCEPTS_MAX && listening; i++) {
		if (worker_active_connections >= worker_max_connections) {
			pause_begin();
		} else if ((successor = successor_find()) != 0) {
			leave_to(successor);
		} else {
			if (!kore_connection_accept(l, &c)) {
				if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
					pause_begin();	/* the connection still waits */
				return;
			}
			c->idle_timer.length = (u_int64_t)conf_int(CONF_HEADER_TIMEOUT_SEC) * 1000;	/* Kore gives a handshake 5 s */
			if (c->write == net_write)
				c->write = connection_write;
			kore_platform_event_all(c->fd, c);
			atomic_fetch_add_explicit(&own->accepted, 1, memory_order_relaxed);
			spread_turn();
		}
	}
}

void
spread_start(void)
{
	struct kore_server	*srv;
	struct listener		*l;

	LIST_FOREACH(srv, &kore_servers, list) {
		LIST_FOREACH(l, &srv->listeners, list)
			l->evt.handle = spread_accept;
	}
	own = &rows[worker->id];
	spread_turn();
	atomic_store_explicit(&own->listens, 1, memory_order_relaxed);
	worker_count = SOLO_COUNT;
	listening = 1;	/* Kore calls kore_platform_enable_accept() when its loop begins */
}

void
spread_stop(void)
{
	ended = 1;
	if (own != NULL)
		atomic_store_explicit(&own->listens, 0, memory_order_relaxed);
	if (listening && worker->has_lock)
		kore_platform_disable_accept();
	listening = 0;
}
