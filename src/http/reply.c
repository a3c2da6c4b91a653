/*
 * Headers that every answer carries, CORS among them
 * (docs/compatibility.md#cors, #etag), and the JSON bodies.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "base/json.h"
#include "base/role.h"
#include "http/admission.h"
#include "http/etag.h"
#include "http/reply.h"
#include "http/request.h"

/* Kore copies and formats header by header. What is the same in every answer of a kind travels as one, behind the first of them. */
#define NOSNIFF		"nosniff" REPLY_CORS
#define JSON_TYPE	"application/json; charset=utf-8\r\nx-content-type-options: " NOSNIFF

#define TAGGED_MAX	262144	/* bytes of an answer made for one: hashing more would keep the others waiting */

/* A process that is about to end asks its clients to take another connection; Kore says so when it is to close this one. */
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

/* What is one person's must not be kept by anything on the way, nor what tokens may be in (docs/compatibility.md#cache-headers). */
static int
is_private(struct request *r)
{
	const char	*value;

	return ((r->kore->method != HTTP_METHOD_GET && r->kore->method != HTTP_METHOD_HEAD) || !strncasecmp(r->path, "/api/auth/", 10) ||
	    http_request_header(r->kore, "authorization", &value));
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
	if (is_private(r))
		http_response_header(r->kore, "cache-control", "no-store");
	http_response_header(r->kore, "etag", etag);
	http_response_header(r->kore, "x-content-type-options", NOSNIFF);
	reply_not_modified(r);

	return (1);
}

void
reply_shared_json(struct request *r, int status, const char *etag, void *body, size_t len, int (*sent)(struct netbuf *), void *arg)
{
	origin_header(r, "*");
	if (*etag != '\0')
		http_response_header(r->kore, "etag", etag);
	http_response_header(r->kore, "content-type", JSON_TYPE);
	http_response_stream(r->kore, status, body, len, sent, arg);
}

void
reply_json(struct request *r, int status, const void *body, size_t len)
{
	char	etag[ETAG_MAX] = "";

	if (!request_present(r))
		return;
	if ((r->kore->method == HTTP_METHOD_GET || r->kore->method == HTTP_METHOD_HEAD) && status == 200 && len <= TAGGED_MAX) {
		etag_make(body, len, etag);
		if (reply_unchanged(r, etag))
			return;
	}
	origin_header(r, "*");
	if (*etag != '\0')
		http_response_header(r->kore, "etag", etag);
	if (is_private(r))
		http_response_header(r->kore, "cache-control", "no-store");
	if (status == 503)
		http_response_header(r->kore, "retry-after", RETRY_AFTER_SEC);
	if (status == 204) {
		http_response_header(r->kore, "content-length", "0" REPLY_CORS);
		http_response(r->kore, status, NULL, 0);
		return;
	}
	http_response_header(r->kore, "content-type", JSON_TYPE);
	http_response(r->kore, status, body, len);
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
reply_preflight(struct request *r)
{
	if (!request_present(r))
		return;
	origin_header(r, NULL);
	http_response_header(r->kore, "access-control-max-age", "600");
	/* Kore leaves the length out of a 204; browsers and proxies are used to seeing it. */
	http_response_header(r->kore, "content-length", "0" REPLY_CORS_FOR("Content-Type,Authorization"));
	http_response(r->kore, 204, NULL, 0);
}
