/*
 * Removes what waits in wanzami.object_trash from the object store.
 */
#ifndef WANZAMI_JOBS_TRASH_H
#define WANZAMI_JOBS_TRASH_H

/* Begins to look, every QUEUE_SWEEP_MS; needs pg_start() and a configured store. Once per process is enough. Event loop only. */
void	trash_start(void);

#endif
