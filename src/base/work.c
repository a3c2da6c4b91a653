/*
 * Thread pools, each with one queue for all its threads: Kore's task threads for
 * computation, and threads of our own for blocking calls.
 *
 * Kore's queues, one per thread, are not used: work would wait behind slow work
 * while other threads are idle, and a spurious wake-up of the condition variable
 * makes Kore take an element from an empty list (Kore 4.2.3, task_thread). So a
 * Kore task here runs for the whole life of its thread.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <kore/kore.h>
#include <kore/tasks.h>

#include "base/work.h"

#define NICE	10	/* lower priority than the event loops and PostgreSQL, so that logins do not slow down other requests */

struct work {
	void			(*work)(void *);
	void			(*done)(void *);
	void			*arg;
	TAILQ_ENTRY(work)	list;
};

TAILQ_HEAD(works, work);

/* The threads and the queue of one kind of work. */
struct pool {
	const int	max_threads;	/* 0: all of Kore's task threads */
	const int	max_waiting;	/* 0: no limit */
	struct works	waiting;
	pthread_cond_t	more;
	int		nwaiting;
	int		idle;		/* threads without work */
	int		threads;
};

#define EMPTY(kind)	.waiting = TAILQ_HEAD_INITIALIZER(pools[kind].waiting), .more = PTHREAD_COND_INITIALIZER
static struct pool	pools[] = {
	[WORK_PASSWORD] = { .max_threads = 0, EMPTY(WORK_PASSWORD) },
	[WORK_STORE] = { .max_threads = 2, EMPTY(WORK_STORE) },
	[WORK_REMOTE] = { .max_threads = 16, .max_waiting = 48, EMPTY(WORK_REMOTE) },
	[WORK_MAIL] = { .max_threads = 2, EMPTY(WORK_MAIL) },
	[WORK_LOOKUP] = { .max_threads = 4, EMPTY(WORK_LOOKUP) },
};
static struct works	finished = TAILQ_HEAD_INITIALIZER(finished);
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;	/* protects pools and finished */
static int		wakeup = -1;	/* eventfd that wakes the event loop when finished is not empty */

static struct work *
work_take(struct pool *pool)
{
	struct work	*w;

	pool->idle++;
	while ((w = TAILQ_FIRST(&pool->waiting)) == NULL)
		pthread_cond_wait(&pool->more, &lock);
	pool->idle--;
	TAILQ_REMOVE(&pool->waiting, w, list);
	pool->nwaiting--;

	return (w);
}

/* Waits for work, runs it, and wakes the event loop. */
static void
work_do(struct pool *pool)
{
	const uint64_t	one = 1;
	struct work	*w;
	int		first;

	pthread_mutex_lock(&lock);
	w = work_take(pool);
	pthread_mutex_unlock(&lock);
	w->work(w->arg);
	pthread_mutex_lock(&lock);
	first = TAILQ_EMPTY(&finished);
	TAILQ_INSERT_TAIL(&finished, w, list);
	pthread_mutex_unlock(&lock);
	if (first && write(wakeup, &one, sizeof(one)) != sizeof(one))
		fatal("eventfd: %s", errno_s);
}

/* Main function of a Kore task thread; never returns. */
static int
task_main(struct kore_task *t)
{
	(void)setpriority(PRIO_PROCESS, 0, NICE);	/* Linux applies it to this thread only */
	for (;;)
		work_do(&pools[WORK_PASSWORD]);

	return (t->result);
}

/* Main function of a thread for blocking calls; never returns. */
static void *
blocking_main(void *pool)
{
	for (;;)
		work_do(pool);

	return (NULL);
}

/* For the thread that is about to be created. Signals must reach the event loop's thread, which they wake. */
static void
signals_block(sigset_t *before)
{
	sigset_t	all;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, before);
}

static void
signals_restore(const sigset_t *before)
{
	(void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void
thread_start(struct pool *pool)
{
	struct kore_task	*t;
	sigset_t		before;

	if (pool->max_threads != 0) {
		if (!thread_begin(blocking_main, pool))
			fatal("cannot create a thread: %s", errno_s);
		return;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL)
		fatal("out of memory");
	kore_task_create(t, task_main);
	signals_block(&before);
	kore_task_run(t);
	signals_restore(&before);
}

static void
work_finished(void *arg, int error)
{
	struct works	done = TAILQ_HEAD_INITIALIZER(done);
	struct work	*w;
	uint64_t	count;

	(void)arg;
	if (error || read(wakeup, &count, sizeof(count)) != sizeof(count))
		fatal("eventfd: %s", errno_s);
	pthread_mutex_lock(&lock);
	TAILQ_CONCAT(&done, &finished, list);
	pthread_mutex_unlock(&lock);
	while ((w = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, w, list);
		w->done(w->arg);
		free(w);
	}
}

static void
wakeup_create(void)
{
	static struct kore_event	event = { .handle = work_finished };

	if ((wakeup = eventfd(0, EFD_CLOEXEC)) == -1)
		fatal("eventfd: %s", errno_s);
	kore_platform_event_schedule(wakeup, EPOLLIN, 0, &event);
}

static int
pool_max_threads(const struct pool *pool)
{
	return (pool->max_threads != 0 ? pool->max_threads : kore_task_threads);
}

/* Queues work. Returns 1 if another thread must be started, 0 if not, -1 if the queue is full. */
static int
pool_add(struct pool *pool, struct work *w)
{
	int	start;

	if (pool->max_waiting != 0 && pool->nwaiting >= pool->max_waiting && pool->threads - pool->idle >= pool->max_threads)
		return (-1);
	TAILQ_INSERT_TAIL(&pool->waiting, w, list);
	start = ++pool->nwaiting > pool->idle && pool->threads < pool_max_threads(pool);
	pool->threads += start;

	return (start);
}

int
work_run(enum work_kind kind, void (*work)(void *), void (*done)(void *), void *arg)
{
	struct pool	*pool = &pools[kind];
	struct work	*w;
	int		start;

	if (wakeup == -1)
		wakeup_create();
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->work = work;
	w->done = done;
	w->arg = arg;
	pthread_mutex_lock(&lock);
	start = pool_add(pool, w);
	pthread_mutex_unlock(&lock);
	if (start == -1) {
		free(w);
		return (0);
	}
	pthread_cond_signal(&pool->more);
	if (start)
		thread_start(pool);

	return (1);
}

int
thread_begin(void *(*run)(void *), void *arg)
{
	pthread_t	thread;
	sigset_t	before;
	int		begun;

	signals_block(&before);
	if ((begun = pthread_create(&thread, NULL, run, arg) == 0))
		(void)pthread_detach(thread);
	signals_restore(&before);

	return (begun);
}
