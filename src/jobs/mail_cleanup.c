/*
 * Upkeep of the outbox (docs/mail.md), in batches, each a transaction: the senders
 * wait for the row of the relay while a batch is given up.
 */
#include <stdlib.h>

#include "cron/cron_job.h"

#define BATCH		500
#define BATCH_TEXT	"500"

/* Repeats a statement until a batch is not full, and counts its mails under the key. Returns 0 on error. */
static int
batches_run(struct job_run *run, const char *file, const char *key)
{
	const char	*params[] = { conf_str(CONF_MAIL_KEEP_HOURS), BATCH_TEXT };
	const PGresult	*rows;
	int64_t		mails = 0, n = BATCH;

	while (n == BATCH && !job_canceled(run)) {
		if ((rows = job_sql(run, file, 2, params)) == NULL)
			return (0);
		mails += n = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
	}
	job_count(run, key, mails);

	return (1);
}

JOB("mail-cleanup", CONF_MAIL_CLEANUP_CRON, mail_cleanup,
    "Gives up mail that could not be sent for MAIL_KEEP_HOURS; deletes the results of mail after 90 days.");

static enum job_outcome
mail_cleanup(struct job_run *run)
{
	if (!batches_run(run, "mail/clean", "given_up") || !batches_run(run, "mail/forget", "forgotten"))
		return (job_failed(run, "mail cannot be cleaned up"));

	return (JOB_OK);
}
