/*
 * Claims a job, has it done on a thread (transcode/film.h) while the loop keeps the
 * claim alive and the progress written, and writes down how it ended.
 *
 * The thread asks the loop for what only the database can answer through a
 * pair of sockets, one byte each way; everything else they share is atomic or
 * behind the lock. What must be written is written again and again until the
 * database has taken or refused it.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kore/kore.h>

#include "base/activity.h"
#include "base/conf.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/random.h"
#include "base/role.h"
#include "base/work.h"
#include "store/pg.h"
#include "store/queue.h"
#include "transcode/film.h"
#include "transcode/transcode_worker.h"

#define TICK_MS		50
#define BEAT_MAX_MS	1000		/* between two heart-beats, however long the lease */
#define STALL_MS	(15 * 60 * 1000)	/* without anything read, made or stored: the thread hangs */
#define LET_GO_MS	2000		/* before the grace period ends, a job is given back though its thread still runs */
#define REFUSALS_MAX	20		/* of one write by the database */
#define PROGRESS_MAX	2048
#define NICE		10		/* viewers come first */

enum stage {
	STAGE_RECOVER,		/* what this instance has and does not work on is to be given back */
	STAGE_IDLE,
	STAGE_CLAIM,
	STAGE_WORK,		/* the thread has it */
	STAGE_SETTLE,		/* the outcome is to be written */
	STAGE_OVER		/* draining, and nothing is left to do */
};

static char	instance[33];

static struct {
	struct kore_event	evt;		/* first: Kore hands us its address */
	enum stage		stage;
	int			asking;		/* of this stage, in the database */
	u_int64_t		since;		/* of this stage */
	u_int64_t		next_poll;
	int			more;		/* woken while claiming */
	int			untold;		/* the answer to a claim was lost: there may be a job that we were given */
	int			loop_fd, thread_fd;

	/* The claim. `run` tells answers about an earlier one from those about this. */
	uintptr_t		run;
	char			id[24], fence[24], source_key[1100];
	unsigned		renditions;
	int			attempts;
	int			lost;		/* somebody else has it, or nobody wants it any more */
	int			beating;
	u_int64_t		next_beat;
	char			*keys;		/* that the thread wants planned, later: that it writes */
	int			planning;
	int			refusals;
	int			abandoned;	/* its thread would not end: what is the thread's stays untouched */
	struct film_outcome	outcome;	/* the thread's until it is done */

	/* Shared with the thread. */
	atomic_int		cancel;
	atomic_ullong		alive;		/* kore_time_ms() */
	pthread_mutex_t		lock;
	char			progress[PROGRESS_MAX];
} job = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void	claim(void);
static void	settle(void);

static const char *
lease(void)
{
	return (conf_str(CONF_TRANSCODE_LEASE_MS));
}

static void
stage_enter(enum stage stage)
{
	job.stage = stage;
	job.since = kore_time_ms();
	job.asking = 0;
	queue_idle(stage == STAGE_IDLE || stage == STAGE_CLAIM);
}

/* The thread's side */

static int
thread_plan(void *ctx, const char *keys)
{
	char	byte = 'p';

	(void)ctx;
	if ((job.keys = strdup(keys)) == NULL)
		return (-1);
	if (write(job.thread_fd, &byte, 1) != 1 || read(job.thread_fd, &byte, 1) != 1)
		return (-1);

	return (byte == 'y' ? 0 : -1);
}

static void
thread_progress(void *ctx, const char *json)
{
	(void)ctx;
	pthread_mutex_lock(&job.lock);
	if (strlen(json) < sizeof(job.progress))
		memcpy(job.progress, json, strlen(json) + 1);
	pthread_mutex_unlock(&job.lock);
}

static void
thread_alive(void *ctx)
{
	(void)ctx;
	atomic_store(&job.alive, kore_time_ms());
}

static int
thread_canceled(void *ctx)
{
	(void)ctx;
	return (atomic_load(&job.cancel));
}

static void *
thread_run(void *arg)
{
	struct film_order	order = { .job_id = job.id, .source_key = job.source_key, .plan = thread_plan,
				    .progress = thread_progress, .alive = thread_alive, .canceled = thread_canceled };
	char			byte;

	(void)arg;
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	while (read(job.thread_fd, &byte, 1) == 1) {
		order.renditions = job.renditions;
		film_run(&order, &job.outcome);
		byte = 'd';
		if (write(job.thread_fd, &byte, 1) != 1)
			break;
	}

	return (NULL);
}

