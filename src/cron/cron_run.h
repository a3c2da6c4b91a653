/*
 * Execution of one run of a cron job (cron/cron_job.h): claims the job's lease,
 * renews it during the run and records the outcome.
 */
#ifndef WANZAMI_CRON_RUN_H
#define WANZAMI_CRON_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "cron/cron_job.h"

/* Returns all jobs sorted by name; valid until the process ends. First call from one thread only. */
const struct job	*const *job_all(size_t *count);
/* Returns the job with this name, NULL if there is none. */
const struct job	*job_find(const char *name);

/* Returns the names of jobs as a JSON array, a parameter of sql/query/jobs; the caller frees it. */
char			*job_names(const struct job *const *, size_t count);

enum run_end {
	RUN_OK,
	RUN_FAILED,		/* the job has failed; the reason is recorded */
	RUN_BUSY,		/* another process runs it or has already run it */
	RUN_LOST,		/* the database connection or the lease was lost; the outcome is unknown */
	RUN_RETURNED		/* stopped before its end; another process runs it */
};

/* Sets the process name in the history, HOST/PID. Call once, before run_perform() and before the sandbox is entered. */
void	run_name_process(void);

/* Returns the name of this process, host/pid, after run_name_process(). Any thread. */
const char	*run_process(void);

/*
 * Allocates a run. due is the scheduled Unix time in seconds, 0 for a run by hand.
 * arguments (may be NULL) end with NULL and must outlive the run.
 */
struct job_run	*run_make(const struct job *, int64_t due, char *const *arguments);
void		run_free(struct job_run *);

/* Claims the lease, runs the job and records the outcome. Blocks until the end. Any thread except the event loop; once per run. */
enum run_end	run_perform(struct job_run *);

/* Requests that a run ends soon and releases its lease. Any thread, also in a signal handler. */
void		run_stop(struct job_run *);

/* Returns 1 if run_perform() has ended. Any thread. */
int		run_ended(const struct job_run *);

#endif
