/*
 * A run has two threads with a connection each: the work thread runs the job, the
 * control thread renews the lease, even while the work thread is blocked.
 *
 * Each transaction of the work thread locks the row of the lease and checks its
 * fencing token (sql/query/jobs/hold.sql). A process that continues after another
 * one has lease_lost the lease can therefore not write.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kore/kore.h>

#include "base/counter.h"
#include "base/json.h"
#include "base/log.h"
#include "base/work.h"
#include "cron/cron_run.h"
#include "store/pg_sync.h"

#define CONTROL_STEP_MS	200
#define CONTROL_TIMEOUT_MS	10000	/* of a statement about the lease */
#define FINISH_TRIES	50	/* CONTROL_STEP_MS apart */

struct job_run {
	const struct job	*job;
	int64_t			due;
	char *const		*arguments;
	char			fence[24];

	/* Fields of the control thread. */
	struct pg_sync		control;
	u_int64_t		started, renewed;	/* ms */
	atomic_int		stop;			/* run_stop() was called */
	atomic_int		lease_lost;		/* expired, or lease_lost by another process */
	atomic_int		ended;
	pthread_mutex_t		lock;
	pthread_cond_t		turn;

	/* Fields of the work thread, until done is set. */
	struct pg_sync		db;
	struct kore_buf		*detail;
	char			why[512];
	enum job_outcome	outcome;
	int			lost;			/* the connection was lost during a transaction */
	atomic_int		pid;			/* PostgreSQL back end of the connection */
	int			done;			/* protected by the lock */
};

extern const struct job *const	__start_jobs[], *const __stop_jobs[];

static char	process_name[128] = "?";

static int
by_name(const void *a, const void *b)
{
	return (strcmp((*(const struct job *const *)a)->name, (*(const struct job *const *)b)->name));
}

const struct job *const *
job_all(size_t *count)
{
	static const struct job	**sorted = NULL;

	*count = (size_t)(__stop_jobs - __start_jobs);
	if (sorted == NULL) {
		sorted = kore_calloc(*count, sizeof(*sorted));
		memcpy(sorted, __start_jobs, *count * sizeof(*sorted));
		qsort(sorted, *count, sizeof(*sorted), by_name);
	}

	return (sorted);
}

const struct job *
job_find(const char *name)
{
	size_t			i, count;
	const struct job *const	*all = job_all(&count);

	for (i = 0; i < count; i++) {
		if (!strcmp(all[i]->name, name))
			return (all[i]);
	}

	return (NULL);
}

char *
job_names(const struct job *const *jobs, size_t count)
{
	size_t			i;
	struct kore_buf		*buf = kore_buf_alloc(256);
	char			*names;

	for (i = 0; i < count; i++) {
		kore_buf_append(buf, i == 0 ? "[" : ",", 1);
		json_quote(buf, jobs[i]->name);
	}
	kore_buf_append(buf, "]", 1);
	names = strdup(kore_buf_stringify(buf, NULL));
	kore_buf_free(buf);

	return (names);
}

void
run_name_process(void)
{
	char	host[100];

	if (gethostname(host, sizeof(host)) == -1)
		snprintf(host, sizeof(host), "?");
	host[sizeof(host) - 1] = '\0';
	snprintf(process_name, sizeof(process_name), "%s/%d", host, (int)getpid());
}

const char *
run_process(void)
{
	return (process_name);
}

struct job_run *
run_make(const struct job *job, int64_t due, char *const *arguments)
{
	struct job_run		*run = kore_calloc(1, sizeof(*run));
	pthread_condattr_t	monotonic;

	run->job = job;
	run->due = due;
	run->arguments = arguments;
	run->db.canceled = job_canceled;
	run->db.ctx = run;
	run->detail = kore_buf_alloc(256);
	pthread_mutex_init(&run->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&run->turn, &monotonic);
	pthread_condattr_destroy(&monotonic);

	return (run);
}

void
run_free(struct job_run *run)
{
	pthread_cond_destroy(&run->turn);
	pthread_mutex_destroy(&run->lock);
	kore_buf_free(run->detail);
	kore_free(run);
}

void
run_stop(struct job_run *run)
{
	atomic_store(&run->stop, 1);
}

int
run_ended(const struct job_run *run)
{
	return (atomic_load(&run->ended));
}

