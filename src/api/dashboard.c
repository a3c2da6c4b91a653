/*
 * Dashboard, error log and operations of the administrators
 * (docs/compatibility.md#dashboard, #logs, #operations).
 */
#include "http/route.h"

static const struct param	summary_query[] = {
	PARAM("days", PARAM_POSITIVE, .max = 90, .otherwise = "7"),
	PARAM("engagementHours", PARAM_POSITIVE, .max = 168, .otherwise = "24"),
	PARAM("activeMinutes", PARAM_POSITIVE, .max = 60, .otherwise = "1"),
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/dashboard/summary", "dashboard/summary", .guard = "dashboard:view", .strict = 1, .query = summary_query, .slow = 1);
ROUTE_SQL(GET, "/api/admin/logs", "errors/list", .guard = "ops:manage", .strict = 1);

static const struct param	operations_query[] = {
	PARAM("hours", PARAM_CHOICE, .choices = "1|24", .otherwise = "1", .refuse = 1),
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/operations", "ops/operations", .guard = "ops:manage", .strict = 1, .query = operations_query, .slow = 1);
