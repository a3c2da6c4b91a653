/*
 * The audit log, by what it is about: a title or a person
 * (docs/compatibility.md#audit-lists).
 */
#include "http/route.h"

static const struct param	list_query[] = {
	PARAMS_PAGE,
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/titles/:id/audit", "audit/title", .guard = "movies:manage", .strict = 1, .query = list_query, .id = "title");
ROUTE_SQL(GET, "/api/admin/users/:id/audit", "audit/user", .guard = "admin:users:manage", .query = list_query, .id = "user");
