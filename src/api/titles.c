/*
 * The public catalogue (contract media §4).
 */
#include "http/route.h"

ROUTE_SQL(GET, "/api/titles", "titles/list", .shared = 1);
ROUTE_SQL(GET, "/api/titles/:id", "titles/detail", .id = "title");
ROUTE_SQL(GET, "/api/titles/:id/episodes", "titles/episodes", .id = "title");
