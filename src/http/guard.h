/*
 * Authentication of requests. This module verifies the access token.
 * sql/query/guard.sql then checks that user, session and permission still
 * exist; it runs before the route's statement, in the same transaction and the
 * same round trip (docs/compatibility.md#authorization). Event loop only.
 */
#ifndef WANZAMI_GUARD_H
#define WANZAMI_GUARD_H

#include <stddef.h>

#define GUARD_USER	"user"		/* any user who has signed in */
#define GUARD_ADMIN	"admin"		/* any administrator; a permission such as "movies:manage" implies it */
#define GUARD_SUPER	"SUPER_ADMIN"	/* only this role */

struct request;
struct route;

/* Verifies the bearer token and sets user_id and device_id of the request. Answers 401 and returns 0 if the token is missing or invalid. */
int	guard_token(struct request *);

/* Returns 1 if the request header, len bytes as received, has a valid bearer token. */
int	guard_head(const char *head, size_t len);

/* Verifies an optional bearer token. If it is missing or invalid, user_id stays NULL. */
void	guard_optional(struct request *);

/* Returns the guard of the route under ADMIN_PERMISSIONS: GUARD_* or a permission; NULL for a public route. */
const char	*guard_need(const struct route *);

#endif
