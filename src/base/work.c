/*
 * Pools of threads, each with one queue that feeds all of them: task threads
 * for what computes, and others for what waits, which would keep the task
 * threads from their work.
 *
 * Kore's own queues, one for each thread, are not used: work would wait behind
 * a slow piece while other threads rest, and a thread that is woken without
 * work, as condition variables may wake one, takes the first element of an
 * empty list (Kore 4.2.3, task_thread). So each Kore task here is a thread's
 * whole life.
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

#define NICE	10	/* the event loops and the database go first: nobody waits for a processor because others log in */

struct work {
	void			(*work)(void *);
	void			(*done)(void *);
	void			*arg;
	u_int64_t		since;
	TAILQ_ENTRY(work)	list;
};

TAILQ_HEAD(works, work);

/* Threads that do the same kind of work, and what waits for one of them. */
struct pool {
	const int	most;		/* threads; 0 for as many as Kore has for tasks */
	const int	queue;		/* how much may wait; 0 for any number */
	struct works	waiting;
	pthread_cond_t	more;
	int		nwaiting;
	int		idle;		/* threads that wait for work */
	int		threads;
};

#define EMPTY(kind)	.waiting = TAILQ_HEAD_INITIALIZER(pools[kind].waiting), .more = PTHREAD_COND_INITIALIZER
static struct pool	pools[] = {
	[WORK_PASSWORD] = { .most = 0, EMPTY(WORK_PASSWORD) },
	[WORK_STORE] = { .most = 2, EMPTY(WORK_STORE) },
	[WORK_REMOTE] = { .most = 16, .queue = 48, EMPTY(WORK_REMOTE) },
	[WORK_MAIL] = { .most = 1, EMPTY(WORK_MAIL) },
	[WORK_LOOKUP] = { .most = 4, EMPTY(WORK_LOOKUP) },
};
static struct works	finished = TAILQ_HEAD_INITIALIZER(finished);
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;	/* of all that stands above */
static int		bell = -1;	/* eventfd that calls the event loop to what is finished */

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

/* One piece of work from its beginning to the bell. */
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
	if (first && write(bell, &one, sizeof(one)) != sizeof(one))
		fatal("eventfd: %s", errno_s);
}

/* A task thread from its start on; never returns. */
static int
thread_live(struct kore_task *t)
{
	(void)setpriority(PRIO_PROCESS, 0, NICE);	/* of this thread alone */
	for (;;)
		work_do(&pools[WORK_PASSWORD]);

	return (t->result);
}

/* A thread of a pool that waits for others, from its start on. */
static void *
waiter_live(void *pool)
{
	for (;;)
		work_do(pool);

	return (NULL);
}

static void
thread_start(struct pool *pool)
{
	struct kore_task	*t;

	if (pool->most != 0) {
		if (!thread_begin(waiter_live, pool))
			fatal("no thread: %s", errno_s);
		return;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL)
		fatal("out of memory");
	kore_task_create(t, thread_live);
	kore_task_run(t);
}

static void
bell_rung(void *arg, int error)
{
	struct works	done = TAILQ_HEAD_INITIALIZER(done);
	struct work	*w;
	uint64_t	count;

	(void)arg;
	if (error || read(bell, &count, sizeof(count)) != sizeof(count))
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
bell_make(void)
{
	static struct kore_event	event = { .handle = bell_rung };

	if ((bell = eventfd(0, EFD_CLOEXEC)) == -1)
		fatal("eventfd: %s", errno_s);
	kore_platform_event_schedule(bell, EPOLLIN, 0, &event);
}

static int
pool_most(const struct pool *pool)
{
	return (pool->most != 0 ? pool->most : kore_task_threads);
}

/* Returns -1 when there is no room for it, otherwise whether it takes one more thread. */
static int
pool_add(struct pool *pool, struct work *w)
{
	int	start;

	if (pool->queue != 0 && pool->nwaiting >= pool->queue && pool->threads - pool->idle >= pool->most)
		return (-1);
	TAILQ_INSERT_TAIL(&pool->waiting, w, list);
	start = ++pool->nwaiting > pool->idle && pool->threads < pool_most(pool);
	pool->threads += start;

	return (start);
}

int
work_run(enum work_kind kind, void (*work)(void *), void (*done)(void *), void *arg)
{
	struct pool	*pool = &pools[kind];
	struct work	*w;
	int		start;

	if (bell == -1)
		bell_make();
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->work = work;
	w->done = done;
	w->arg = arg;
	w->since = kore_time_ms();
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

int64_t
work_waits(enum work_kind kind)
{
	const struct work	*first;
	u_int64_t		since;

	pthread_mutex_lock(&lock);
	first = TAILQ_FIRST(&pools[kind].waiting);
	since = first != NULL ? first->since : 0;
	pthread_mutex_unlock(&lock);

	return (since != 0 ? (int64_t)(kore_time_ms() - since) : 0);
}

int
thread_begin(void *(*run)(void *), void *arg)
{
	pthread_t	thread;
	sigset_t	all, before;
	int		begun;

	/* Signals are for the loop: one that landed on the thread would not wake it. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if ((begun = pthread_create(&thread, NULL, run, arg) == 0))
		(void)pthread_detach(thread);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);

	return (begun);
}
