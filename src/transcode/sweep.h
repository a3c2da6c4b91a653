/*
 * Finds what was lost: jobs of workers that died, uploads that never became
 * jobs, wake-ups that nobody heard.
 */
#ifndef WANZAMI_SWEEP_H
#define WANZAMI_SWEEP_H

/* Begins to look, every QUEUE_SWEEP_MS; needs pg_start(). Once per process is enough, and more do no harm. Event loop only. */
void	sweep_start(void);

#endif
