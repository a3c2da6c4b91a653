/*
 * One run of a job (cron/cron_job.h): claimed, renewed while it goes on, and
 * written down.
 */
#ifndef WANZAMI_CRON_RUN_H
#define WANZAMI_CRON_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "cron/cron_job.h"

/* All jobs, by name; for the life of the process. Any thread. */
const struct job	*const *job_all(size_t *count);
const struct job	*job_find(const char *name);

/* Their names as a JSON array, as the statements want it; the caller frees it. */
char			*job_names(void);

enum run_end {
	RUN_OK,
	RUN_FAILED,		/* the job says so */
	RUN_BUSY,		/* somebody else is at it, or it has been done */
	RUN_LOST,		/* the database was away or somebody took over: nobody knows what became of it */
	RUN_RETURNED		/* told to end: somebody else will do it */
};

/* Names this process for others to read in the history; once, before run_perform, where the sandbox does not count yet. */
void	run_name_process(void);

/*
 * A run that is to be: of a job that was due at that Unix time, 0 by hand.
 * arguments (may be NULL) end with NULL and must outlive it.
 */
struct job_run	*run_make(const struct job *, int64_t due, char *const *arguments);
void		run_free(struct job_run *);

/* Claims, runs and writes down. Blocks for as long as it takes. Any thread but the event loop's; once for each run. */
enum run_end	run_perform(struct job_run *);

/* Asks a run to end soon: it gives its claim back. Any thread, also from a signal handler. */
void		run_stop(struct job_run *);

/* Whether run_perform is over. Any thread. */
int		run_over(const struct job_run *);

#endif
