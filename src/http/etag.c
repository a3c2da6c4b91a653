/*
 * ETags in the form of the Node service, so that responses in browser caches
 * stay valid.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bearssl.h>

#include "http/etag.h"

#define HASH_CHARS	27	/* of base64, without the "=" */

void
etag_make(const void *data, size_t len, char out[ETAG_MAX])
{
	br_sha1_context	hash;
	unsigned char	digest[br_sha1_SIZE];
	char		*text;

	br_sha1_init(&hash);
	br_sha1_update(&hash, data, len);
	br_sha1_out(&hash, digest);
	if (!kore_base64_encode(digest, sizeof(digest), &text))
		fatal("out of memory");
	snprintf(out, ETAG_MAX, "W/\"%zx-%.*s\"", len, HASH_CHARS, text);
	kore_free(text);
}

int
etag_known(struct http_request *req, const char *etag)
{
	const char	*listed, *control;

	if (!http_request_header(req, "if-none-match", &listed))
		return (0);
	if (http_request_header(req, "cache-control", &control) && strcasestr(control, "no-cache") != NULL)
		return (0);

	/* The comparison ignores W/: it is the weak comparison of RFC 9110 §8.8.3.2. */
	return (!strcmp(listed, "*") || strstr(listed, etag + strlen("W/")) != NULL);
}
