/*
 * Embedded files with an ETag, so that a browser that has a file gets 304. A
 * file is compressed when the first client accepts it so, and kept; one that is
 * embedded compressed (NAME.gz) is expanded for the first client that does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST	/* next_in is const */
#include <zlib.h>

#include "base/embed.h"
#include "http/encoding.h"
#include "http/etag.h"
#include "http/page.h"
#include "http/reply.h"

#define OTHERS_MAX	96	/* more than there are pages */
#define GZIP_WINDOW	(15 + 16)	/* zlib.h: largest window, gzip format */
#define GZIP_TRAILER	4	/* bytes at the end: the length of the content, little endian */

/* The other form of a file: with the gzip content coding, or without if it is embedded so. */
static struct other {
	const struct embed_file	*file;
	void			*data;
	size_t			len;
} others[OTHERS_MAX];

static void
other_expand(struct other *o, const struct embed_file *file)
{
	const unsigned char	*end = (const unsigned char *)file->data + file->len - GZIP_TRAILER;
	z_stream		z = { 0 };

	o->len = end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
	if ((o->data = malloc(o->len)) == NULL || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		fatal("out of memory");
	z.next_in = (const unsigned char *)file->data;
	z.avail_in = (unsigned int)file->len;
	z.next_out = o->data;
	z.avail_out = (unsigned int)o->len;
	if (inflate(&z, Z_FINISH) != Z_STREAM_END)
		fatal("the embedded file %s is damaged", file->name);
	(void)inflateEnd(&z);
}

/* Returns the other form of a file, or NULL if there is no room for another one. */
static const struct other *
other_form(const struct embed_file *file, int gzipped)
{
	struct other	*o;

	for (o = others; o < others + OTHERS_MAX && o->file != file; o++) {
		if (o->file != NULL)
			continue;
		if (gzipped)
			other_expand(o, file);
		else
			o->data = encoding_gzip_new(file->data, file->len, &o->len);
		o->file = file;
		break;
	}

	return (o < others + OTHERS_MAX ? o : NULL);
}

/* Returns the file of a page, which is embedded compressed if *gzipped is set to 1; NULL if there is none. */
static const struct embed_file *
page_file(const char *path, int *gzipped)
{
	const struct embed_file	*file = embed_find(path);
	char			name[256];

	*gzipped = 0;
	if (file != NULL)
		return (file);
	snprintf(name, sizeof(name), "%s.gz", path);
	*gzipped = 1;

	return (embed_find(name));
}

int
page_exists(const char *path)
{
	int	gzipped;

	return (page_file(path, &gzipped) != NULL);
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
	int			gzipped, wanted;
	const struct embed_file	*file = page_file(path, &gzipped);
	const struct other	*other = NULL;
	struct http_request	*req = r->kore;
	const void		*data = file->data;
	char			etag[ETAG_MAX];

	etag_make(file->data, file->len, etag);
	page_headers(r, etag, policy);
	if (etag_known(req, etag)) {
		reply_not_modified(r);
		return;
	}
	http_response_header(req, "content-type", type);
	wanted = encoding_wanted(req, file->len);
	r->bytes = file->len;
	if (wanted != gzipped && (other = other_form(file, gzipped)) != NULL) {
		data = other->data;
		r->bytes = other->len;
	}
	if (gzipped ? other == NULL : other != NULL)
		http_response_header(req, "content-encoding", "gzip");
	http_response(req, 200, data, r->bytes);
}

void
page_file_reply(struct request *r, const char *folder, const char *policy)
{
	static const struct {
		const char	*end, *type;
	}		types[] = {
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".md", "text/plain; charset=utf-8" },
	};
	const char	*end = strrchr(r->args[0], '.'), *path = request_format(r, "%s/%s", folder, r->args[0]);
	size_t		i;

	for (i = 0; end != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(end, types[i].end) && page_exists(path)) {
			page_reply(r, path, types[i].type, policy);
			return;
		}
	}
	reply_message(r, 404, "Not found");
}
