/*
 * Tokens of a session.
 */
#include <stdlib.h>

#include "base/conf.h"
#include "base/random.h"
#include "http/session.h"
#include "http/sql.h"
#include "http/token.h"

void
session_user(struct request *r, const PGresult *res, struct session_user *user)
{
	user->id = sql_copy(r, res, "id");
	user->email = sql_copy(r, res, "email");
	user->role = sql_copy(r, res, "role");
	user->permissions = sql_copy(r, res, "permissions");
}

void
session_params(struct request *r, const struct session_user *user, const char *device, int64_t access_seconds, int64_t refresh_seconds)
{
	char	*access, *refresh, digest[TOKEN_DIGEST_MAX], uuid[RANDOM_UUID_MAX];

	if (device == NULL) {
		random_uuid(uuid);
		device = uuid;
	}
	refresh = token_refresh(user->id, device, refresh_seconds);
	token_digest(refresh, digest);
	access = token_access(user->id, user->email, user->role, user->permissions, device, digest, access_seconds);
	request_param(r, "newDeviceId", device);
	request_param(r, "accessToken", access);
	request_param(r, "refreshToken", refresh);
	request_param(r, "refreshDigest", digest);
	request_param(r, "refreshSeconds", request_format(r, "%lld", (long long)refresh_seconds));
	request_param(r, "deviceLimit", conf_str(CONF_DEVICE_LIMIT));
	free(access);
	free(refresh);
}
