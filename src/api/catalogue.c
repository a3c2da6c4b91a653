/*
 * Editing of titles, seasons and episodes
 * (docs/compatibility.md#editing-titles-seasons-and-episodes). The statements
 * check the bodies (docs/compatibility.md#loose-fields).
 */
#include "base/conf.h"
#include "http/route.h"
#include "http/sql.h"

#define EDITORS	.guard = "movies:manage", .strict = 1
#define READERS	.guard = "movies:view", .strict = 1

static const struct param	list_query[] = {
	PARAMS_PAGE,
	PARAM("q", PARAM_TEXT),
	PARAMS_TITLES,
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/titles", "catalogue/list", READERS, .query = list_query, .slow = 1, .pages = 1);
ROUTE_SQL(POST, "/api/admin/titles", "catalogue/create", EDITORS);
ROUTE(POST, "/api/admin/titles/purge", titles_purge, .guard = GUARD_SUPER, .slow = 1);

static void
titles_purge(struct request *r)
{
	request_param(r, "bucket", conf_str(CONF_S3_BUCKET));
	sql_reply(r, "catalogue/purge");
}

ROUTE_SQL(GET, "/api/admin/titles/:id", "catalogue/detail", READERS, .id = "title");
ROUTE_SQL(PATCH, "/api/admin/titles/:id", "catalogue/update", EDITORS, .id = "title");
ROUTE_SQL(DELETE, "/api/admin/titles/:id", "catalogue/delete", EDITORS, .id = "title");
ROUTE_SQL(POST, "/api/admin/titles/:id/publish", "catalogue/publish", EDITORS, .id = "title");
ROUTE_SQL(GET, "/api/admin/titles/:id/episodes", "catalogue/episodes", READERS, .id = "title");
ROUTE_SQL(POST, "/api/admin/titles/:id/episodes", "catalogue/episode-create", EDITORS, .id = "title");
ROUTE_SQL(GET, "/api/admin/titles/:id/seasons", "catalogue/seasons", READERS, .id = "title");
ROUTE_SQL(POST, "/api/admin/titles/:id/seasons", "catalogue/seasons-upsert", EDITORS, .id = "title");
ROUTE_SQL(PATCH, "/api/admin/episodes/:id", "catalogue/episode-update", EDITORS, .id = "episode");
ROUTE_SQL(DELETE, "/api/admin/episodes/:id", "catalogue/episode-delete", EDITORS, .id = "episode");
ROUTE_SQL(PATCH, "/api/admin/seasons/:id", "catalogue/season-update", EDITORS, .id = "season");
ROUTE_SQL(DELETE, "/api/admin/seasons/:id", "catalogue/season-delete", EDITORS, .id = "season");
