/*
 * Content-Type, Content-Encoding, size and JSON syntax of bodies.
 */
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "http/body.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/route.h"

static int
type_is_json(const struct http_request *req, int *charset_ok)
{
	const char	*type, *charset;
	size_t		len;

	*charset_ok = 1;
	if (!http_request_header((struct http_request *)(uintptr_t)req, "content-type", &type))
		return (0);
	len = strcspn(type, "; \t");
	if (len != strlen("application/json") || strncasecmp(type, "application/json", len))
		return (0);
	if ((charset = strcasestr(type + len, "charset=")) != NULL) {
		charset += strlen("charset=");
		charset += *charset == '"';
		*charset_ok = !strncasecmp(charset, "utf-", 4);
	}

	return (1);
}

/* Decompresses gzip and zlib data. On error returns NULL: *len is 0 if the data is damaged, above max if the result is too large. */
static char *
body_inflate(struct request *r, const void *data, size_t *len, size_t max)
{
	z_stream	z = { 0 };
	char		*out = request_alloc(r, max + 2);
	int		status;

	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)*len;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)max + 1;
	if (inflateInit2(&z, 15 + 32) != Z_OK)
		fatal("out of memory");
	status = inflate(&z, Z_FINISH);
	*len = z.total_out;
	inflateEnd(&z);
	if (*len > max)
		return (NULL);
	if (status != Z_STREAM_END)
		*len = 0;

	return (status == Z_STREAM_END ? out : NULL);
}

/* Returns the body without its content coding. On error answers 400, 413 or 415 and returns NULL. */
static const char *
body_bytes(struct request *r, size_t *len, size_t max)
{
	const char	*coding, *text = (const char *)r->kore->http_body->data;

	*len = r->kore->http_body_length;
	if (!http_request_header(r->kore, "content-encoding", &coding) || !strcasecmp(coding, "identity"))
		coding = NULL;
	if (coding != NULL && strcasecmp(coding, "gzip") && strcasecmp(coding, "deflate")) {
		reply_message(r, 415, "Unsupported content encoding");
		return (NULL);
	}
	if (coding != NULL && *len <= max && (text = body_inflate(r, text, len, max)) == NULL && *len == 0) {
		reply_message(r, 400, "The request body cannot be decompressed");
		return (NULL);
	}
	if (*len > max) {
		reply_message(r, 413, "Request body too large");
		return (NULL);
	}

	return (text);
}

/* Returns the error message for a body with U+0000 (docs/compatibility.md#unstorable-text). */
static const char *
unstorable(const struct request *r)
{
	return (r->route != NULL && r->route->unstorable != NULL ? r->route->unstorable : "Invalid request");
}

int
body_read(struct request *r)
{
	const char	*text, *error;
	size_t		len;
	int		charset_ok;

	if (r->kore->http_body == NULL || r->kore->http_body_length == 0 || (r->route != NULL && r->route->raw) ||
	    !type_is_json(r->kore, &charset_ok))
		return (1);
	if (!charset_ok) {
		reply_message(r, 415, "Unsupported charset");
		return (0);
	}
	if ((text = body_bytes(r, &len, r->body_max)) == NULL)
		return (0);
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	error = json_parse(&r->json, text, len);
	if (error == NULL && r->json.nodes[0].type != JSMN_OBJECT && r->json.nodes[0].type != JSMN_ARRAY)
		error = "it is neither an object nor an array";
	if (error != NULL) {
		json_free(&r->json);
		reply_message(r, 400, !strcmp(error, JSON_NUL) ? unstorable(r) :
		    request_format(r, "The request body is not valid JSON: %s", error));
		return (0);
	}
	text = json_raw(&r->json, 0, &len);
	r->body = memcpy(request_alloc(r, len + 1), text, len);

	return (1);
}
