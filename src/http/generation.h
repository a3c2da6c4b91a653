/*
 * Generations of the public catalogue. Each change of it in the database, by
 * whatever program, begins another one (wanzami.catalogue_change). Responses
 * made in a generation are current as long as it lasts. Event loop only.
 */
#ifndef WANZAMI_GENERATION_H
#define WANZAMI_GENERATION_H

#include <kore/kore.h>

#include "store/pg.h"

#define GENERATION_NONE		0	/* nothing is known */
#define GENERATION_STALE_MS	100	/* a change is seen by all within this time */

typedef void	(*generation_done)(void *arg, const struct pg_outcome *);

/*
 * Asks the database, after this call, which generation it has. All calls of one
 * turn of the event loop share a statement. done gets the outcome; afterwards
 * generation_now() is the answer, or GENERATION_NONE after an error.
 */
void	generation_ask(generation_done done, void *arg);

/* Asks as generation_ask() does, for nobody in particular, unless a statement is under way. */
void	generation_refresh(void);

/* Returns the generation of the last answer: a number that grows. */
unsigned long	generation_now(void);

/*
 * Returns the time in ms of kore_time_ms() at which the database is known to
 * have had a generation at last; 0 if it is not known, or if a worker of this
 * process has changed something since.
 */
u_int64_t	generation_seen(unsigned long);

/*
 * Counts a request for something of a generation. Returns 1 if it may be used without asking: the worker has many requests, and the generation
 * was the present one a short time ago. Asks then on the worker's account, when it is time.
 */
int	generation_trusted(unsigned long);

#endif
