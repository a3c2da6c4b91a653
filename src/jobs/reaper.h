/*
 * Gives up uploads that nobody has gone on with for a week.
 */
#ifndef WANZAMI_JOBS_REAPER_H
#define WANZAMI_JOBS_REAPER_H

/* Looks at once and then every hour; needs pg_start(). For the cron role; more than one do no harm. Event loop only. */
void	reaper_start(void);

#endif
