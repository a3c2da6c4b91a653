/*
 * Headers that every answer carries, CORS among them (contract people §1.2,
 * §1.3), and the JSON bodies.
 */
#include <stdio.h>
#include <string.h>

#include "http/reply.h"

#define CORS_METHODS	"GET,POST,PUT,PATCH,DELETE,OPTIONS"

static void
cors_headers(struct http_request *req, const char *otherwise, const char *allowed)
{
	const char	*origin;

	if (!http_request_header(req, "origin", &origin))
		origin = otherwise;
	if (origin != NULL)
		http_response_header(req, "access-control-allow-origin", origin);
	http_response_header(req, "vary", "Origin");
	http_response_header(req, "access-control-allow-methods", CORS_METHODS);
	http_response_header(req, "access-control-allow-headers", allowed);
}

/* What is one person's must not be kept by anything on the way (contract people §5 item 33). */
static int
is_private(struct http_request *req)
{
	const char	*value;

	return ((req->method != HTTP_METHOD_GET && req->method != HTTP_METHOD_HEAD) ||
	    http_request_header(req, "authorization", &value));
}

static void
json_headers(struct http_request *req)
{
	http_response_header(req, "content-type", "application/json; charset=utf-8");
	http_response_header(req, "x-content-type-options", "nosniff");
}

void
reply_shared_json(struct http_request *req, int status, void *body, size_t len, int (*sent)(struct netbuf *), void *arg)
{
	cors_headers(req, "*", "Content-Type, Authorization");
	json_headers(req);
	http_response_stream(req, status, body, len, sent, arg);
}

void
reply_json(struct http_request *req, int status, const void *body, size_t len)
{
	cors_headers(req, "*", "Content-Type, Authorization");
	if (is_private(req))
		http_response_header(req, "cache-control", "no-store");
	if (status == 204) {
		http_response_header(req, "content-length", "0");
		http_response(req, status, NULL, 0);
		return;
	}
	json_headers(req);
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
	cors_headers(req, "*", "Content-Type, Authorization");
	http_response_header(req, "access-control-expose-headers", "ETag, Content-Range, Accept-Ranges, Content-Length");
	http_response_header(req, "x-content-type-options", "nosniff");
	http_response_header(req, "etag", etag);
}

void
reply_preflight(struct http_request *req)
{
	cors_headers(req, NULL, "Content-Type,Authorization");
	http_response_header(req, "access-control-max-age", "600");
	/* Kore leaves the length out of a 204; browsers and proxies are used to seeing it. */
	http_response_header(req, "content-length", "0");
	http_response(req, 204, NULL, 0);
}
