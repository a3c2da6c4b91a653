/*
 * The web console for administrators: a page with style sheet and scripts, which
 * are embedded in the binary, and two routes that only the console uses.
 */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "http/page.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"
#include "store/objects.h"

#define OWN_ORIGIN	"http://console.invalid"	/* no object storage has this host name (RFC 6761 §6.4) */

/*
 * Writes the origin of an object's URL to out, as a space and
 * scheme://host[:port]; "" if this process serves the objects. Takes the origin
 * from a presigned URL.
 */
static void
storage_origin(const char *key, char *out, size_t len)
{
	char	url[OBJECTS_URL_MAX];
	size_t	n;

	out[0] = '\0';
	if (!objects_presign(OWN_ORIGIN, "GET", key, 1, url) || !strncmp(url, OWN_ORIGIN, sizeof(OWN_ORIGIN) - 1))
		return;
	n = strcspn(url, ":");
	if (!strncmp(url + n, "://", 3))
		snprintf(out, len, " %.*s", (int)(n + 3 + strcspn(url + n + 3, "/?#")), url);
}

/*
 * Writes the Content-Security-Policy: the page may connect to this server and to object storage, also behind MEDIA_CDN, only. What hls.js
 * plays is a MediaSource, whose URL is a blob: of the page; its tracks of text begin as an empty data: URL.
 */
static void
csp_write(char *out, size_t len)
{
	char	storage[600], films[300];

	storage_origin("any", storage, sizeof(storage) / 2);
	storage_origin("vod/any", films, sizeof(films));
	if (strcmp(films, storage))
		strcat(storage, films);
	snprintf(out, len, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:%s; "
	    "connect-src 'self'%s; media-src 'self' blob: data:%s; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
	    storage, storage, storage);
}

ROUTE(GET, "/console", console_page);

static void
console_page(struct request *r)
{
	char	policy[2400];

	csp_write(policy, sizeof(policy));
	page_reply(r, "assets/console/index.html", "text/html; charset=utf-8", policy);
}

ROUTE(GET, "/console/:file", console_file);

/* A style sheet or a script of the page, or a runbook. */
static void
console_file(struct request *r)
{
	char	policy[2400];

	csp_write(policy, sizeof(policy));
	page_file_reply(r, "assets/console", policy);
}

static const struct param	overview_query[] = {
	PARAM("limit", PARAM_COUNT),
	PARAM("q", PARAM_TEXT),
	PARAMS_TITLES,
	PARAM("generation", PARAM_TEXT),
	PARAM("uploads", PARAM_TEXT),
	PARAM_END
};

ROUTE(GET, "/console/api/overview", console_overview, .guard = "dashboard:view", .strict = 1, .query = overview_query);

/* Adds the origin of the viewers' application, for links to titles. */
static void
console_overview(struct request *r)
{
	const char	*origin = *conf_str(CONF_APP_ORIGIN) != '\0' ? conf_str(CONF_APP_ORIGIN) : conf_str(CONF_FRONTEND_URL);

	request_param(r, "appOrigin", *origin != '\0' ? origin : NULL);
	sql_reply(r, "console/overview");
}

ROUTE_SQL(GET, "/console/api/operations", "console/operations", .guard = "ops:manage", .strict = 1);
