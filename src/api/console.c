/*
 * The console for people who run the service: one page with its style and its
 * script, carried by the binary, and what the page has to know beyond the API
 * that the applications use.
 */
#include <stdio.h>
#include <string.h>

#include "http/page.h"
#include "http/route.h"
#include "store/objects.h"

#define OURSELVES	"http://console.invalid"	/* a name that no store has (RFC 6761 §6.4) */

/*
 * Where films are put and played, as scheme://host[:port] behind a blank; ""
 * when that is ourselves. An address that the store itself makes tells it.
 */
static void
store_origin(char *out, size_t len)
{
	char	url[OBJECTS_URL_MAX];
	size_t	n;

	out[0] = '\0';
	if (!objects_presign(OURSELVES, "GET", "any", 1, url) || !strncmp(url, OURSELVES, sizeof(OURSELVES) - 1))
		return;
	n = strcspn(url, ":");
	if (!strncmp(url + n, "://", 3))
		snprintf(out, len, " %.*s", (int)(n + 3 + strcspn(url + n + 3, "/?#")), url);
}

/* The page may talk to that server and to us, to nobody else. */
static void
policy_make(char *out, size_t len)
{
	char	store[256];

	store_origin(store, sizeof(store));
	snprintf(out, len, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:%s; "
	    "connect-src 'self'%s; media-src 'self'%s; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
	    store, store, store);
}

static void
file_reply(struct request *r, const char *path, const char *type)
{
	char	policy[1024];

	policy_make(policy, sizeof(policy));
	page_reply(r, path, type, policy);
}

ROUTE(GET, "/console", console_page);

static void
console_page(struct request *r)
{
	file_reply(r, "assets/console/index.html", "text/html; charset=utf-8");
}

ROUTE(GET, "/console/console.css", console_style);

static void
console_style(struct request *r)
{
	file_reply(r, "assets/console/console.css", "text/css; charset=utf-8");
}

ROUTE(GET, "/console/console.js", console_script);

static void
console_script(struct request *r)
{
	file_reply(r, "assets/console/console.js", "text/javascript; charset=utf-8");
}

ROUTE_SQL(GET, "/console/api/overview", "console/overview", .guard = GUARD_ADMIN);
ROUTE_SQL(GET, "/console/api/operations", "console/operations", .guard = GUARD_ADMIN);
