/*
 * How often something that is worth guessing at or flooding may be tried
 * (docs/compatibility.md#rate-limits): for each account and for each address of
 * a client. Counted in Valkey for all processes together, in each process by
 * itself while Valkey is away.
 *
 * Routes that must not answer 429 (media: the list and the progress of uploads,
 * events) have no limit.
 */
#ifndef WANZAMI_LIMIT_H
#define WANZAMI_LIMIT_H

#include "http/request.h"

/*
 * Counts an attempt at the limit of that name by who ("" for nobody in
 * particular) and goes on with next, or answers 429. One round trip to Valkey.
 * Nothing is called when the client has gone. Event loop only.
 */
void	limit_try(struct request *, const char *name, const char *who, void (*next)(struct request *));

/* The same for the limit of the request's route; who is the body's email. */
void	limit_route(struct request *, void (*next)(struct request *));

/* What succeeded was no attempt: takes back what limit_route counted. Event loop only. */
void	limit_forgive(struct request *);

#endif
