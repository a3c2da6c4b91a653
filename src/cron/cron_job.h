/*
 * Declaration of cron jobs: scheduled work. A job is declared beside its code;
 * the declarations are collected in a linker section. The cron role runs a
 * declared job when it is due, `wanzami job run NAME` runs it by hand, `wanzami
 * job list` lists it.
 *
 * Most jobs are one file in sql/query, run as one transaction. Its parameters
 * $1, $2, … are the values of the listed variables. Its last command returns
 * at most one row; the columns become the detail of the run in the log and the
 * history. If a column "failed" is not NULL, the run has failed and the text of
 * the column is the reason.
 *
 *	JOB_SQL("preferences", CONF_PREFERENCES_CRON, "recs/compute-preferences",
 *	    "Computes the preferred genres of each profile.", CONF_PREF_WINDOW_DAYS);
 *
 * Other jobs are a function. It is called on its own thread and may block:
 *
 *	JOB("payments", CONF_PAYMENTS_CRON, payments, "Checks open purchases …");
 *
 *	static enum job_outcome
 *	payments(struct job_run *run)
 *	{
 *		if (job_sql(run, "ppv/clean", 0, NULL) == NULL)
 *			return (job_failed(run, "old grants cannot be deleted"));
 *		return (JOB_OK);
 *	}
 *
 * The schedule of a job is in the variable NAME_CRON, in capitals, with "_" for
 * "-": a row of type CONF_CRON in base/conf_vars.h with an expression of
 * base/cron_expr.h.
 *
 * One process at a time runs a job. It can be killed at any time; the job is
 * then run again. Therefore each step of a job is a transaction or can be
 * repeated without harm. A job calls job_canceled() at least once a second.
 */
#ifndef WANZAMI_CRON_JOB_H
#define WANZAMI_CRON_JOB_H

#include <stddef.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/conf.h"

#define JOB_PARAMS_MAX	8

enum job_outcome { JOB_OK, JOB_FAILED };

/* A run of a job. Only the thread that calls the body may use it. */
struct job_run;

struct job {
	const char		*name;
	enum conf_id		cron;		/* variable with the schedule */
	const char		*help;		/* one sentence for `wanzami job list` */
	/* Exactly one of body and statement is set. */
	enum job_outcome	(*body)(struct job_run *);
	const char		*statement;
	enum conf_id		params[JOB_PARAMS_MAX];
	int			nparams;
	int			standby;	/* 1: processes without the cron role run the job, too, if no cron task does (cron/schedule.h) */
	const char		*arguments;	/* arguments of `wanzami job run NAME`, for the help; NULL: none allowed */
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
	JOB_DECLARE(.name = n, .cron = c, .help = h, .body = fn, ##__VA_ARGS__)

/*
 * Runs the commands of sql/query/<file>.sql as one transaction on the run's
 * connection, without a timeout. The transaction fails if the run has lost its
 * lease to another process. Returns the rows of the last command, valid until
 * the next call, or NULL on error; job_failed() then appends the error message of
 * the database. nparams is at least the number of parameters in the file.
 */
const PGresult	*job_sql(struct job_run *, const char *file, int nparams, const char *const *params);

/*
 * Runs a file as job_sql() does, for more rows than fit in memory: calls row()
 * with a result of one row for each, until it returns 0. Returns 0 on error or if
 * row() has returned 0.
 */
int		job_each(struct job_run *, const char *file, int nparams, const char *const *params,
		    int (*row)(void *ctx, const PGresult *), void *ctx);

/*
 * Returns 1 if the run has to end as soon as possible; the outcome it returns is
 * then ignored. Takes the run as void * to be a callback of objects_call and fetch.
 */
int		job_canceled(void *run);

/* Returns argument n (from 0) of `wanzami job run NAME`, NULL if there is none, as always in the cron role. */
const char	*job_argument(const struct job_run *, int n);

/* Add a field to the detail of the run in log and history. */
void		job_count(struct job_run *, const char *key, int64_t number);
void		job_text(struct job_run *, const char *key, const char *text);

/* Sets the reason of a failed run, a message for people, and returns JOB_FAILED. */
enum job_outcome	job_failed(struct job_run *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
