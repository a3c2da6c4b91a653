/*
 * Who may use a route. The token is checked here; that its user, session and
 * role still stand is checked by sql/query/guard.sql, which runs in front of
 * the route's own statement in the same transaction and the same round trip
 * (docs/compatibility.md#authorization).
 */
#ifndef WANZAMI_GUARD_H
#define WANZAMI_GUARD_H

#include <stddef.h>

#define GUARD_USER	"user"		/* anybody signed in */
#define GUARD_ADMIN	"admin"		/* any administrator; a permission ("movies:manage") implies it */
#define GUARD_SUPER	"SUPER_ADMIN"	/* that role and no other */

struct request;
struct route;

/* Reads the bearer token; answers 401 and returns 0 without a good one. Event loop only. */
int	guard_token(struct request *);

/* Whether the head of a request, as it came, has a good one. Event loop only. */
int	guard_head(const char *head, size_t len);

/* Reads it where one may be left out: whose it is if it is good, else nobody's. Event loop only. */
void	guard_maybe(struct request *);

/* What the route asks for under the configuration: GUARD_* or a permission; NULL for nothing. */
const char	*guard_need(const struct route *);

#endif
