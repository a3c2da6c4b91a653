/*
 * Embedded files with an ETag, so that a browser that has a file gets 304.
 */
#include "base/embed.h"
#include "http/etag.h"
#include "http/page.h"
#include "http/reply.h"

void
page_reply(struct request *r, const char *path, const char *type, const char *policy)
{
	const struct embed_file	*file = embed_find(path);
	struct http_request	*req = r->kore;
	char			etag[ETAG_MAX];

	etag_make(file->data, file->len, etag);
	reply_begin(r);
	http_response_header(req, "etag", etag);
	http_response_header(req, "cache-control", "no-cache");
	http_response_header(req, "content-security-policy", policy);
	http_response_header(req, "x-content-type-options", "nosniff");
	http_response_header(req, "x-frame-options", "DENY");
	http_response_header(req, "referrer-policy", "no-referrer");
	if (etag_known(req, etag)) {
		reply_not_modified(r);
		return;
	}
	http_response_header(req, "content-type", type);
	http_response(req, 200, file->data, file->len);
}
