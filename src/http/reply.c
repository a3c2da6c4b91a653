/*
 * Response headers, including CORS (docs/compatibility.md#cors, #etag), and JSON
 * bodies.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "base/json.h"
#include "base/role.h"
#include "http/admission.h"
#include "http/encoding.h"
#include "http/etag.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"

/* Kore formats headers one by one. Headers that always occur together are one string, appended to the value of the first, which is faster. */
#define NOSNIFF		"nosniff" REPLY_CORS
#define JSON_TYPE	"application/json; charset=utf-8\r\nx-content-type-options: " NOSNIFF

/* The request headers that decide about a response for an audience: token, country and maturity (audience.c), origin of URLs (client.c). */
#define VARY_AUDIENCE	"Authorization, Accept-Language, CF-IPCountry, X-Vercel-IP-Country, X-Country, X-App-Country, X-Kid-Mode, X-Profile-Age, " \
			"X-Profile-BirthYear, X-Forwarded-Host, X-Forwarded-Proto"

#define ETAG_BODY_MAX	262144	/* bytes; a larger body that is not cached gets no ETag, because hashing would block the event loop */

/* While the process drains, lets Kore send Connection: close, so that clients open their next connection elsewhere. */
static void
connection_header(struct request *r)
{
	if (role_draining())
		r->kore->owner->flags |= CONN_CLOSE_EMPTY;
}

static void
tls_header(struct request *r)
{
	char	text[48];

	if (conf_int(CONF_HSTS_SEC) == 0 || !r->client.tls)
		return;
	snprintf(text, sizeof(text), "max-age=%lld", (long long)conf_int(CONF_HSTS_SEC));
	http_response_header(r->kore, "strict-transport-security", text);
}

void
reply_begin(struct request *r)
{
	if (!request_present(r))
		return;
	connection_header(r);
	tls_header(r);
	http_response_header(r->kore, "x-request-id", r->id);
}

static void
origin_header(struct request *r, const char *otherwise)
{
	const char	*origin;

	reply_begin(r);
	if (!http_request_header(r->kore, "origin", &origin))
		origin = otherwise;
	if (origin != NULL)
		http_response_header(r->kore, "access-control-allow-origin", origin);
}

/* Returns 1 if the response may hold personal data or tokens, so that no cache may store it (docs/compatibility.md#cache-headers). */
static int
is_private(struct request *r)
{
	const char	*value;

	return ((r->kore->method != HTTP_METHOD_GET && r->kore->method != HTTP_METHOD_HEAD) || !strncasecmp(r->path, "/api/auth/", 10) ||
	    http_request_header(r->kore, "authorization", &value));
}

/*
 * Returns 1 if the response may be compressed. Responses with tokens are not: their size must not tell how much of a token the rest of
 * the body repeats (the BREACH attack).
 */
static int
can_compress(struct request *r)
{
	return ((r->kore->method == HTTP_METHOD_GET || r->kore->method == HTTP_METHOD_HEAD) && strncasecmp(r->path, "/api/auth/", 10) != 0);
}

int
reply_compresses(struct request *r, int status, size_t len)
{
	return (status == 200 && can_compress(r) && encoding_wanted(r->kore, len));
}

/*
 * Adds Cache-Control and Vary. Titles differ by audience. Those that are not
 * shared hold presigned URLs and gate URLs, which must not outlive their time in
 * a cache, nor reach other clients.
 */
static void
cache_headers(struct request *r)
{
	int	audience = r->route != NULL && query_declared(r->route, PARAM_COUNTRY) != NULL;
	char	vary[sizeof(VARY_AUDIENCE) + 64];

	if (r->cache != NULL)
		http_response_header(r->kore, "cache-control", r->cache);
	else if (is_private(r))
		http_response_header(r->kore, "cache-control", "no-store");
	else if (audience && !r->route->shared)
		http_response_header(r->kore, "cache-control", "private, no-cache");
	/* One header: Kore replaces a header that is set again. */
	if (audience) {
		snprintf(vary, sizeof(vary), "%s%s%s", VARY_AUDIENCE, r->vary != NULL ? r->vary : "", can_compress(r) ? ", Accept-Encoding" : "");
		http_response_header(r->kore, "vary", vary);
	} else if (can_compress(r))
		http_response_header(r->kore, "vary", "Accept-Encoding");
}

void
reply_not_modified(struct request *r)
{
	if (!request_present(r))
		return;
	r->kore->flags |= HTTP_REQUEST_NO_CONTENT_LENGTH;
	http_response(r->kore, 304, NULL, 0);
}