/* Functions for job bodies. */

int
job_canceled(void *run)
{
	struct job_run	*r = run;

	return (atomic_load(&r->stop) || atomic_load(&r->lease_lost));
}

const char *
job_argument(const struct job_run *run, int n)
{
	int	i;

	for (i = 0; run->arguments != NULL && run->arguments[i] != NULL; i++) {
		if (i == n)
			return (run->arguments[i]);
	}

	return (NULL);
}

static void
detail_key(struct job_run *run, const char *key)
{
	kore_buf_append(run->detail, run->detail->offset == 0 ? "{" : ",", 1);
	json_quote(run->detail, key);
	kore_buf_append(run->detail, ":", 1);
}

void
job_count(struct job_run *run, const char *key, int64_t number)
{
	detail_key(run, key);
	kore_buf_appendf(run->detail, "%lld", (long long)number);
}

void
job_text(struct job_run *run, const char *key, const char *text)
{
	detail_key(run, key);
	json_quote(run->detail, text);
}

enum job_outcome
job_failed(struct job_run *run, const char *fmt, ...)
{
	va_list	args;
	size_t	len;

	va_start(args, fmt);
	vsnprintf(run->why, sizeof(run->why), fmt, args);
	va_end(args);
	len = strlen(run->why);
	if (run->db.error[0] != '\0')
		snprintf(run->why + len, sizeof(run->why) - len, ": %s", run->db.error);

	return (JOB_FAILED);
}

/*
 * Opens the run's connection, unless it is open, and begins a transaction. If the
 * connection was closed since the last transaction, opens it again: no statement
 * of this transaction has been sent yet.
 */
static int
transaction_open(struct job_run *run)
{
	int	kept = run->db.db != NULL;

	if (!pg_sync_open(&run->db, conf_str(CONF_DATABASE_URL), 0))
		return (0);
	if (!pg_sync_exec(&run->db, "BEGIN") && !(kept && pg_sync_disconnected(&run->db) &&
	    pg_sync_open(&run->db, conf_str(CONF_DATABASE_URL), 0) && pg_sync_exec(&run->db, "BEGIN")))
		return (0);
	atomic_store(&run->pid, run->db.pid);

	return (1);
}

/* Begins a transaction and locks the lease, so that no other process can take it before the end of the transaction. */
static int
work_begin(struct job_run *run)
{
	const char	*params[] = { run->job->name, run->fence };
	const PGresult	*held;

	run->db.error[0] = '\0';
	if (job_canceled(run) || !transaction_open(run)) {
		run->lost = 1;
		return (0);
	}
	if ((held = pg_sync_query(&run->db, "jobs/hold", 2, params)) == NULL)
		return (0);
	if (PQntuples(held) == 0)
		atomic_store(&run->lease_lost, 1);

	return (PQntuples(held) == 1);
}

static const PGresult *
work_end(struct job_run *run, int ok)
{
	PGresult	*rows = run->db.res;

	run->db.res = NULL;
	if (ok && pg_sync_exec(&run->db, "COMMIT")) {
		PQclear(run->db.res);
		run->db.res = rows;
		return (rows);
	}
	PQclear(rows);
	if (!pg_sync_disconnected(&run->db)) {
		/* A cancellation can meet COMMIT itself, which ends the transaction all the same. */
		if (PQtransactionStatus(run->db.db) != PQTRANS_IDLE)
			(void)pg_sync_exec(&run->db, "ROLLBACK");
	} else {
		atomic_store(&run->pid, 0);	/* PostgreSQL may reuse the process id */
		run->lost |= !run->db.stopped;
	}

	return (NULL);
}

const PGresult *
job_sql(struct job_run *run, const char *file, int nparams, const char *const *params)
{
	return (work_end(run, work_begin(run) && pg_sync_query(&run->db, file, nparams, params) != NULL));
}

int
job_each(struct job_run *run, const char *file, int nparams, const char *const *params, int (*row)(void *, const PGresult *), void *ctx)
{
	return (work_end(run, work_begin(run) && pg_sync_each(&run->db, file, nparams, params, row, ctx)) != NULL);
}

/* The work thread. */

