/*
 * The public catalogue (contract media §4).
 */
#include "http/audience.h"
#include "http/sign.h"
#include "http/sql.h"
#include "role.h"

ROUTE(titles_list, "GET", "/api/titles", ROLE_API)
{
	char	country[AUDIENCE_COUNTRY_MAX];

	(void)args;
	audience_country(req, country);

	return (sql_reply(req, "titles/list", 2, (const char *[]){ country, audience_maturity(req) }));
}

/* What detail and episodes have in common: one title, as this audience may see it. */
static int
title_reply(struct http_request *req, const struct route_args *args, const char *statement)
{
	char	id[ROUTE_ID_MAX], country[AUDIENCE_COUNTRY_MAX];

	if (!route_id(req, args, "title", id))
		return (KORE_RESULT_OK);
	audience_country(req, country);

	return (sql_reply(req, statement, 4, (const char *[]){ id, country, audience_maturity(req), sign_mark() }));
}

ROUTE(titles_detail, "GET", "/api/titles/:id", ROLE_API)
{
	return (title_reply(req, args, "titles/detail"));
}

ROUTE(titles_episodes, "GET", "/api/titles/:id/episodes", ROLE_API)
{
	return (title_reply(req, args, "titles/episodes"));
}
