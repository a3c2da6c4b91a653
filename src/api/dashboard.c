/*
 * What administrators look at: the numbers of the service and the errors that
 * clients saw (docs/compatibility.md#dashboard, #logs).
 */
#include "http/route.h"

ROUTE_SQL(GET, "/api/admin/dashboard/summary", "dashboard/summary", .guard = "dashboard:view", .strict = 1, .slow = 1);
ROUTE_SQL(GET, "/api/admin/logs", "errors/list", .guard = "ops:manage", .strict = 1);