/* Adds a column to the detail: booleans, numbers and JSON as JSON values, other types as strings. */
static void
detail_column(struct job_run *run, const PGresult *rows, int column)
{
	const char	*value = PQgetvalue(rows, 0, column);

	switch (PQftype(rows, column)) {
	case 16:	/* bool */
		detail_key(run, PQfname(rows, column));
		kore_buf_appendf(run->detail, "%s", *value == 't' ? "true" : "false");
		break;
	case 20: case 21: case 23: case 114: case 3802:		/* bigint, smallint, integer, json, jsonb */
	case 700: case 701: case 1700:				/* real, double precision, numeric */
		if (strpbrk(value, "NI") == NULL || PQftype(rows, column) == 114 || PQftype(rows, column) == 3802) {
			detail_key(run, PQfname(rows, column));
			kore_buf_append(run->detail, value, strlen(value));
			break;
		}
		/* FALLTHROUGH */
	default:
		job_text(run, PQfname(rows, column), value);
		break;
	}
}

static enum job_outcome
statement_run(struct job_run *run)
{
	const char	*params[JOB_PARAMS_MAX];
	const PGresult	*rows;
	int		i, failure;

	for (i = 0; i < run->job->nparams; i++)
		params[i] = conf_str(run->job->params[i]);
	if ((rows = job_sql(run, run->job->statement, run->job->nparams, params)) == NULL)
		return (job_failed(run, "the statement failed"));
	if (PQntuples(rows) == 0)
		return (JOB_OK);
	failure = PQfnumber(rows, "failed");
	for (i = 0; i < PQnfields(rows); i++) {
		if (i != failure && !PQgetisnull(rows, 0, i))
			detail_column(run, rows, i);
	}
	if (failure != -1 && !PQgetisnull(rows, 0, failure))
		return (job_failed(run, "%s", PQgetvalue(rows, 0, failure)));

	return (JOB_OK);
}

static void *
work(void *arg)
{
	struct job_run	*run = arg;

	run->outcome = run->job->statement != NULL ? statement_run(run) : run->job->body(run);
	pg_sync_close(&run->db);
	pthread_mutex_lock(&run->lock);
	run->done = 1;
	pthread_cond_signal(&run->turn);
	pthread_mutex_unlock(&run->lock);

	return (NULL);
}

/* The control thread. */

static int
control_open(struct job_run *run)
{
	return (pg_sync_open(&run->control, conf_str(CONF_DATABASE_URL), CONTROL_TIMEOUT_MS));
}

/* Claims the lease. Returns 1 on success, 0 if the job is running elsewhere or done, -1 on a database error. */
static int
claim(struct job_run *run)
{
	char		due[24];
	const char	*params[] = { run->job->name, process_name, conf_str(CONF_JOB_LEASE_MS), run->due > 0 ? due : NULL };
	const PGresult	*rows;

	snprintf(due, sizeof(due), "%lld", (long long)run->due);
	run->renewed = kore_time_ms();
	if (!control_open(run) || (rows = pg_sync_query(&run->control, "jobs/claim", 4, params)) == NULL)
		return (-1);
	if (PQntuples(rows) == 0)
		return (0);
	snprintf(run->fence, sizeof(run->fence), "%s", PQgetvalue(rows, 0, 0));
	run->started = run->renewed;

	return (1);
}

/* Renews the lease each third of its duration. If it expires without a renewal, counts it as lost: another process may have started. */
static void
lease_renew(struct job_run *run)
{
	const char	*params[] = { run->job->name, run->fence, conf_str(CONF_JOB_LEASE_MS) };
	const PGresult	*rows = NULL;
	u_int64_t	now = kore_time_ms(), lease = (u_int64_t)conf_int(CONF_JOB_LEASE_MS);

	if (now - run->renewed < lease / 3)
		return;
	if (control_open(run))
		rows = pg_sync_query(&run->control, "jobs/renew", 3, params);
	if (rows != NULL && PQntuples(rows) == 1)
		run->renewed = now;
	else if (rows != NULL || kore_time_ms() - run->renewed > lease)
		atomic_store(&run->lease_lost, 1);
}

/* Cancels the statement that the work thread is waiting for. Between two statements the thread checks job_canceled() itself. */
static void
work_cancel(struct job_run *run)
{
	char		pid[16];
	const char	*params[] = { pid };

	snprintf(pid, sizeof(pid), "%d", atomic_load(&run->pid));
	if (*pid != '0' && control_open(run))
		(void)pg_sync_query(&run->control, "jobs/cancel", 1, params);
}

