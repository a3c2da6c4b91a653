/*
 * Wraps a Kore task so that its life is nobody's concern.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <kore/kore.h>
#include <kore/tasks.h>

#include "base/work.h"

struct work {
	struct kore_task	task;		/* first: Kore hands us its address */
	void			(*work)(void *);
	void			(*done)(void *);
	void			*arg;
};

static int
work_entry(struct kore_task *t)
{
	struct work	*w = (struct work *)t;

	w->work(w->arg);

	return (KORE_RESULT_OK);
}

static void
work_event(struct kore_task *t)
{
	struct work	*w = (struct work *)t;

	if (!kore_task_finished(t))
		return;
	kore_task_destroy(t);
	w->done(w->arg);
	free(w);
}

void
work_run(void (*work)(void *), void (*done)(void *), void *arg)
{
	struct work	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->work = work;
	w->done = done;
	w->arg = arg;
	kore_task_create(&w->task, work_entry);
	kore_task_bind_callback(&w->task, work_event);
	kore_task_run(&w->task);
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
