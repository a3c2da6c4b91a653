/*
 * Stores similar titles, for both kinds of similarity
 * (docs/compatibility.md#similarities-job). Work thread of a job only.
 */
#ifndef WANZAMI_SIMILARITY_STORE_H
#define WANZAMI_SIMILARITY_STORE_H

#include <kore/kore.h>

#include "cron/cron_job.h"

#define SIMILARS_MAX	200	/* maximum of SIMILARITY_MAX_SIMILARS */
#define STORE_EVERY	100	/* titles per transaction */

/*
 * Runs a statement with a JSON array that lacks its "]", or is empty, and the
 * rationale of the similarity, and empties the list. Returns 0 if the statement
 * failed.
 */
int	similarity_store(struct job_run *, const char *statement, struct kore_buf *list, const char *rationale);

#endif
