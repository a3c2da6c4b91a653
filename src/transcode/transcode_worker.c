/*
 * Claims a transcode job and runs it on a thread (transcode/film.h). Meanwhile the
 * event loop renews the lease, stores the progress, and at the end stores the
 * result.
 *
 * The thread sends requests that need the database to the loop over a socket
 * pair, one byte in each direction: 'g' start, 'p' record the object keys, 'y' or
 * 'n' the reply, 'd' done. All other shared data is atomic or protected by the
 * lock. A statement that must take effect is repeated until the database has
 * executed or refused it.
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
#include "transcode/media_log.h"
#include "transcode/protection.h"
#include "transcode/sweep.h"
#include "transcode/transcode_worker.h"

#define TICK_MS		50
#define RECOVER_MS	1000		/* pause after a failed recovery */
#define RENEW_MAX_MS	1000		/* maximum time between two renewals of the lease */
#define STALL_MS	(15 * 60 * 1000)	/* maximum time without progress; then the thread hangs */
#define RELEASE_MS	2000		/* before the end of the grace period, release the job though its thread still runs */
#define REFUSALS_MAX	20		/* tries to store a result that the database refuses */
#define PROGRESS_MAX	2048
#define TRACK_MAX	2048
#define NICE		10		/* requests of viewers have priority */

enum stage {
	STAGE_RECOVER,		/* end or release a job that this instance holds without working on it */
	STAGE_IDLE,
	STAGE_CLAIM,
	STAGE_WORK,		/* the thread runs the job */
	STAGE_SETTLE,		/* the result has to be stored */
	STAGE_OVER		/* draining, no job left */
};

static char	instance[33];

static struct {
	struct kore_event	evt;		/* first member: Kore passes its address */
	enum stage		stage;
	int			querying;	/* a statement of this stage is running */
	u_int64_t		since;		/* start of this stage, ms */
	u_int64_t		next_poll, next_recovery;
	int			woken;		/* during STAGE_CLAIM */
	int			claim_unknown;	/* the response to a claim was lost: this instance may hold a job */
	int			loop_fd, thread_fd;

	/* The claimed job. `run` is the number of the claim; results of statements for an earlier claim are ignored. */
	uintptr_t		run;
	char			id[24], fence[24], source_key[1100];
	char			track[TRACK_MAX];	/* JSON object of the job of an audio track; "" for a film */
	unsigned		renditions;
	int			attempts;
	int			lost;		/* the lease is lost: taken by the sweep, or the job was canceled or deleted */
	int			renewing;
	u_int64_t		next_renewal;
	char			*keys;		/* object keys that the thread is going to write or writes */
	int			planning;
	int			refusals;
	int			abandoned;	/* the thread did not end in time: do not touch or free its data */
	struct film_outcome	outcome;	/* owned by the thread until it is done */

	/* Shared with the thread. `alive` is the time of the last progress. */
	atomic_int		cancel;
	atomic_ullong		alive;		/* kore_time_ms() */
	pthread_mutex_t		lock;
	char			progress[PROGRESS_MAX];
	char			limit[256];	/* the film computes on although it has reached this limit; "" otherwise */
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
	job.querying = 0;
	queue_idle(stage == STAGE_IDLE || stage == STAGE_CLAIM);
}

/* Functions of the thread. */

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

/* Called on a thread of src/media. The loop fails the job at its next tick. */
static void
thread_stuck(const char *text)
{
	pthread_mutex_lock(&job.lock);
	snprintf(job.limit, sizeof(job.limit), "%s", text);
	pthread_mutex_unlock(&job.lock);
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
		order.track = *job.track != '\0' ? job.track : NULL;
		media_log_begin(job.id);
		film_run(&order, &job.outcome);
		media_log_end();
		byte = 'd';
		if (write(job.thread_fd, &byte, 1) != 1)
			break;
	}

	return (NULL);
}

static void
thread_reply(char byte)
{
	if (write(job.loop_fd, &byte, 1) != 1)
		fatal("transcode worker: the thread of job %s has ended", job.id);
}

/* Recording the object keys. */

