/*
 * The task threads and the one queue that feeds them all.
 *
 * Kore's own queues, one for each thread, are not used: work would wait behind
 * a slow piece while other threads rest, and a thread that is woken without
 * work, as condition variables may wake one, takes the first element of an
 * empty list (Kore 4.2.3, task_thread). So each Kore task here is a thread's
 * whole life.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <kore/kore.h>
#include <kore/tasks.h>

#include "base/work.h"

struct work {
	void			(*work)(void *);
	void			(*done)(void *);
	void			*arg;
	TAILQ_ENTRY(work)	list;
};

TAILQ_HEAD(works, work);

static struct works	waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct works	finished = TAILQ_HEAD_INITIALIZER(finished);
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;	/* of all that follows */
static pthread_cond_t	more = PTHREAD_COND_INITIALIZER;
static int		nwaiting = 0;
static int		idle = 0;	/* threads that wait for work */
static int		threads = 0;
static int		bell = -1;	/* eventfd that calls the event loop to what is finished */

static struct work *
work_take(void)
{
	struct work	*w;

	idle++;
	while ((w = TAILQ_FIRST(&waiting)) == NULL)
		pthread_cond_wait(&more, &lock);
	idle--;
	TAILQ_REMOVE(&waiting, w, list);
	nwaiting--;

	return (w);
}

/* A thread from its start on; never returns. */
static int
thread_live(struct kore_task *t)
{
	const uint64_t	one = 1;
	struct work	*w;
	int		first;

	(void)t;
	for (;;) {
		pthread_mutex_lock(&lock);
		w = work_take();
		pthread_mutex_unlock(&lock);
		w->work(w->arg);
		pthread_mutex_lock(&lock);
		first = TAILQ_EMPTY(&finished);
		TAILQ_INSERT_TAIL(&finished, w, list);
		pthread_mutex_unlock(&lock);
		if (first && write(bell, &one, sizeof(one)) != sizeof(one))
			fatal("eventfd: %s", errno_s);
	}
}

static void
thread_start(void)
{
	struct kore_task	*t;

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

void
work_run(void (*work)(void *), void (*done)(void *), void *arg)
{
	struct work	*w;
	int		start;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->work = work;
	w->done = done;
	w->arg = arg;
	if (bell == -1)
		bell_make();
	pthread_mutex_lock(&lock);
	TAILQ_INSERT_TAIL(&waiting, w, list);
	start = ++nwaiting > idle && threads < kore_task_threads;
	threads += start;
	pthread_mutex_unlock(&lock);
	pthread_cond_signal(&more);
	if (start)
		thread_start();
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
