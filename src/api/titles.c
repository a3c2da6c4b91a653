/*
 * The public catalogue (docs/compatibility.md#catalogue). If a request for one
 * title has a token, the response contains the media that the user has bought
 * (docs/compatibility.md#ppv-gate). Browsers of Apple get HLS
 * (docs/playback.md#hls-in-the-apps).
 */
#include <string.h>

#include "base/conf.h"
#include "http/browser.h"
#include "http/response_cache.h"
#include "http/route.h"

static const struct param	list_query[] = {
	PARAMS_AUDIENCE,
	PARAMS_PAGE,
	PARAM("q", PARAM_TEXT),
	PARAM_END
};

static const struct param	audience_query[] = {
	PARAMS_AUDIENCE,
	PARAM_END
};

ROUTE_SQL(GET, "/api/titles", "titles/list", .query = list_query, .shared = 1);

static void
title_reply(struct request *r, const char *statement)
{
	guard_optional(r);
	request_param(r, "enforcement", conf_str(CONF_PPV_ENFORCEMENT));
	if (strcmp(conf_str(CONF_PLAYBACK_APP_HLS), "off") != 0) {
		r->vary = ", User-Agent";
		request_param(r, "appHls", browser_plays_hls(r) ? "1" : NULL);
	}
	response_cache_reply(r, statement, RESPONSE_CACHE_SEC);
}

ROUTE(GET, "/api/titles/:id", title_detail, .query = audience_query, .id = "title");

static void
title_detail(struct request *r)
{
	title_reply(r, "titles/detail");
}

ROUTE(GET, "/api/titles/:id/episodes", title_episodes, .query = audience_query, .id = "title");

static void
title_episodes(struct request *r)
{
	title_reply(r, "titles/episodes");
}
