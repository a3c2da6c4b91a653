/*
 * Profiles and devices of an account
 * (docs/compatibility.md#profiles-and-devices).
 */
#include "base/conf.h"
#include "http/route.h"
#include "http/sql.h"

#define PROFILE_FIELDS(name_required)						\
	FIELD("name", FIELD_STRING, .required = (name_required), .min = 1, .max = 64),	\
	FIELD("avatarUrl", FIELD_UNION, .max = 512),				\
	FIELD("kidMode", FIELD_BOOLEAN),						\
	FIELD("language", FIELD_STRING, .min = 2, .max = 8),			\
	FIELD("autoplay", FIELD_BOOLEAN),						\
	FIELD("country", FIELD_STRING, .min = 2, .max = 32),			\
	FIELD("birthYear", FIELD_INTEGER, .min = 1900, .max = FIELD_THIS_YEAR),	\
	FIELD("preferences", FIELD_OBJECT),					\
	FIELD_END

static const struct field	create_fields[] = { PROFILE_FIELDS(1) };
static const struct field	update_fields[] = { PROFILE_FIELDS(0) };

static const struct field	device_fields[] = {
	FIELD("profileId", FIELD_ID, .required = 1),
	FIELD_END
};

ROUTE_SQL(GET, "/api/user/profiles", "profiles/list", .guard = GUARD_USER);
ROUTE_SQL(POST, "/api/user/profiles", "profiles/create", .guard = GUARD_USER, .fields = create_fields);
ROUTE_SQL(PATCH, "/api/user/profiles/:id", "profiles/update", .guard = GUARD_USER, .id = "profile", .fields = update_fields);
ROUTE_SQL(DELETE, "/api/user/profiles/:id", "profiles/delete", .guard = GUARD_USER, .id = "profile");
ROUTE_SQL(GET, "/api/user/devices", "devices/list", .guard = GUARD_USER);

ROUTE(POST, "/api/user/devices/:deviceId/profile", device_profile, .guard = GUARD_USER, .fields = device_fields);

static void
device_profile(struct request *r)
{
	request_param(r, "deviceLimit", conf_str(CONF_DEVICE_LIMIT));
	sql_reply(r, "devices/profile");
}
