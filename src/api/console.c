/*
 * The console for people who run the service: one page with its style and its
 * script, carried by the binary, and what the page has to know beyond the API
 * of the contract.
 */
#include <stdio.h>
#include <string.h>

#include <bearssl.h>

#include "base/embed.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/objects.h"

#define ETAG_BYTES	8
#define OURSELVES	"http://console.invalid"	/* a name that no store has (RFC 6761 §6.4) */

static void
etag_make(const struct embed_file *file, char out[2 * ETAG_BYTES + 3])
{
	br_sha256_context	hash;
	unsigned char		digest[br_sha256_SIZE];
	size_t			i;

	br_sha256_init(&hash);
	br_sha256_update(&hash, file->data, file->len);
	br_sha256_out(&hash, digest);
	out[0] = '"';
	for (i = 0; i < ETAG_BYTES; i++)
		snprintf(out + 1 + 2 * i, 3, "%02x", digest[i]);
	memcpy(out + 1 + 2 * ETAG_BYTES, "\"", 2);
}

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
	const struct embed_file	*file = embed_find(path);
	struct http_request	*req = r->kore;
	const char		*known;
	char			etag[2 * ETAG_BYTES + 3], policy[1024];

	etag_make(file, etag);
	policy_make(policy, sizeof(policy));
	http_response_header(req, "etag", etag);
	http_response_header(req, "cache-control", "no-cache");
	http_response_header(req, "content-security-policy", policy);
	http_response_header(req, "x-content-type-options", "nosniff");
	http_response_header(req, "referrer-policy", "no-referrer");
	if (http_request_header(req, "if-none-match", &known) && strstr(known, etag) != NULL) {
		http_response(req, 304, NULL, 0);
		return;
	}
	http_response_header(req, "content-type", type);
	http_response(req, 200, file->data, file->len);
}

ROUTE(GET, "/console", console_page)
{
	file_reply(r, "assets/console/index.html", "text/html; charset=utf-8");
}

ROUTE(GET, "/console/console.css", console_style)
{
	file_reply(r, "assets/console/console.css", "text/css; charset=utf-8");
}

ROUTE(GET, "/console/console.js", console_script)
{
	file_reply(r, "assets/console/console.js", "text/javascript; charset=utf-8");
}

ROUTE_SQL(GET, "/console/api/overview", "console/overview", .guard = GUARD_ADMIN);
