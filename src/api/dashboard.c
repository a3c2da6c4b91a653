/*
 * Dashboard and error log of the administrators
 * (docs/compatibility.md#dashboard, #logs).
 */
#include "http/route.h"

ROUTE_SQL(GET, "/api/admin/dashboard/summary", "dashboard/summary", .guard = "dashboard:view", .strict = 1, .slow = 1);
ROUTE_SQL(GET, "/api/admin/logs", "errors/list", .guard = "ops:manage", .strict = 1);
