/*
 * A timer that expires when the next job is due, and several times per lease, to
 * find jobs whose process has died.
 *
 * If several scheduled times of a job were missed because no process was running,
 * the job is due once. The database keeps the last scheduled time that was claimed
 * (column slot of wanzami.lease).
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/cron_expr.h"
#include "base/log.h"
#include "base/role.h"
#include "base/work.h"
#include "cron/cron_run.h"
#include "cron/schedule.h"
#include "store/pg.h"

#define START_MS	50		/* the first statement on a new connection takes longest and delays /health, which then goes first */
#define RUNNING_MAX	4	/* jobs at a time; others wait for the next check */
#define MISSED_MAX	1000	/* maximum of missed times to count; above it the job is due now */
#define CHECKS_PER_LEASE	6
#define STANDBY_SEC	120	/* other roles run a job that is overdue by this time */
#define STANDBY_CHECK_MS	15000

struct entry {
	const struct job	*job;
	struct cron		cron;
	struct job_run		*run;	/* NULL: not running in this process */
};

static struct entry	*entries;
static size_t		nentries;
static struct zone	zone;
static char		*names;
static int		standby;	/* 1: this process does not have the cron role */

static void	schedule_tick(void *, u_int64_t);

static int64_t
now_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_REALTIME, &ts);

	return (ts.tv_sec * 1000LL + ts.tv_nsec / 1000000);
}

static void *
run_thread(void *arg)
{
	(void)run_perform(arg);

	return (NULL);
}

static int
running(void)
{
	size_t	i;
	int	n = 0;

	for (i = 0; i < nentries; i++)
		n += entries[i].run != NULL && !run_ended(entries[i].run);

	return (n);
}

static void
ended_free(void)
{
	size_t	i;

	for (i = 0; i < nentries; i++) {
		if (entries[i].run != NULL && run_ended(entries[i].run)) {
			run_free(entries[i].run);
			entries[i].run = NULL;
		}
	}
}

/* Sets the timer to the next scheduled time, or to the next check if that is earlier. */
static void
timer_set(void)
{
	int64_t	now = now_ms(), wait = conf_int(CONF_JOB_LEASE_MS) / CHECKS_PER_LEASE, due;
	size_t	i;

	if (standby && wait < STANDBY_CHECK_MS)
		wait = STANDBY_CHECK_MS;
	for (i = 0; i < nentries && !standby; i++) {
		due = cron_next(&entries[i].cron, &zone, now / 1000);
		if (due != CRON_NEVER && due * 1000 - now < wait)
			wait = due * 1000 - now;
	}
	kore_timer_add(schedule_tick, (u_int64_t)wait + 1, NULL, KORE_TIMER_ONESHOT);
}

/* Returns the last scheduled time after `last` and up to now, 0 if there is none. */
static int64_t
due_since(const struct entry *e, int64_t last, int64_t now)
{
	int64_t	due = 0, next = cron_next(&e->cron, &zone, last);
	int	i;

	for (i = 0; next <= now && i < MISSED_MAX; i++) {
		due = next;
		next = cron_next(&e->cron, &zone, due);
	}

	return (next <= now ? now : due);
}

/* Starts a job if it is due: at a time after `last`, or again at `last` if that run was interrupted. */
static void
entry_check(struct entry *e, int64_t last, int interrupted, int64_t now)
{
	int64_t	due;

	if (e->run != NULL || e->cron.off || running() >= RUNNING_MAX)
		return;
	if ((due = due_since(e, last, now)) == 0 && interrupted)
		due = last;
	if (due == 0)
		return;
	e->run = run_make(e->job, due, NULL);
	if (!thread_begin(run_thread, e->run)) {
		log_event(LOG_LEVEL_ERROR, "cron job cannot be started: no thread", LOG_S("job", e->job->name));
		run_free(e->run);
		e->run = NULL;
	}
}

static struct entry *
entry_find(const char *name)
{
	size_t	i;

	for (i = 0; i < nentries; i++) {
		if (!strcmp(entries[i].job->name, name))
			return (&entries[i]);
	}

	return (NULL);
}

static void
state_loaded(void *arg, const struct pg_outcome *outcome)
{
	struct entry	*e;
	int		i;

	(void)arg;
	if (role_draining())
		return;
	if (outcome->error != NULL && !outcome->disconnected)
		log_event(LOG_LEVEL_ERROR, "state of the cron jobs cannot be read", LOG_S("error", outcome->error));
	for (i = 0; outcome->error == NULL && i < PQntuples(outcome->res); i++) {
		e = entry_find(PQgetvalue(outcome->res, i, 0));
		if (e != NULL && *PQgetvalue(outcome->res, i, 3) == 'f')
			entry_check(e, atoll(PQgetvalue(outcome->res, i, 1)), *PQgetvalue(outcome->res, i, 2) == 't' && !standby,
			    now_ms() / 1000 - (standby ? STANDBY_SEC : 0));
	}
	timer_set();
}

static void
schedule_tick(void *arg, u_int64_t now)
{
	const char	*params[] = { names };

	(void)arg;
	(void)now;
	if (role_draining())
		return;
	ended_free();
	pg_query("jobs/state", 1, params, state_loaded, NULL);
}

void
schedule_start(void)
{
	size_t			i, count;
	const struct job *const	*all = job_all(&count);
	const struct job	**mine = kore_calloc(count, sizeof(*mine));

	standby = !(role_get() & ROLE_CRON);
	for (i = 0; i < count; i++) {
		if (!standby || all[i]->standby)
			mine[nentries++] = all[i];
	}
	entries = kore_calloc(nentries, sizeof(*entries));
	names = job_names(mine, nentries);
	if (!zone_parse(&zone, conf_str(CONF_CRON_TZ)))
		fatalx("CRON_TZ is invalid");
	for (i = 0; i < nentries; i++) {
		entries[i].job = mine[i];
		if (cron_parse(&entries[i].cron, conf_str(mine[i]->cron)) != NULL)
			fatalx("the schedule of %s is invalid", mine[i]->name);
	}
	kore_free(mine);
	kore_timer_add(schedule_tick, START_MS, NULL, KORE_TIMER_ONESHOT);
}

int
schedule_busy(void)
{
	return (running() > 0);
}

void
schedule_stop(void)
{
	size_t	i;

	for (i = 0; i < nentries; i++) {
		if (entries[i].run != NULL)
			run_stop(entries[i].run);
	}
}
