/*
 * Embedded files with an ETag, so that a browser that has a file gets 304. A
 * file is compressed when the first client accepts it so, and kept.
 */
#include "base/embed.h"
#include "http/encoding.h"
#include "http/etag.h"
#include "http/page.h"
#include "http/reply.h"

#define PACKED_MAX	32	/* more than there are pages */

static struct packed {
	const struct embed_file	*file;
	void			*data;
	size_t			len;
} packed[PACKED_MAX];

/* Returns the file with the gzip content coding, or NULL if there is no room for another one. */
static const struct packed *
packed_file(const struct embed_file *file)
{
	struct packed	*p;

	for (p = packed; p < packed + PACKED_MAX && p->file != file; p++) {
		if (p->file != NULL)
			continue;
		p->data = encoding_gzip_new(file->data, file->len, &p->len);
		p->file = file;
		break;
	}

	return (p < packed + PACKED_MAX ? p : NULL);
}

/* Adds the headers of every page. */
static void
page_headers(struct request *r, const char *etag, const char *policy)
{
	struct http_request	*req = r->kore;

	reply_begin(r);
	http_response_header(req, "etag", etag);
	http_response_header(req, "vary", "Accept-Encoding");
	http_response_header(req, "cache-control", "no-cache");
	http_response_header(req, "content-security-policy", policy);
	http_response_header(req, "x-content-type-options", "nosniff");
	http_response_header(req, "x-frame-options", "DENY");
	http_response_header(req, "referrer-policy", "no-referrer");
}

void
page_reply(struct request *r, const char *path, const char *type, const char *policy)
{
	const struct embed_file	*file = embed_find(path);
	const struct packed	*small;
	struct http_request	*req = r->kore;
	char			etag[ETAG_MAX];

	etag_make(file->data, file->len, etag);
	page_headers(r, etag, policy);
	if (etag_known(req, etag)) {
		reply_not_modified(r);
		return;
	}
	http_response_header(req, "content-type", type);
	if (encoding_wanted(req, file->len) && (small = packed_file(file)) != NULL) {
		http_response_header(req, "content-encoding", "gzip");
		r->bytes = small->len;
		http_response(req, 200, small->data, small->len);
		return;
	}
	r->bytes = file->len;
	http_response(req, 200, file->data, file->len);
}
