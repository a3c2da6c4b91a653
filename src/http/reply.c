/*
 * Headers that every answer carries, CORS among them (contract people §1.2,
 * §1.3), and the JSON bodies.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "http/client.h"
#include "http/etag.h"
#include "http/load.h"
#include "http/reply.h"
#include "role.h"

/* Kore copies and formats header by header. What is the same in every answer of a kind travels as one, behind the first of them. */
#define CORS(allowed)									\
	"\r\nvary: Origin\r\naccess-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS\r\naccess-control-allow-headers: " allowed
#define CORS_ANSWER	CORS("Content-Type, Authorization")
#define NOSNIFF		"nosniff" CORS_ANSWER
#define JSON_TYPE	"application/json; charset=utf-8\r\nx-content-type-options: " NOSNIFF

#define TAGGED_MAX	262144	/* bytes of an answer made for one: hashing more would keep the others waiting */

/* A process that is about to end asks its clients to take another connection; Kore says so when it is to close this one. */
static void
connection_header(struct http_request *req)
{
	if (role_draining() && req->owner != NULL)
		req->owner->flags |= CONN_CLOSE_EMPTY;
}

static void
tls_header(struct http_request *req)
{
	char	text[48];

	if (conf_int(CONF_HSTS_SEC) == 0 || req->owner == NULL || !client_tls(req))
		return;
	snprintf(text, sizeof(text), "max-age=%lld", (long long)conf_int(CONF_HSTS_SEC));
	http_response_header(req, "strict-transport-security", text);
}

void
reply_begin(struct http_request *req)
{
	connection_header(req);
	tls_header(req);
}

static void
origin_header(struct http_request *req, const char *otherwise)
{
	const char	*origin;

	reply_begin(req);
	if (!http_request_header(req, "origin", &origin))
		origin = otherwise;
	if (origin != NULL)
		http_response_header(req, "access-control-allow-origin", origin);
}

/* What is one person's must not be kept by anything on the way, nor what tokens may be in (contract people §5 item 33). */
static int
is_private(struct http_request *req)
{
	const char	*value;

	return ((req->method != HTTP_METHOD_GET && req->method != HTTP_METHOD_HEAD) || !strncasecmp(req->path, "/api/auth/", 10) ||
	    http_request_header(req, "authorization", &value));
}

void
reply_not_modified(struct http_request *req)
{
	req->flags |= HTTP_REQUEST_NO_CONTENT_LENGTH;
	http_response(req, 304, NULL, 0);
}

int
reply_unchanged(struct http_request *req, const char *etag)
{
	if (!etag_known(req, etag))
		return (0);
	origin_header(req, "*");
	if (is_private(req))
		http_response_header(req, "cache-control", "no-store");
	http_response_header(req, "etag", etag);
	http_response_header(req, "x-content-type-options", NOSNIFF);
	reply_not_modified(req);

	return (1);
}

void
reply_shared_json(struct http_request *req, int status, const char *etag, void *body, size_t len, int (*sent)(struct netbuf *), void *arg)
{
	origin_header(req, "*");
	if (*etag != '\0')
		http_response_header(req, "etag", etag);
	http_response_header(req, "content-type", JSON_TYPE);
	http_response_stream(req, status, body, len, sent, arg);
}

void
reply_json(struct http_request *req, int status, const void *body, size_t len)
{
	char	etag[ETAG_MAX] = "";

	if ((req->method == HTTP_METHOD_GET || req->method == HTTP_METHOD_HEAD) && status == 200 && len <= TAGGED_MAX) {
		etag_make(body, len, etag);
		if (reply_unchanged(req, etag))
			return;
	}
	origin_header(req, "*");
	if (*etag != '\0')
		http_response_header(req, "etag", etag);
	if (is_private(req))
		http_response_header(req, "cache-control", "no-store");
	if (status == 503)
		http_response_header(req, "retry-after", LOAD_RETRY_SEC);
	if (status == 204) {
		http_response_header(req, "content-length", "0" CORS_ANSWER);
		http_response(req, status, NULL, 0);
		return;
	}
	http_response_header(req, "content-type", JSON_TYPE);
	http_response(req, status, body, len);
}

void
reply_message(struct http_request *req, int status, const char *text)
{
	char	body[256];
	int	len;

	len = snprintf(body, sizeof(body), "{\"message\":\"%s\"}", text);
	reply_json(req, status, body, (size_t)len);
}

void
reply_object_headers(struct http_request *req, const char *etag)
{
	origin_header(req, "*");
	http_response_header(req, "x-content-type-options", NOSNIFF);
	http_response_header(req, "access-control-expose-headers", "ETag, Content-Range, Accept-Ranges, Content-Length");
	http_response_header(req, "etag", etag);
}

void
reply_redirect(struct http_request *req, const char *url)
{
	origin_header(req, "*");
	http_response_header(req, "x-content-type-options", NOSNIFF);
	http_response_header(req, "cache-control", "no-store");
	http_response_header(req, "location", url);
	http_response(req, 302, NULL, 0);
}

void
reply_preflight(struct http_request *req)
{
	origin_header(req, NULL);
	http_response_header(req, "access-control-max-age", "600");
	/* Kore leaves the length out of a 204; browsers and proxies are used to seeing it. */
	http_response_header(req, "content-length", "0" CORS("Content-Type,Authorization"));
	http_response(req, 204, NULL, 0);
}
