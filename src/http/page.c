/*
 * Answers with embedded files, named by their content so that a browser asks
 * for them in vain once it has them.
 */
#include <stdio.h>
#include <string.h>

#include <bearssl.h>

#include "base/embed.h"
#include "http/page.h"
#include "http/reply.h"

#define ETAG_BYTES	8

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

void
page_reply(struct request *r, const char *path, const char *type, const char *policy)
{
	const struct embed_file	*file = embed_find(path);
	struct http_request	*req = r->kore;
	const char		*known;
	char			etag[2 * ETAG_BYTES + 3];

	etag_make(file, etag);
	reply_begin(req);
	http_response_header(req, "etag", etag);
	http_response_header(req, "cache-control", "no-cache");
	http_response_header(req, "content-security-policy", policy);
	http_response_header(req, "x-content-type-options", "nosniff");
	http_response_header(req, "x-frame-options", "DENY");
	http_response_header(req, "referrer-policy", "no-referrer");
	if (http_request_header(req, "if-none-match", &known) && strstr(known, etag) != NULL) {
		http_response(req, 304, NULL, 0);
		return;
	}
	http_response_header(req, "content-type", type);
	http_response(req, 200, file->data, file->len);
}