static int
work_wait(struct job_run *run)
{
	struct timespec	until;
	int		done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += CONTROL_STEP_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&run->lock);
	if (!run->done)
		(void)pthread_cond_timedwait(&run->turn, &run->lock, &until);
	done = run->done;
	pthread_mutex_unlock(&run->lock);

	return (done);
}

static enum run_end
end_of(const struct job_run *run)
{
	if (run->outcome == JOB_OK && !atomic_load(&run->lease_lost))
		return (RUN_OK);
	if (atomic_load(&run->lease_lost))
		return (RUN_LOST);
	if (atomic_load(&run->stop))
		return (RUN_RETURNED);

	return (run->lost ? RUN_LOST : RUN_FAILED);
}

/* Records the outcome. Repeats on a database error, FINISH_TRIES times or until the run is stopped. */
static enum run_end
finish(struct job_run *run, enum run_end end)
{
	static const char	*outcomes[] = { [RUN_OK] = "ok", [RUN_FAILED] = "failed", [RUN_LOST] = "lost", [RUN_RETURNED] = "returned" };
	const char		*params[] = { run->job->name, run->fence, outcomes[end], kore_buf_stringify(run->detail, NULL) };
	const PGresult		*rows;
	struct timespec		pause = { .tv_nsec = CONTROL_STEP_MS * 1000000L };
	int			tries;

	for (tries = 0; tries < FINISH_TRIES && !(tries > 0 && atomic_load(&run->stop)); tries++) {
		if (control_open(run) && (rows = pg_sync_query(&run->control, "jobs/finish", 4, params)) != NULL)
			return (*PQgetvalue(rows, 0, 0) == 't' ? end : RUN_LOST);
		nanosleep(&pause, NULL);
	}

	return (RUN_LOST);
}

static void
run_log(const struct job_run *run, enum run_end end, const char *detail)
{
	static const struct { enum log_level level; const char *message; } lines[] = {
		[RUN_OK] = { LOG_LEVEL_INFO, "cron job done" }, [RUN_FAILED] = { LOG_LEVEL_ERROR, "cron job failed" },
		[RUN_LOST] = { LOG_LEVEL_WARN, "cron job lost" }, [RUN_RETURNED] = { LOG_LEVEL_WARN, "cron job returned" } };

	log_event(lines[end].level, lines[end].message, LOG_S("job", run->job->name), LOG_I("ms", (int64_t)(kore_time_ms() - run->started)),
	    LOG_I("late_s", run->due > 0 ? (int64_t)time(NULL) - run->due : INT64_MIN),
	    LOG_S("detail", *detail != '\0' ? detail : NULL), LOG_S("error", end != RUN_OK && run->why[0] != '\0' ? run->why : NULL));
}

static enum run_end
perform(struct job_run *run)
{
	enum run_end	end;

	if (!thread_begin(work, run)) {
		run->done = run->lost = 1;
		run->outcome = job_failed(run, "the thread cannot be started");
	}
	while (!work_wait(run)) {
		lease_renew(run);
		if (job_canceled(run))
			work_cancel(run);
	}
	if (run->why[0] != '\0')
		job_text(run, "error", run->why);
	if (run->detail->offset > 0)
		kore_buf_append(run->detail, "}", 1);
	else
		kore_buf_append(run->detail, "{}", 2);
	end = finish(run, end_of(run));
	if (end == RUN_OK || end == RUN_FAILED)
		counter_add(end == RUN_OK ? COUNTER_CRON_JOBS_OK : COUNTER_CRON_JOBS_FAILED, 1);
	run_log(run, end, kore_buf_stringify(run->detail, NULL));

	return (end);
}

enum run_end
run_perform(struct job_run *run)
{
	enum run_end	end;
	int		claimed = claim(run);

	if (claimed == -1)
		log_event(LOG_LEVEL_WARN, "cron job cannot be claimed", LOG_S("job", run->job->name), LOG_S("error", run->control.error));
	if (claimed == 1)
		end = perform(run);
	else
		end = claimed == 0 ? RUN_BUSY : RUN_LOST;
	pg_sync_close(&run->control);
	atomic_store(&run->ended, 1);

	return (end);
}