static void
planned(void *arg, const struct pg_outcome *outcome)
{
	if ((uintptr_t)arg != job.run || job.stage != STAGE_WORK)
		return;
	job.querying = 0;
	if (outcome->error != NULL && outcome->disconnected)
		return;		/* the next tick repeats it */
	job.planning = 0;
	atomic_store(&job.alive, kore_time_ms());
	if (outcome->error != NULL)
		log_event(LOG_LEVEL_ERROR, "object keys of a transcode job were not recorded", LOG_S("job", job.id), LOG_S("error", outcome->error));
	else if (PQntuples(outcome->res) == 0)
		job.lost = 1;
	thread_reply(outcome->error == NULL && !job.lost ? 'y' : 'n');
}

static void
plan(void)
{
	const char	*params[] = { job.id, job.fence, lease(), job.keys };

	if (atomic_load(&job.cancel)) {
		job.planning = 0;
		thread_reply('n');
		return;
	}
	job.querying = 1;
	pg_query("queue/plan", 4, params, planned, (void *)job.run);
}

/* Renewing the lease. */

static void
lease_renewed(void *arg, const struct pg_outcome *outcome)
{
	if ((uintptr_t)arg != job.run || job.stage != STAGE_WORK)
		return;
	job.renewing = 0;
	if (outcome->error != NULL && !outcome->disconnected)
		log_event(LOG_LEVEL_WARN, "transcode job lease was not renewed", LOG_S("job", job.id), LOG_S("error", outcome->error));
	if (outcome->error != NULL || PQntuples(outcome->res) == 1)
		return;
	if (!job.lost)
		log_event(LOG_LEVEL_WARN, "transcode job lease lost", LOG_S("job", job.id));
	job.lost = 1;
	atomic_store(&job.cancel, 1);
}

static void
lease_renew(u_int64_t now)
{
	char		progress[PROGRESS_MAX];
	const char	*params[] = { job.id, job.fence, lease(), progress };
	u_int64_t	pause = (u_int64_t)conf_int(CONF_TRANSCODE_LEASE_MS) / 4;

	pthread_mutex_lock(&job.lock);
	memcpy(progress, job.progress, sizeof(progress));
	pthread_mutex_unlock(&job.lock);
	job.renewing = 1;
	job.next_renewal = now + (pause < RENEW_MAX_MS ? pause : RENEW_MAX_MS);
	pg_query("queue/beat", 4, params, lease_renewed, (void *)job.run);
}

/* The end of a job. */

