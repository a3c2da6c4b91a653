/*
 * Jobs: work that is done at times of the clock and that nobody waits for. A
 * job is declared where it is written; the declarations are collected from a
 * linker section. Declaring it is all: the cron role runs it when it is due,
 * `wanzami job run NAME` runs it by hand, `wanzami job list` shows it.
 *
 * Most are a file of SQL, run as one transaction. Its parameters $1, $2, … are
 * the values of the variables listed behind it; of what its last statement
 * returns (at most one row) the columns are what the log and the history tell
 * about the run. A column "failed" that is not NULL makes it a failure, and
 * its text is the reason.
 *
 *	JOB_SQL("preferences", CONF_PREFERENCES_CRON, "recs/preferences",
 *	    "Finds the genres that each profile likes.", CONF_PREF_WINDOW_DAYS);
 *
 * Others are a function, called on a thread of its own, so that it may block:
 *
 *	JOB("event-export", CONF_EVENT_EXPORT_CRON, event_export,
 *	    "Writes the events of a day to the object store.", .arguments = "[DAYS]")
 *	{
 *		const PGresult	*rows;
 *
 *		if ((rows = job_sql(run, "events/export", 1, params)) == NULL)
 *			return (job_failed(run, "the events cannot be read"));
 *		job_count(run, "events", PQntuples(rows));
 *		return (JOB_OK);
 *	}
 *
 * The variable of a job is called NAME_CRON, in capitals, "_" for "-"; it is a
 * row of type CONF_CRON in base/conf.c and holds an expression of base/cron_expr.h.
 *
 * A job is run by one process at a time, however many there are. It may be
 * killed at any moment and is then run again, or run twice in a row: what it
 * does is done in steps that are whole by themselves and harmless when they
 * are repeated. It should ask job_canceled() at least once a second.
 */
#ifndef WANZAMI_CRON_JOB_H
#define WANZAMI_CRON_JOB_H

#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/conf.h"

#define JOB_PARAMS_MAX	8

enum job_outcome { JOB_OK, JOB_FAILED };

/* One run of a job; the thread's that it is run on. */
struct job_run;

struct job {
	const char		*name;
	enum conf_id		cron;		/* the variable that says when */
	const char		*help;		/* what it does, in one sentence */
	/* Exactly one of the two. */
	enum job_outcome	(*body)(struct job_run *);
	const char		*statement;
	enum conf_id		params[JOB_PARAMS_MAX];
	int			nparams;
	const char		*arguments;	/* what `wanzami job run NAME` may have behind it, for people; NULL: nothing */
};

#define JOB_PASTE_(a, b)	a##b
#define JOB_PASTE(a, b)		JOB_PASTE_(a, b)
#define JOB_ENTRY(n, ...)						\
	static const struct job JOB_PASTE(job_, n) = { __VA_ARGS__ };	\
	static const struct job *const JOB_PASTE(job_entry_, n)		\
	    __attribute__((used, section("jobs"))) = &JOB_PASTE(job_, n)
#define JOB_DECLARE(...)	JOB_ENTRY(__COUNTER__, __VA_ARGS__)

#define JOB_SQL(n, c, s, h, ...)					\
	JOB_DECLARE(.name = n, .cron = c, .help = h, .statement = s,	\
	    .params = { __VA_ARGS__ },					\
	    .nparams = sizeof((const enum conf_id[]){ __VA_ARGS__ }) / sizeof(enum conf_id))
#define JOB(n, c, fn, h, ...)						\
	static enum job_outcome	fn(struct job_run *);			\
	JOB_DECLARE(.name = n, .cron = c, .help = h, .body = fn, ##__VA_ARGS__); \
	static enum job_outcome						\
	fn(struct job_run *run)

/*
 * Runs the statements of sql/query/<file>.sql as one transaction over the
 * run's own connection, without a limit of time. What they write is undone if
 * the run has lost its claim to another process. The rows of the last
 * statement are valid until the next call. NULL when it failed; job_failed()
 * then adds the database's words by itself. A file may not have more
 * parameters than are given.
 */
const PGresult	*job_sql(struct job_run *, const char *file, int nparams, const char *const *params);

/* The same for more rows than fit in memory: row is called with each, as a result of one row, until it returns 0. Returns 0 when it failed or was stopped. */
int		job_each(struct job_run *, const char *file, int nparams, const char *const *params,
		    int (*row)(void *ctx, const PGresult *), void *ctx);

/* Whether the run should end as soon as it can; what it returns does not matter then. Takes the run as void *, as objects_call and fetch want it. */
int		job_canceled(void *run);

/* What stood behind the name on the command line, from 0; NULL where there is nothing, as in the cron role. */
const char	*job_argument(const struct job_run *, int n);

/* Adds to what log and history tell about the run. */
void		job_count(struct job_run *, const char *key, int64_t number);
void		job_tell(struct job_run *, const char *key, const char *text);

/* Notes why the run failed, in a sentence for people, and returns JOB_FAILED. */
enum job_outcome	job_failed(struct job_run *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
