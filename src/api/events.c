/*
 * Events that players and pages report, and their summary
 * (docs/compatibility.md#events).
 */
#include "http/batch.h"
#include "http/route.h"
#include "http/sql.h"

static const char *
header(struct request *r, const char *name)
{
	const char	*value;

	return (http_request_header(r->kore, name, &value) ? value : NULL);
}

static struct batch	ingest = BATCH("events/ingest");

ROUTE(POST, "/api/events", events_ingest, .guard = GUARD_USER);

static void
events_ingest(struct request *r)
{
	request_param(r, "experiment", header(r, "x-experiment"));
	request_param(r, "variant", header(r, "x-variant"));
	batch_reply(&ingest, r);
}

/* Beyond these limits the time would leave the range of PostgreSQL's calendar. */
static const struct param	summary_query[] = {
	PARAM("hours", PARAM_NUMBER, .first = 1, .refuse = 1, .min = -1e7, .max = 1e7, .otherwise = "24"),
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/events/summary", "events/summary", .guard = "analytics:view", .strict = 1, .query = summary_query, .slow = 1);
