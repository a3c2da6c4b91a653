/*
 * The task threads and the one queue that feeds them all; and the same for
 * work that waits for others, which would keep the task threads from theirs:
 * for servers, and, apart from them, for name servers.
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
	struct works	waiting;
	pthread_cond_t	more;
	int		nwaiting;
	int		idle;		/* threads that wait for work */
	int		threads;
};

static struct pool	tasks = { .waiting = TAILQ_HEAD_INITIALIZER(tasks.waiting), .more = PTHREAD_COND_INITIALIZER };
static struct pool	waiters = { .waiting = TAILQ_HEAD_INITIALIZER(waiters.waiting), .more = PTHREAD_COND_INITIALIZER };
static struct pool	lookups = { .waiting = TAILQ_HEAD_INITIALIZER(lookups.waiting), .more = PTHREAD_COND_INITIALIZER };
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
		work_do(&tasks);

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

	if (pool != &tasks) {
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

static void
pool_add(struct pool *pool, int threads_max, void (*work)(void *), void (*done)(void *), void *arg)
{
	struct work	*w;
	int		start;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->work = work;
	w->done = done;
	w->arg = arg;
	w->since = kore_time_ms();
	if (bell == -1)
		bell_make();
	pthread_mutex_lock(&lock);
	TAILQ_INSERT_TAIL(&pool->waiting, w, list);
	start = ++pool->nwaiting > pool->idle && pool->threads < threads_max;
	pool->threads += start;
	pthread_mutex_unlock(&lock);
	pthread_cond_signal(&pool->more);
	if (start)
		thread_start(pool);
}

void
work_run(void (*work)(void *), void (*done)(void *), void *arg)
{
	pool_add(&tasks, kore_task_threads, work, done, arg);
}

int64_t
work_waits(void)
{
	const struct work	*first;
	u_int64_t		since;

	pthread_mutex_lock(&lock);
	first = TAILQ_FIRST(&tasks.waiting);
	since = first != NULL ? first->since : 0;
	pthread_mutex_unlock(&lock);

	return (since != 0 ? (int64_t)(kore_time_ms() - since) : 0);
}

int
work_remote(void (*work)(void *), void (*done)(void *), void *arg)
{
	int	full;

	pthread_mutex_lock(&lock);
	full = waiters.threads - waiters.idle >= WORK_REMOTE_MAX && waiters.nwaiting >= WORK_REMOTE_QUEUE;
	pthread_mutex_unlock(&lock);
	if (full)
		return (0);
	pool_add(&waiters, WORK_REMOTE_MAX, work, done, arg);

	return (1);
}

void
work_lookup(void (*work)(void *), void (*done)(void *), void *arg)
{
	pool_add(&lookups, WORK_LOOKUP_MAX, work, done, arg);
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