static void
thread_answer(char byte)
{
	if (write(job.loop_fd, &byte, 1) != 1)
		fatal("the transcode thread is gone");
}

/* The plan */

static void
planned(void *arg, const struct pg_outcome *outcome)
{
	if ((uintptr_t)arg != job.run || job.stage != STAGE_WORK)
		return;
	job.asking = 0;
	if (outcome->error != NULL && outcome->disconnected)
		return;		/* again with the next tick */
	job.planning = 0;
	atomic_store(&job.alive, kore_time_ms());
	if (outcome->error != NULL)
		log_event(LOG_LEVEL_ERROR, "the plan was not accepted", LOG_S("job", job.id), LOG_S("error", outcome->error));
	else if (PQntuples(outcome->res) == 0)
		job.lost = 1;
	thread_answer(outcome->error == NULL && !job.lost ? 'y' : 'n');
}

static void
plan(void)
{
	const char	*params[] = { job.id, job.fence, lease(), job.keys };

	if (atomic_load(&job.cancel)) {
		job.planning = 0;
		thread_answer('n');
		return;
	}
	job.asking = 1;
	pg_query("queue/plan", 4, params, planned, (void *)job.run);
}

/* The heart-beat */

static void
beaten(void *arg, const struct pg_outcome *outcome)
{
	if ((uintptr_t)arg != job.run || job.stage != STAGE_WORK)
		return;
	job.beating = 0;
	if (outcome->error != NULL && !outcome->disconnected)
		log_event(LOG_LEVEL_WARN, "a heart-beat was not accepted", LOG_S("job", job.id), LOG_S("error", outcome->error));
	if (outcome->error != NULL || PQntuples(outcome->res) == 1)
		return;
	if (!job.lost)
		log_event(LOG_LEVEL_WARN, "job taken away", LOG_S("job", job.id));
	job.lost = 1;
	atomic_store(&job.cancel, 1);
}

static void
beat(u_int64_t now)
{
	char		progress[PROGRESS_MAX];
	const char	*params[] = { job.id, job.fence, lease(), progress };
	u_int64_t	pause = (u_int64_t)conf_int(CONF_TRANSCODE_LEASE_MS) / 4;

	pthread_mutex_lock(&job.lock);
	memcpy(progress, job.progress, sizeof(progress));
	pthread_mutex_unlock(&job.lock);
	job.beating = 1;
	job.next_beat = now + (pause < BEAT_MAX_MS ? pause : BEAT_MAX_MS);
	pg_query("queue/beat", 4, params, beaten, (void *)job.run);
}

/* The end of a job */

static void
job_over(void)
{
	if (!job.abandoned) {
		free(job.keys);
		free(job.outcome.made);
		job.keys = NULL;
		memset(&job.outcome, 0, sizeof(job.outcome));
	}
	job.run++;
	activity_job(0);
	if (role_draining()) {
		stage_enter(STAGE_OVER);
		return;
	}
	stage_enter(STAGE_IDLE);
	claim();
}

static void
finish_answered(const char *verdict)
{
	if (!strcmp(verdict, "done")) {
		counter_add(COUNTER_JOBS_OK, 1);
		log_event(LOG_LEVEL_INFO, "film ready", LOG_S("job", job.id), LOG_I("attempts", job.attempts));
		job_over();
		return;
	}
	/* The claim is not ours any more, or what we stored: the next statement tells which. */
	free(job.outcome.made);
	job.outcome.made = NULL;
	job.outcome.again = 1;
	snprintf(job.outcome.why, sizeof(job.outcome.why), "What was made of the film was lost before it could be published.");
	settle();
}

static void
fail_answered(const char *state)
{
	if (state != NULL) {
		if (!strcmp(state, "failed"))
			counter_add(COUNTER_JOBS_FAILED, 1);
		log_event(LOG_LEVEL_WARN, !strcmp(state, "failed") ? "film failed" : "film not processed yet", LOG_S("job", job.id),
		    LOG_I("attempts", job.attempts), LOG_S("why", job.outcome.why), LOG_S("error", job.outcome.detail));
		job_over();
		return;
	}
	job.lost = 1;
	settle();
}