int
reply_unchanged(struct request *r, const char *etag)
{
	if (!request_present(r))
		return (1);
	if (!etag_known(r->kore, etag))
		return (0);
	origin_header(r, "*");
	cache_headers(r);
	http_response_header(r->kore, "etag", etag);
	http_response_header(r->kore, "x-content-type-options", NOSNIFF);
	reply_not_modified(r);

	return (1);
}

void
reply_shared(struct request *r, int status, const char *etag, const struct reply_body *body)
{
	origin_header(r, "*");
	cache_headers(r);
	if (*etag != '\0')
		http_response_header(r->kore, "etag", etag);
	if (body->gzip)
		http_response_header(r->kore, "content-encoding", "gzip");
	if (body->type != NULL) {
		http_response_header(r->kore, "content-type", body->type);
		http_response_header(r->kore, "x-content-type-options", NOSNIFF);
	} else {
		http_response_header(r->kore, "content-type", JSON_TYPE);
	}
	r->bytes = body->len;
	http_response_stream(r->kore, status, body->data, body->len, body->sent, body->arg);
}

/* Returns the body with the gzip content coding, in the request's memory. */
static const void *
reply_gzip(struct request *r, const void *body, size_t *len)
{
	void	*out = request_alloc(r, encoding_bound(*len));

	*len = encoding_gzip(body, *len, out);

	return (out);
}

void
reply_json(struct request *r, int status, const void *body, size_t len)
{
	char	etag[ETAG_MAX] = "";

	if (!request_present(r))
		return;
	if ((r->kore->method == HTTP_METHOD_GET || r->kore->method == HTTP_METHOD_HEAD) && status == 200 && len <= ETAG_BODY_MAX) {
		etag_make(body, len, etag);
		if (reply_unchanged(r, etag))
			return;
	}
	origin_header(r, "*");
	if (*etag != '\0')
		http_response_header(r->kore, "etag", etag);
	cache_headers(r);
	if (status == 503)
		http_response_header(r->kore, "retry-after", RETRY_AFTER_SEC);
	if (status == 204) {
		http_response_header(r->kore, "content-length", "0" REPLY_CORS);
		http_response(r->kore, status, NULL, 0);
		return;
	}
	if (reply_compresses(r, status, len)) {
		body = reply_gzip(r, body, &len);
		http_response_header(r->kore, "content-encoding", "gzip");
	}
	http_response_header(r->kore, "content-type", JSON_TYPE);
	r->bytes = len;
	http_response(r->kore, status, body, len);
}

void
reply_stream(struct request *r, int chunked)
{
	origin_header(r, "*");
	cache_headers(r);
	http_response_header(r->kore, "content-type", JSON_TYPE);
	if (chunked)
		http_response_header(r->kore, "transfer-encoding", "chunked");
	r->kore->flags |= HTTP_REQUEST_NO_CONTENT_LENGTH;
	http_response(r->kore, 200, NULL, 0);
}

void
reply_message(struct request *r, int status, const char *text)
{
	struct kore_buf	body;

	kore_buf_init(&body, 256);
	kore_buf_append(&body, "{\"message\":", 11);
	json_quote(&body, text);
	kore_buf_append(&body, "}", 1);
	reply_json(r, status, body.data, body.offset);
	kore_buf_cleanup(&body);
}

void
reply_object_headers(struct request *r, const char *etag)
{
	if (!request_present(r))
		return;
	origin_header(r, "*");
	http_response_header(r->kore, "x-content-type-options", NOSNIFF);
	http_response_header(r->kore, "access-control-expose-headers", "ETag, Content-Range, Accept-Ranges, Content-Length");
	http_response_header(r->kore, "etag", etag);
}

void
reply_redirect(struct request *r, const char *url)
{
	if (!request_present(r))
		return;
	origin_header(r, "*");
	http_response_header(r->kore, "x-content-type-options", NOSNIFF);
	http_response_header(r->kore, "cache-control", "no-store");
	http_response_header(r->kore, "location", url);
	http_response(r->kore, 302, NULL, 0);
}

void
reply_preflight(struct request *r, int local_object)
{
	if (!request_present(r))
		return;
	origin_header(r, NULL);
	http_response_header(r->kore, "access-control-max-age", "600");
	/* Kore sends no Content-Length with 204; the Node service does. */
	http_response_header(r->kore, "content-length", local_object ?
	    "0" REPLY_CORS_FOR("Content-Type,Authorization,Range,If-Range,If-Match,If-None-Match") : "0" REPLY_CORS_FOR("Content-Type,Authorization"));
	http_response(r->kore, 204, NULL, 0);
}
