/*
 * What a new session of a user on a device consists of: the two tokens and
 * what is kept of them (docs/compatibility.md#tokens, #sessions).
 */
#ifndef WANZAMI_SESSION_H
#define WANZAMI_SESSION_H

#include <stdint.h>

#include "http/request.h"
#include "store/pg.h"

/* Who signs in; all NULL for nobody. permissions is a JSON array. The text belongs to the request. */
struct session_user {
	const char	*id, *email, *role, *permissions;
};

/* Who is in the columns of these names of row 0. Event loop only. */
void	session_user(struct request *, const PGresult *, struct session_user *);

/*
 * Makes the tokens and tells statements of them: accessToken, refreshToken,
 * refreshDigest, refreshSeconds, newDeviceId, and deviceLimit. device NULL is
 * a new one. Event loop only.
 */
void	session_params(struct request *, const struct session_user *, const char *device, int64_t access_seconds, int64_t refresh_seconds);

#endif