static void
settled(void *arg, const struct pg_outcome *outcome)
{
	if ((uintptr_t)arg != job.run || job.stage != STAGE_SETTLE)
		return;
	job.asking = 0;
	if (outcome->error != NULL) {
		if (outcome->disconnected || ++job.refusals < REFUSALS_MAX)
			return;		/* again with the next tick */
		log_event(LOG_LEVEL_ERROR, "the outcome of a job was not accepted", LOG_S("job", job.id), LOG_S("error", outcome->error));
		job_over();	/* the lease runs out */
	} else if (job.lost) {
		job_over();
	} else if (job.outcome.made != NULL && !job.abandoned) {
		finish_answered(PQgetvalue(outcome->res, 0, 0));
	} else if (role_draining()) {
		log_event(LOG_LEVEL_INFO, "job given back", LOG_S("job", job.id));
		queue_wake();
		job_over();
	} else {
		fail_answered(PQgetisnull(outcome->res, 0, 0) ? NULL : PQgetvalue(outcome->res, 0, 0));
	}
}

/* What is finished is published even while draining; what was interrupted by it is given back. */
static void
settle(void)
{
	const struct film_outcome	*o = &job.outcome;
	void				*run = (void *)job.run;

	job.asking = 1;
	if (job.lost)
		pg_query("queue/forget", 3, (const char *const[]){ job.id, job.fence, job.keys != NULL ? job.keys : "[]" }, settled, run);
	else if (o->made != NULL && !job.abandoned)
		pg_query("queue/finish", 4, (const char *const[]){ job.id, job.fence, o->made, job.progress }, settled, run);
	else if (role_draining())
		pg_query("queue/release", 2, (const char *const[]){ job.id, job.fence }, settled, run);
	else
		pg_query("queue/fail", 5, (const char *const[]){ job.id, job.fence, o->why, o->again ? "t" : "f",
		    conf_str(CONF_TRANSCODE_RETRY_MS) }, settled, run);
}

/* The thread has something to say. */
static void
thread_event(void *arg, int error)
{
	char	byte;

	(void)arg;
	(void)error;
	job.evt.flags = 0;
	if (recv(job.loop_fd, &byte, 1, MSG_DONTWAIT) != 1 || job.stage != STAGE_WORK)
		return;
	if (byte == 'p') {
		job.planning = 1;
		plan();
	} else {
		job.refusals = 0;
		stage_enter(STAGE_SETTLE);
		settle();
	}
}

/* The beginning of a job */

static unsigned
renditions_parse(const char *list)
{
	char		word[16];
	unsigned	bits = 0;
	int		rung;
	size_t		len;

	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if ((rung = media_rung_parse(word)) >= 0)
			bits |= 1u << rung;
	}

	return (bits);
}

static void
work_begin(const PGresult *res)
{
	snprintf(job.id, sizeof(job.id), "%s", PQgetvalue(res, 0, 0));
	snprintf(job.fence, sizeof(job.fence), "%s", PQgetvalue(res, 0, 1));
	job.attempts = atoi(PQgetvalue(res, 0, 2));
	snprintf(job.source_key, sizeof(job.source_key), "%s", PQgetvalue(res, 0, 3));
	job.renditions = renditions_parse(PQgetvalue(res, 0, 4));
	job.lost = job.beating = job.planning = 0;
	snprintf(job.progress, sizeof(job.progress), "{}");
	atomic_store(&job.cancel, 0);
	atomic_store(&job.alive, kore_time_ms());
	activity_job(strtoll(job.id, NULL, 10));
	log_event(LOG_LEVEL_INFO, "film begun", LOG_S("job", job.id), LOG_I("attempts", job.attempts));

	stage_enter(STAGE_WORK);
	job.next_beat = 0;
	thread_answer('g');
}

static void
claimed(void *arg, const struct pg_outcome *outcome)
{
	int	again = job.more;

	(void)arg;
	job.more = 0;
	if (outcome->error != NULL) {
		if (!outcome->disconnected)
			log_event(LOG_LEVEL_ERROR, "the queue cannot be read", LOG_S("error", outcome->error));
		job.untold = outcome->disconnected;
		stage_enter(outcome->disconnected ? STAGE_RECOVER : STAGE_IDLE);
		return;
	}
	if (PQntuples(outcome->res) == 1) {
		work_begin(outcome->res);
		return;
	}
	stage_enter(role_draining() ? STAGE_OVER : STAGE_IDLE);
	if (again)
		claim();
}

