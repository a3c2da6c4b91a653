/*
 * The OpenAPI document of this API and a page that shows it.
 */
#include "http/page.h"
#include "http/route.h"

ROUTE(GET, "/api/openapi.json", docs_openapi);

static void
docs_openapi(struct request *r)
{
	page_reply(r, "assets/openapi.json", "application/json; charset=utf-8", PAGE_POLICY);
}

ROUTE(GET, "/api/docs", docs_page);

static void
docs_page(struct request *r)
{
	page_reply(r, "assets/docs/index.html", "text/html; charset=utf-8", PAGE_POLICY);
}

ROUTE(GET, "/api/docs/:file", docs_file);

/* The style sheet or a script of the page. */
static void
docs_file(struct request *r)
{
	page_file_reply(r, "assets/docs", PAGE_POLICY);
}
