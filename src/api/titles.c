/*
 * The public catalogue (docs/compatibility.md#catalogue). If a request for one
 * title has a token, the response contains the media that the user has bought
 * (docs/compatibility.md#ppv-gate).
 */
#include "base/conf.h"
#include "http/route.h"
#include "http/sql.h"

ROUTE_SQL(GET, "/api/titles", "titles/list", .asks_country = 1, .shared = 1);

static void
title_reply(struct request *r, const char *statement)
{
	guard_optional(r);
	request_param(r, "enforcement", conf_str(CONF_PPV_ENFORCEMENT));
	sql_reply(r, statement);
}

ROUTE(GET, "/api/titles/:id", title_detail, .asks_country = 1, .id = "title");

static void
title_detail(struct request *r)
{
	title_reply(r, "titles/detail");
}

ROUTE(GET, "/api/titles/:id/episodes", title_episodes, .asks_country = 1, .id = "title");

static void
title_episodes(struct request *r)
{
	title_reply(r, "titles/episodes");
}
