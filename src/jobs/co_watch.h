/*
 * Co-watch similarity (docs/compatibility.md#similarities-job): two titles are
 * similar if the same profiles have watched both.
 */
#ifndef WANZAMI_CO_WATCH_H
#define WANZAMI_CO_WATCH_H

#include "cron/cron_job.h"

/*
 * Brings wanzami.basket up to date, counts the profiles that have watched two
 * titles, and replaces the co-watch rows of "TitleSimilarity". Adds the counts
 * "sources" and "pairs" to the detail of the run. Memory grows with the number of
 * titles in the baskets, 8 bytes for each. Work thread of a job only.
 */
enum job_outcome	co_watch_compute(struct job_run *);

#endif
