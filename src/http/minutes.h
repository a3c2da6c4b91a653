/*
 * Figures of this process for each minute, for the console's operations page
 * (sql/query/ops/minute.sql): requests by route, times of the servers that this
 * process uses, speed of encoding, and memory. Event loop only, except minutes_init().
 */
#ifndef WANZAMI_MINUTES_H
#define WANZAMI_MINUTES_H

/*
 * Maps the shared memory. name is that of this process, host/pid, to which a random
 * part is added behind a "#"; owner is the lease owner of its transcode jobs, "" if
 * it has none, and is kept. Call once, in the parent, after metrics_init() and
 * before the workers are forked.
 */
void	minutes_init(const char *name, const char *owner);

/*
 * Starts to store a row each minute. While the database cannot be reached, the
 * rows of the last hour are kept and stored afterwards. Call in one worker, after
 * pg_start().
 */
void	minutes_start(void);

#endif