static void
job_over(void)
{
	if (!job.abandoned) {
		free(job.keys);
		free(job.outcome.renditions);
		free(job.outcome.notes);
		job.keys = NULL;
		memset(&job.outcome, 0, sizeof(job.outcome));
	}
	if (*job.limit != '\0')
		fatal("transcode worker: job %s does not end although a limit is reached; the worker restarts", job.id);
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
finish_result(const char *verdict)
{
	if (!strcmp(verdict, "done")) {
		counter_add(COUNTER_TRANSCODE_JOBS_OK, 1);
		log_event(LOG_LEVEL_INFO, "transcode job done", LOG_S("job", job.id), LOG_I("attempts", job.attempts));
		job_over();
		return;
	}
	/* Either the lease is lost or store-cleanup is removing the objects. queue/fail finds out which. */
	free(job.outcome.renditions);
	job.outcome.renditions = NULL;
	job.outcome.retry = 1;
	snprintf(job.outcome.reason, sizeof(job.outcome.reason), *job.track == '\0' ?
	    "The renditions were deleted from object storage before they could be published." :
	    "The film or its tracks have changed while this track was prepared, or its objects were deleted from object storage.");
	settle();
}

static void
fail_result(const char *state)
{
	if (state != NULL) {
		if (!strcmp(state, "failed"))
			counter_add(COUNTER_TRANSCODE_JOBS_FAILED, 1);
		log_event(LOG_LEVEL_WARN, !strcmp(state, "failed") ? "transcode job failed" : "transcode attempt failed; will retry", LOG_S("job", job.id),
		    LOG_S("file", job.source_key), LOG_I("attempts", job.attempts), LOG_S("why", *job.limit != '\0' ? job.limit : job.outcome.reason), LOG_S("error", job.outcome.detail));
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
	job.querying = 0;
	if (outcome->error != NULL) {
		if (outcome->disconnected || ++job.refusals < REFUSALS_MAX)
			return;		/* the next tick repeats it */
		log_event(LOG_LEVEL_ERROR, "result of a transcode job was not stored", LOG_S("job", job.id), LOG_S("error", outcome->error));
		job_over();	/* the sweep requeues the job when the lease has expired */
	} else if (job.lost) {
		job_over();
	} else if (job.outcome.renditions != NULL && !job.abandoned) {
		finish_result(PQgetvalue(outcome->res, 0, 0));
	} else if (role_draining()) {
		log_event(LOG_LEVEL_INFO, "transcode job released", LOG_S("job", job.id));
		queue_wake();
		job_over();
	} else {
		fail_result(PQgetisnull(outcome->res, 0, 0) ? NULL : PQgetvalue(outcome->res, 0, 0));
	}
}

/* Stores the result of the job. While draining, a finished film is still published and an interrupted job is released. */
static void
settle(void)
{
	const struct film_outcome	*o = &job.outcome;
	void				*run = (void *)job.run;
	const char			*why = *job.limit != '\0' ? job.limit : o->reason;
	int				retry = *job.limit != '\0' ? 0 : o->retry;
	const char			*notes = !job.abandoned && o->notes != NULL ? o->notes : "[]";

	job.querying = 1;
	if (job.lost)
		pg_query("queue/forget", 3, (const char *const[]){ job.id, job.fence, job.keys != NULL ? job.keys : "[]" }, settled, run);
	else if (o->renditions != NULL && !job.abandoned)
		pg_query("queue/finish", 5, (const char *const[]){ job.id, job.fence, o->renditions, job.progress, notes }, settled, run);
	else if (role_draining())
		pg_query("queue/release", 2, (const char *const[]){ job.id, job.fence }, settled, run);
	else
		pg_query("queue/fail", 7, (const char *const[]){ job.id, job.fence, why, retry ? "t" : "f",
		    conf_str(CONF_TRANSCODE_RETRY_MS), notes, retry && o->memory ? "t" : "f" }, settled, run);
}

/* Handles a byte from the thread. */
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

/* The start of a job. */

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
	snprintf(job.track, sizeof(job.track), "%s", PQgetvalue(res, 0, 5));
	job.lost = job.renewing = job.planning = 0;
	snprintf(job.progress, sizeof(job.progress), "{}");
	atomic_store(&job.cancel, 0);
	atomic_store(&job.alive, kore_time_ms());
	activity_job(strtoll(job.id, NULL, 10));
	log_event(LOG_LEVEL_INFO, "transcode job started", LOG_S("job", job.id), LOG_I("attempts", job.attempts));

	stage_enter(STAGE_WORK);
	job.next_renewal = 0;
	thread_reply('g');
}

static void
claimed(void *arg, const struct pg_outcome *outcome)
{
	int	woken = job.woken;

	(void)arg;
	job.woken = 0;
	if (outcome->error != NULL) {
		if (!outcome->disconnected)
			log_event(LOG_LEVEL_ERROR, "transcode job cannot be claimed", LOG_S("error", outcome->error));
		job.claim_unknown = outcome->disconnected;
		stage_enter(outcome->disconnected ? STAGE_RECOVER : STAGE_IDLE);
		return;
	}
	if (PQntuples(outcome->res) == 1) {
		work_begin(outcome->res);
		return;
	}
	stage_enter(role_draining() ? STAGE_OVER : STAGE_IDLE);
	if (woken)
		claim();
}

static void
claim(void)
{
	const char	*params[] = { instance, lease() };

	if (job.stage == STAGE_CLAIM)
		job.woken = 1;
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
	job.querying = 0;
	if (outcome->error != NULL) {
		if (!outcome->disconnected)
			log_event(LOG_LEVEL_ERROR, "transcode job of a dead worker cannot be requeued", LOG_S("error", outcome->error));
		job.next_recovery = kore_time_ms() + RECOVER_MS;
		return;
	}
	if (!job.claim_unknown)
		sweep_log(outcome->res);
	job.claim_unknown = 0;
	stage_enter(role_draining() ? STAGE_OVER : STAGE_IDLE);
	claim();
}

/*
 * Takes back a job that this instance holds. A job during which the previous worker
 * died has used its attempt; a claim of which the response was lost has not.
 */
static void
recover(void)
{
	int		out_of_memory;
	const char	*ended = activity_predecessor(&out_of_memory);
	const char	*params[] = { instance, lease(), conf_str(CONF_TRANSCODE_RETRY_MS), ended, out_of_memory ? "t" : "f" };

	job.querying = 1;
	if (job.claim_unknown)
		pg_query("queue/unclaim", 1, params, recovered, NULL);
	else
		pg_query("queue/sweep", 5, params, recovered, NULL);
}

/* Fails the job of a film that does not end, without its thread. Returns 0 if there is none. */
static int
limit_settle(void)
{
	char	text[sizeof(job.limit)];

	pthread_mutex_lock(&job.lock);
	memcpy(text, job.limit, sizeof(text));
	pthread_mutex_unlock(&job.lock);
	if (*text == '\0' || job.planning)
		return (0);
	job.abandoned = 1;
	job.refusals = 0;
	stage_enter(STAGE_SETTLE);
	settle();

	return (1);
}

static void
work_tick(u_int64_t now)
{
	if (limit_settle())
		return;
	if (job.planning && !job.querying)
		plan();
	if (!job.renewing && now >= job.next_renewal)
		lease_renew(now);
	/* While the thread waits for its object keys to be recorded, it waits for the database without a limit. */
	if (!job.planning && now > atomic_load(&job.alive) + STALL_MS)
		fatal("transcode worker: job %s has made no progress for %d seconds; the worker restarts", job.id, STALL_MS / 1000);
}

static void
worker_tick(void *arg, u_int64_t now)
{
	(void)arg;
	protection_keep(job.stage == STAGE_WORK || job.stage == STAGE_SETTLE, now);
	switch (job.stage) {
	case STAGE_RECOVER:
		if (!job.querying && (job.claim_unknown || !role_draining()) && now >= job.next_recovery)
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
		if (!job.querying)
			settle();
		break;
	case STAGE_CLAIM:
	case STAGE_OVER:
		break;
	}
}

static void
thread_start(void)
{
	int	fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		fatal("transcode worker: socketpair: %s", strerror(errno));
	job.loop_fd = fds[0];
	job.thread_fd = fds[1];
	job.evt.handle = thread_event;
	job.evt.type = KORE_TYPE_TASK;
	kore_platform_event_schedule(job.loop_fd, EPOLLIN, 0, &job.evt);
	if (!thread_begin(thread_run, NULL))
		fatal("transcode worker: the thread cannot be started");
}

void
worker_name_instance(void)
{
	random_hex(instance, (sizeof(instance) - 1) / 2);
}

const char *
worker_instance(void)
{
	return (instance);
}

void
worker_start(void)
{
	media_init(media_log);
	media_on_stuck(thread_stuck);
	thread_start();
	stage_enter(STAGE_RECOVER);
	queue_listen(claim);
	kore_timer_add(worker_tick, TICK_MS, NULL, 0);
}

int
worker_busy(void)
{
	u_int64_t	grace_ms = (u_int64_t)conf_int(CONF_SHUTDOWN_GRACE_SEC) * 1000;

	switch (job.stage) {
	case STAGE_RECOVER:
		return (job.claim_unknown);
	case STAGE_IDLE:
	case STAGE_OVER:
		return (0);
	case STAGE_WORK:
		if (!atomic_exchange(&job.cancel, 1))
			job.since = kore_time_ms();	/* start of the cancellation */
		/* The thread does not end in time: release its job without touching its data. */
		if (kore_time_ms() - job.since + RELEASE_MS > grace_ms) {
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
