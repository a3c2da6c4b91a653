/*
 * Popular titles and recommendations
 * (docs/compatibility.md#popularity, #recommendations).
 */
#include "base/conf.h"
#include "base/log.h"
#include "http/response_cache.h"
#include "http/route.h"
#include "http/sql.h"

/* Adds the settings that all lists of recommendations use. */
static void
settings_params(struct request *r)
{
	request_param(r, "cacheSec", conf_str(CONF_REC_CACHE_SEC));
	request_param(r, "kidRatings", conf_str(CONF_KID_RATINGS));
}

static const struct param	popularity_query[] = {
	PARAM("country", PARAM_TEXT, .first = 1, .otherwise = "UNKNOWN"),
	PARAM("type", PARAM_CHOICE, .first = 1, .choices = "MOVIE|SERIES", .otherwise = "MOVIE"),
	PARAM("window", PARAM_CHOICE, .first = 1, .choices = "DAILY|TRENDING", .otherwise = "DAILY"),
	PARAM_END
};

#define PROFILE	PARAM("profileId", PARAM_ID, .first = 1, .refuse = 1)

static const struct param	profile_query[] = {
	PROFILE,
	PARAM_END
};

static const struct param	watched_query[] = {
	PROFILE,
	PARAM("seed", PARAM_UNUSED),
	PARAM("limit", PARAM_UNUSED),
	PARAM_END
};

ROUTE(GET, "/api/popularity", recs_popularity, .query = popularity_query);

static void
recs_popularity(struct request *r)
{
	request_param(r, "cacheSec", conf_str(CONF_POPULARITY_CACHE_SEC));
	response_cache_reply(r, "recs/popularity", (int)conf_int(CONF_POPULARITY_CACHE_SEC));
}

ROUTE(GET, "/api/recs/continue-watching", recs_continue_watching, .guard = GUARD_USER, .query = profile_query);

static void
recs_continue_watching(struct request *r)
{
	settings_params(r);
	request_param(r, "hideFinished", conf_int(CONF_CONTINUE_HIDE_FINISHED) ? "1" : "0");
	sql_reply(r, "recs/continue-watching");
}

ROUTE(GET, "/api/recs/because-you-watched", recs_because_you_watched, .guard = GUARD_USER, .query = watched_query);

static void
recs_because_you_watched(struct request *r)
{
	settings_params(r);
	sql_reply(r, "recs/because-you-watched");
}

static void
impression_stored(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	if (outcome->error != NULL)
		log_event(LOG_LEVEL_WARN, "cannot store an impression event", LOG_S("error", outcome->error));
}

/* Sends the response, then stores the impression event. A failure of the latter is only logged (docs/compatibility.md#impression). */
static void
for_you_found(struct request *r, const PGresult *res)
{
	const char	*impression = sql_text(res, "impression");

	http_response_header(r->kore, "x-experiment", sql_text(res, "experiment"));
	http_response_header(r->kore, "x-variant", sql_text(res, "variant"));
	sql_answer(r, res);
	pg_query("recs/impression", 1, &impression, impression_stored, NULL);
}

ROUTE(GET, "/api/recs/for-you", recs_for_you, .guard = GUARD_USER, .query = profile_query);

static void
recs_for_you(struct request *r)
{
	settings_params(r);
	sql_query(r, "recs/for-you", for_you_found);
}
