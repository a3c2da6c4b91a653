/*
 * Creation of a session: its access token, its refresh token and the
 * parameters of the statement that stores it (docs/compatibility.md#tokens,
 * #sessions). Event loop only.
 */
#ifndef WANZAMI_SESSION_H
#define WANZAMI_SESSION_H

#include <stdint.h>

#include "http/request.h"
#include "store/pg.h"

/* The user who signs in; all members are NULL if no account was found. permissions is a JSON array. Owned by the request. */
struct session_user {
	const char	*id, *email, *role, *permissions;
};

/* Copies the columns id, email, role and permissions of row 0. */
void	session_user(struct request *, const PGresult *, struct session_user *);

/*
 * Creates the two tokens and adds to $1: accessToken, refreshToken,
 * refreshDigest, refreshSeconds, newDeviceId, deviceLimit. If device is NULL,
 * a device id is generated. Lifetimes are in seconds.
 */
void	session_params(struct request *, const struct session_user *, const char *device, int64_t access_seconds, int64_t refresh_seconds);

#endif
