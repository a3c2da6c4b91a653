/*
 * Rate limits: attempts per account and per network of the client, an IPv4
 * address or the /64 of an IPv6 address (docs/compatibility.md#rate-limits,
 * docs/limits.md). The counters are in
 * Valkey, shared by all processes. While Valkey is unreachable, each worker
 * counts for itself. Event loop only.
 *
 * Routes that must not answer 429 have no limit: the list and the progress of
 * uploads, and events.
 */
#ifndef WANZAMI_LIMIT_H
#define WANZAMI_LIMIT_H

#include <stdio.h>

#include "http/request.h"

#define LIMIT_KEY_MAX	144

/*
 * Counts an attempt under the named limit and calls next, or answers 429 if
 * the limit is exceeded. account is an e-mail address or a user id; with NULL
 * or "" only the network is counted, except under "ticket", which counts them
 * like an account. Under "login", attempts on an account from networks that it
 * has not signed in from are delayed, and refused above a high number a day.
 * Takes one or two round trips to Valkey. If the client disconnects meanwhile,
 * next is not called.
 */
void	limit_try(struct request *, const char *name, const char *account, void (*next)(struct request *));

/* Calls limit_try() with the limit of the request's route and the field "email" of the body. */
void	limit_route(struct request *, void (*next)(struct request *));

/* Subtracts the attempt that limit_route() has counted, after the attempt has succeeded. */
void	limit_undo(struct request *);

/* Remembers for 90 days that the owner of the account uses the client's network. Call it after a proof only, such as the right password. */
void	limit_remember(struct request *, const char *account);

/* Writes the pattern (SCAN) of the keys that count attempts on an account. Any thread. */
void	limit_keys(const char *account, char out[LIMIT_KEY_MAX]);

/* Prints all limits as JSON, for the command `wanzami docs limits`. */
void	limit_print(FILE *);

#endif