static void
claim(void)
{
	const char	*params[] = { instance, lease() };

	if (job.stage == STAGE_CLAIM)
		job.more = 1;
	if (job.stage != STAGE_IDLE || role_draining())
		return;
	stage_enter(STAGE_CLAIM);
	job.next_poll = kore_time_ms() + (u_int64_t)conf_int(CONF_QUEUE_SWEEP_MS);
	pg_query("queue/claim", 2, params, claimed, NULL);
}

static void
recovered(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	job.asking = 0;
	if (outcome->error != NULL) {
		if (!outcome->disconnected)
			log_event(LOG_LEVEL_ERROR, "the queue cannot be swept", LOG_S("error", outcome->error));
		return;		/* again with the next tick */
	}
	job.untold = 0;
	stage_enter(role_draining() ? STAGE_OVER : STAGE_IDLE);
	claim();
}

/* A job that broke the worker before us has had its attempt; one that we were given and not told of has not. */
static void
recover(void)
{
	const char	*params[] = { instance, lease(), conf_str(CONF_TRANSCODE_RETRY_MS) };

	job.asking = 1;
	if (job.untold)
		pg_query("queue/unclaim", 1, params, recovered, NULL);
	else
		pg_query("queue/sweep", 3, params, recovered, NULL);
}

static void
work_tick(u_int64_t now)
{
	if (job.planning && !job.asking)
		plan();
	if (!job.beating && now >= job.next_beat)
		beat(now);
	/* A thread that waits for its plan waits for the database, however long that is away. */
	if (!job.planning && now > atomic_load(&job.alive) + STALL_MS)
		fatal("nothing has moved for too long; the transcode worker starts anew");
}

static void
worker_tick(void *arg, u_int64_t now)
{
	(void)arg;
	switch (job.stage) {
	case STAGE_RECOVER:
		if (!job.asking && (job.untold || !role_draining()))
			recover();
		break;
	case STAGE_IDLE:
		if (now >= job.next_poll)
			claim();
		break;
	case STAGE_WORK:
		work_tick(now);
		break;
	case STAGE_SETTLE:
		if (!job.asking)
			settle();
		break;
	case STAGE_CLAIM:
	case STAGE_OVER:
		break;
	}
}

static void
media_log(int level, const char *line)
{
	log_event(level == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, "media", LOG_S("says", line));
}

static void
thread_start(void)
{
	int	fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		fatal("worker: socketpair: %s", strerror(errno));
	job.loop_fd = fds[0];
	job.thread_fd = fds[1];
	job.evt.handle = thread_event;
	job.evt.type = KORE_TYPE_TASK;
	kore_platform_event_schedule(job.loop_fd, EPOLLIN, 0, &job.evt);
	if (!thread_begin(thread_run, NULL))
		fatal("worker: no thread");
}

void
worker_name_instance(void)
{
	random_hex(instance, (sizeof(instance) - 1) / 2);
}

void
worker_start(void)
{
	media_init(media_log);
	thread_start();
	stage_enter(STAGE_RECOVER);
	queue_listen(claim);
	kore_timer_add(worker_tick, TICK_MS, NULL, 0);
}

int
worker_busy(void)
{
	u_int64_t	patience = (u_int64_t)conf_int(CONF_SHUTDOWN_GRACE_SEC) * 1000;

	switch (job.stage) {
	case STAGE_RECOVER:
		return (job.untold);
	case STAGE_IDLE:
	case STAGE_OVER:
		return (0);
	case STAGE_WORK:
		if (!atomic_exchange(&job.cancel, 1))
			job.since = kore_time_ms();	/* of the wish to end */
		/* A thread that does not listen: its claim is not ours to use, but ours to give back. */
		if (kore_time_ms() - job.since + LET_GO_MS > patience) {
			job.abandoned = 1;
			stage_enter(STAGE_SETTLE);
			settle();
		}
		return (1);
	case STAGE_CLAIM:
	case STAGE_SETTLE:
		break;
	}

	return (1);
}
