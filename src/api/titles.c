/*
 * The public catalogue (contract media §4).
 */

#include "http/audience.h"
#include "http/sql.h"
#include "role.h"

ROUTE(titles_list, "GET", "/api/titles", ROLE_API)
{
	char	country[AUDIENCE_COUNTRY_MAX];

	audience_country(req, country);

	return (sql_reply(req, "titles/list", 2, (const char *[]){ country, audience_maturity(req) }));
}
