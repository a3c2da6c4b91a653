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

ROUTE(GET, "/api/docs/docs.css", docs_style);

static void
docs_style(struct request *r)
{
	page_reply(r, "assets/docs/docs.css", "text/css; charset=utf-8", PAGE_POLICY);
}

ROUTE(GET, "/api/docs/docs.js", docs_script);

static void
docs_script(struct request *r)
{
	page_reply(r, "assets/docs/docs.js", "text/javascript; charset=utf-8", PAGE_POLICY);
}
