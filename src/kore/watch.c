/*
 * Each worker counts the turns of its event loop in memory shared with the
 * parent. The parent looks once a second and adds up how long the count has
 * not changed. Its own clock decides, and a look that comes late counts
 * nothing: then the parent did not run either, as when all processes were
 * stopped or the machine was suspended, and nobody knows if the worker could.
 */
#include <sys/epoll.h>
#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "kore/spread.h"
#include "kore/stack.h"
#include "kore/watch.h"

#define LOOK_MS		1000	/* the parent looks at its workers */
#define LATE_MS		(2 * LOOK_MS)
#define TURN_MS		(LOOK_MS / 2)	/* a loop without events turns that often, so that each look finds another count */
#define LAST_LOOKS	2	/* after so many further looks a worker that SIGABRT has not ended gets SIGKILL */

/* Written by a worker. */
struct row {
	atomic_uint	turns;
	atomic_size_t	depth;		/* of the stack */
	uintptr_t	stack[STACK_MAX];
};

/* The parent's view of a worker. */
struct seen {
	pid_t		pid;
	unsigned	turns;
	int64_t		stopped;	/* for how long turns has not changed, in ms */
	int		looks;		/* since it was killed; 0: it was not */
};

int	__real_epoll_wait(int, struct epoll_event *, int, int);
int	__wrap_epoll_wait(int, struct epoll_event *, int, int);

static struct row	*rows = NULL, *own = NULL;
static struct seen	seen[COUNTER_ROWS];
static u_int64_t	woken = 0;	/* when this worker's loop ended its last wait, in ms */

/* Dies of the same signal when it returns: SA_RESETHAND has restored the signal's default. */
static void
stack_record(int sig, siginfo_t *info, void *context)
{
	(void)info;
	atomic_store(&own->depth, stack_read(context, own->stack, STACK_MAX));
	(void)kill(getpid(), sig);
}

void
watch_init(void)
{
	if ((rows = mmap(NULL, COUNTER_ROWS * sizeof(*rows), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
		fatal("mmap: %s", errno_s);
}

void
watch_start(int number)
{
	struct sigaction	sa;

	if (rows == NULL || number < 0 || number >= COUNTER_ROWS)
		return;
	own = &rows[number];
	atomic_store(&own->depth, 0);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = stack_record;
	sa.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
	(void)sigfillset(&sa.sa_mask);
	if (sigaction(SIGABRT, &sa, NULL) == -1)
		fatal("sigaction: %s", errno_s);
}

/* SIGCONT: a stopped worker would not act on the signal before. */
static void
worker_kill(const struct kore_worker *kw, struct seen *s)
{
	if (s->looks++ == 0) {
		counter_add(COUNTER_WORKER_STALLED, 1);
		(void)kill(kw->pid, SIGABRT);
		(void)kill(kw->pid, SIGCONT);
	} else if (s->looks > LAST_LOOKS) {
		(void)kill(kw->pid, SIGKILL);
	}
}

/* passed: since the last look, in ms; 0: the parent was late. */
static void
worker_look(const struct kore_worker *kw, int64_t passed)
{
	struct seen	*s = &seen[kw->id];
	unsigned	turns = atomic_load_explicit(&rows[kw->id].turns, memory_order_relaxed);
	int64_t		limit = conf_int(CONF_LOOP_STALL_SEC) * 1000;

	if (s->pid != kw->pid)
		memset(s, 0, sizeof(*s));
	if (s->looks == 0 && (s->pid != kw->pid || s->turns != turns || passed == 0))
		*s = (struct seen){ .pid = kw->pid, .turns = turns };
	else if (s->looks == 0)
		s->stopped += passed;
	counter_raise(COUNTER_LOOP_LONGEST_MS, s->stopped);
	if (s->looks > 0 || (limit > 0 && s->stopped >= limit))
		worker_kill(kw, s);
}

/* Kore has turned the parent's loop. */
static void
workers_look(void)
{
	static u_int64_t	last = 0;
	struct kore_worker	*kw;
	u_int64_t		now = kore_time_ms(), passed = now - last;
	u_int8_t		i;

	if (rows == NULL || passed < LOOK_MS)
		return;
	last = now;
	for (i = 0; i < worker_count; i++) {
		kw = kore_worker_data(i);
		if (kw->pid > 0 && kw->id < COUNTER_ROWS)
			worker_look(kw, passed < LATE_MS ? (int64_t)passed : 0);
	}
}

/* Kore waits for events here, once per turn of its loop, in parent and workers. No wait is long, so that even an idle loop turns. */
int
__wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int	n, error;

	if (own != NULL) {
		atomic_fetch_add_explicit(&own->turns, 1, memory_order_relaxed);
		spread_turn();
		if (woken != 0)
			counter_raise(COUNTER_LOOP_LONGEST_MS, (int64_t)(kore_time_ms() - woken));
	}
	n = __real_epoll_wait(fd, events, max, timeout < 0 || timeout > TURN_MS ? TURN_MS : timeout);
	error = errno;
	if (own != NULL)
		woken = kore_time_ms();
	else if (worker == NULL)
		workers_look();
	errno = error;

	return (n);
}

int64_t
watch_stopped_sec(int number, pid_t pid)
{
	if (number < 0 || number >= COUNTER_ROWS || seen[number].pid != pid || seen[number].looks == 0)
		return (0);

	return (seen[number].stopped / 1000);
}

const char *
watch_stack(int number, char *out, size_t len)
{
	size_t	i, depth, used = 0;

	if (rows == NULL || number < 0 || number >= COUNTER_ROWS || (depth = atomic_load(&rows[number].depth)) == 0)
		return (NULL);
	for (i = 0; i < depth && i < STACK_MAX && used < len; i++)
		used += (size_t)snprintf(out + used, len - used, "%s0x%llx", i > 0 ? " " : "", (unsigned long long)rows[number].stack[i]);

	return (out);
}
