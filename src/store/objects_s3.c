/*
 * Objects in an S3 bucket.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/advice.h"
#include "base/conf.h"
#include "base/log.h"
#include "net/fetch.h"
#include "store/aws_keys.h"
#include "store/cdn.h"
#include "store/objects_backend.h"
#include "store/s3.h"

#define SECONDS_DEFAULT	120
#define TRIES		8	/* attempts within the time limit, unless keep_retrying */
#define LIST_PAGE	"1000"
#define TYPE_DEFAULT	"application/octet-stream"
#define HEADERS_MAX	(S3_PAIRS_MAX + 6)

static struct s3_bucket	bucket;

static const char *
configure(void)
{
	const char	*how = conf_str(CONF_S3_ADDRESSING), *wrong;

	bucket.endpoint = conf_str(CONF_S3_ENDPOINT);
	bucket.name = conf_str(CONF_S3_BUCKET);
	bucket.region = conf_str(CONF_S3_REGION);
	if (conf_is_blank(CONF_S3_REGION))
		bucket.region = *conf_str(CONF_AWS_REGION) != '\0' ? conf_str(CONF_AWS_REGION) : "eu-north-1";
	if (strspn(bucket.name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") != strlen(bucket.name) || strlen(bucket.name) > 255)
		return ("S3_BUCKET is not a valid bucket name; allowed are letters, digits, dots, dashes and underscores");
	if (strspn(bucket.region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(bucket.region) || strlen(bucket.region) > 60)
		return ("S3_REGION is not a valid region; allowed are lower-case letters, digits and dashes");
	/* docs/compatibility.md#storage-settings */
	bucket.in_path = *bucket.endpoint != '\0' || strlen(bucket.name) < 3 || strchr(bucket.name, '.') != NULL;
	if (strcmp(how, "auto"))
		bucket.in_path = !strcmp(how, "path");

	return ((wrong = aws_keys_configure()) != NULL ? wrong : cdn_configure());
}

/* Copies the text of the next element of that name, entities decoded and cut to size, and moves *at behind it. Returns 0 if there is none. */
static int
xml_next(const char **at, const char *end, const char *name, char *out, size_t size)
{
	static const struct { const char *text; char c; }	entities[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' }, { "&#34;", '"' }, { "&#39;", '\'' } };
	char		open[64], close[64];
	const char	*p, *stop;
	size_t		i, n = 0, step;

	snprintf(open, sizeof(open), "<%s>", name);
	snprintf(close, sizeof(close), "</%s>", name);
	if ((p = memmem(*at, (size_t)(end - *at), open, strlen(open))) == NULL)
		return (0);
	p += strlen(open);
	if ((stop = memmem(p, (size_t)(end - p), close, strlen(close))) == NULL)
		return (0);
	for (; p < stop && n + 1 < size; p += step) {
		out[n] = *p;
		step = 1;
		for (i = 0; *p == '&' && i < sizeof(entities) / sizeof(entities[0]); i++) {
			if ((size_t)(stop - p) >= strlen(entities[i].text) && !strncmp(p, entities[i].text, strlen(entities[i].text))) {
				out[n] = entities[i].c;
				step = strlen(entities[i].text);
				break;
			}
		}
		n++;
	}
	out[n] = '\0';
	*at = stop + strlen(close);

	return (1);
}

static int
response_field(const struct fetch *f, const char *name, char *out, size_t size)
{
	const char	*at = f->response;

	return (at != NULL && xml_next(&at, f->response + f->response_len, name, out, size));
}

static int
query_has(const struct s3_request *r, const char *name)
{
	int	i;

	for (i = 0; i < S3_PAIRS_MAX && r->query[i].name != NULL; i++) {
		if (!strcmp(r->query[i].name, name))
			return (1);
	}

	return (0);
}

/* Returns the permission that a request needs (Amazon S3, "Required permissions for Amazon S3 API operations"). */
static const char *
permission_of(const struct s3_request *r)
{
	if (!strcmp(r->method, "PUT") || !strcmp(r->method, "POST"))
		return ("s3:PutObject");
	if (!strcmp(r->method, "DELETE"))
		return (query_has(r, "uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject");
	if (r->key == NULL)
		return (query_has(r, "uploads") ? "s3:ListBucketMultipartUploads" : "s3:ListBucket");

	return (query_has(r, "uploadId") ? "s3:ListMultipartUploadParts" : "s3:GetObject");
}

/*
 * Maps an error response to a result. The error holds status, code, message, and
 * the right region or the permission, if that is what is wrong (base/advice.h), but
 * no request IDs and signatures.
 */
static enum objects_result
response_error(const struct s3_request *r, const struct fetch *f, struct objects_call *call)
{
	char			code[64] = "", message[128] = "", region[64] = "";
	const char		*cause = "", *value = "";
	enum objects_result	result = OBJECTS_REFUSED;

	if (response_field(f, "Code", code, sizeof(code)))
		(void)response_field(f, "Message", message, sizeof(message));
	if (!response_field(f, "Region", region, sizeof(region)) && f->status / 100 == 3)
		(void)fetch_header(f, "x-amz-bucket-region", region, sizeof(region));
	if ((f->status == 404 && strcmp(code, "NoSuchBucket")) || !strcmp(code, "NoSuchUpload") || !strcmp(code, "NoSuchKey"))
		result = OBJECTS_MISSING;
	else if (f->status == 412)
		result = OBJECTS_CHANGED;
	/* Temporary errors. ExpiredToken is one, since the credentials are about to be renewed. */
	else if (f->status >= 500 || f->status == 429 || !strcmp(code, "SlowDown") || !strcmp(code, "InternalError") ||
	    !strcmp(code, "RequestTimeout") || !strcmp(code, "ExpiredToken"))
		result = OBJECTS_LATER;

	if (*region != '\0') {
		cause = "; " ADVICE_REGION;
		value = region;
	} else if (!strcmp(code, "AccessDenied") || (f->status == 403 && *code == '\0')) {
		cause = "; " ADVICE_PERMISSION;
		value = permission_of(r);
	}

	return (objects_fail(call, result, "object storage error: status %d for %s%s%s%s%s%s%s", f->status, f->method, *code != '\0' ? ": " : "",
	    code, *message != '\0' ? ", " : "", message, cause, value));
}

/* Signs and sends a request and maps the response status to a result. The caller calls fetch_free() in any case. */
static enum objects_result
request_perform(const struct s3_request *request, struct fetch *f, struct objects_call *call)
{
	struct s3_request	r = *request;
	struct s3_signed	*s;
	struct s3_keys		keys;
	const char		*headers[HEADERS_MAX];
	char			hash[S3_HASH_HEX], why[256];
	size_t			n = 0, i;
	int			ok;

	if (!aws_keys_get(&keys, 1, why, sizeof(why)))
		return (objects_fail(call, OBJECTS_LATER, "%s", why));
	if ((s = malloc(sizeof(*s))) == NULL)
		return (objects_fail(call, OBJECTS_LATER, "out of memory"));
	s3_hash(f->body != NULL ? f->body : "", f->body_len, hash);
	r.hash = hash;
	if (!s3_sign(&bucket, &keys, &r, time(NULL), s)) {
		free(s);
		return (objects_fail(call, OBJECTS_REFUSED, "the request is too long to sign"));
	}
	headers[n++] = s->authorization;
	headers[n++] = s->date;
	headers[n++] = s->hash;
	if (*s->token != '\0')
		headers[n++] = s->token;
	for (i = 0; i < S3_PAIRS_MAX && *s->extra[i] != '\0'; i++)
		headers[n++] = s->extra[i];
	headers[n] = NULL;

	f->method = r.method;
	f->url = s->url;
	f->headers = headers;
	f->tries = call->keep_retrying ? INT_MAX : TRIES;
	f->seconds = call->seconds > 0 ? call->seconds : SECONDS_DEFAULT;
	f->canceled = call->canceled;
	f->ctx = call->ctx;
	ok = fetch_perform(f);
	call->repeated = f->sent > 1;
	free(s);
	if (f->was_canceled)
		return (objects_fail(call, OBJECTS_CANCELED, "canceled"));
	if (!ok)
		return (objects_fail(call, f->into_full ? OBJECTS_REFUSED : OBJECTS_LATER, "object storage is unreachable: %s", f->error));

	return (f->status / 100 == 2 ? OBJECTS_OK : response_error(&r, f, call));
}

static void
etag_read(const struct fetch *f, char *etag)
{
	if (!fetch_header(f, "etag", etag, OBJECTS_ETAG_MAX))
		*etag = '\0';
}

/* Sends a refused HEAD again as GET, whose response says why in its body. Returns the result of HEAD, or that of GET with its error. */
static enum objects_result
head_explain(const char *key, enum objects_result refused, struct objects_call *call)
{
	struct s3_request	r = { .method = "GET", .key = key };
	struct fetch		f = { 0 };
	enum objects_result	result;
	char			error[sizeof(call->error)];

	memcpy(error, call->error, sizeof(error));
	if (key != NULL) {
		r.headers[0] = (struct s3_pair){ "range", "bytes=0-0" };
	} else {
		r.query[0] = (struct s3_pair){ "list-type", "2" };
		r.query[1] = (struct s3_pair){ "max-keys", "1" };
	}
	result = request_perform(&r, &f, call);
	fetch_free(&f);
	if (result != OBJECTS_OK)
		return (result);
	memcpy(call->error, error, sizeof(error));

	return (refused);
}

static enum objects_result
s3_head(const char *key, struct objects_stat *stat, struct objects_call *call)
{
	struct s3_request	r = { .method = "HEAD", .key = key };
	struct fetch		f = { 0 };
	enum objects_result	result;
	char			length[32];

	result = request_perform(&r, &f, call);
	if (result == OBJECTS_REFUSED)
		result = head_explain(key, result, call);
	if (result == OBJECTS_OK) {
		etag_read(&f, stat->etag);
		if (fetch_header(&f, "content-length", length, sizeof(length)))
			stat->size = strtoull(length, NULL, 10);
		else
			result = objects_fail(call, OBJECTS_REFUSED, "object storage error: the response has no Content-Length");
	}
	fetch_free(&f);

	return (result);
}

/* Returns 1 if the response holds the range from offset: 206 with that range, or 200 for offset 0. */
static int
range_matches(const struct fetch *f, uint64_t offset)
{
	char	range[96];

	if (f->status == 200)
		return (offset == 0);

	return (f->status == 206 && fetch_header(f, "content-range", range, sizeof(range)) && !strncmp(range, "bytes ", 6) &&
	    strtoull(range + 6, NULL, 10) == offset);
}

static enum objects_result
s3_read(const char *key, const char *etag, uint64_t offset, void *buf, size_t len, size_t *got, struct objects_call *call)
{
	struct s3_request	r = { .method = "GET", .key = key };
	struct fetch		f = { .into = buf, .into_size = len };
	enum objects_result	result;
	char			range[64];

	snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)offset, (unsigned long long)(offset + len - 1));
	r.headers[0] = (struct s3_pair){ "range", range };
	if (etag != NULL)
		r.headers[1] = (struct s3_pair){ "if-match", etag };
	result = request_perform(&r, &f, call);
	if (result == OBJECTS_OK && !range_matches(&f, offset))
		result = objects_fail(call, OBJECTS_REFUSED, "object storage error: the response has another range than requested");
	if (result == OBJECTS_OK)
		*got = f.into_len;
	if (f.status == 416) {
		result = OBJECTS_OK;
		*call->error = '\0';
	}
	fetch_free(&f);

	return (result);
}

/* Sends a PUT of an object or a part. */
static enum objects_result
s3_send(struct s3_request *r, const void *data, size_t len, char *etag, struct objects_call *call)
{
	struct fetch		f = { .body = data != NULL ? data : "", .body_len = len };
	enum objects_result	result;

	r->method = "PUT";
	result = request_perform(r, &f, call);
	etag_read(&f, etag);
	if (result == OBJECTS_OK && *etag == '\0')
		result = objects_fail(call, OBJECTS_REFUSED, "object storage error: the response has no ETag");
	fetch_free(&f);

	return (result);
}

static enum objects_result
s3_put(const char *key, const char *type, const void *data, size_t len, char *etag, struct objects_call *call)
{
	struct s3_request	r = { .key = key, .headers = { { "content-type", type != NULL ? type : TYPE_DEFAULT } } };

	return (s3_send(&r, data, len, etag, call));
}

static enum objects_result
s3_begin(const char *key, const char *type, char *upload, struct objects_call *call)
{
	struct s3_request	r = { .method = "POST", .key = key, .query = { { "uploads", "" } },
	    .headers = { { "content-type", type != NULL ? type : TYPE_DEFAULT } } };
	struct fetch		f = { .body = "" };
	enum objects_result	result;

	result = request_perform(&r, &f, call);
	if (result == OBJECTS_OK && (!response_field(&f, "UploadId", upload, OBJECTS_UPLOAD_MAX) || *upload == '\0'))
		result = objects_fail(call, OBJECTS_REFUSED, "object storage error: the response has no UploadId");
	fetch_free(&f);

	return (result);
}

static enum objects_result
s3_part(const char *key, const char *upload, int number, const void *data, size_t len, char *etag, struct objects_call *call)
{
	char			text[16];
	struct s3_request	r = { .key = key, .query = { { "partNumber", text }, { "uploadId", upload } } };

	snprintf(text, sizeof(text), "%d", number);

	return (s3_send(&r, data, len, etag, call));
}

/* Writes text with XML escaping, since ETags come from clients. */
static void
xml_put(FILE *out, const char *text, size_t len)
{
	for (; len > 0; text++, len--) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else
			fputc(*text, out);
	}
}

/* Returns the body of CompleteMultipartUpload, which the caller frees; NULL if out of memory. */
static char *
parts_document(const struct objects_part *parts, size_t count, size_t *len)
{
	FILE	*out;
	char	*text = NULL;
	size_t	i, n;

	if ((out = open_memstream(&text, len)) == NULL)
		return (NULL);
	fputs("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", out);
	for (i = 0; i < count; i++) {
		n = strcspn(parts[i].etag + (*parts[i].etag == '"'), "\"");
		fprintf(out, "<Part><PartNumber>%d</PartNumber><ETag>&quot;", parts[i].number);
		xml_put(out, parts[i].etag + (*parts[i].etag == '"'), n);
		fputs("&quot;</ETag></Part>", out);
	}
	fputs("</CompleteMultipartUpload>", out);
	if (fclose(out) != 0) {
		free(text);
		return (NULL);
	}

	return (text);
}

static enum objects_result
s3_complete(const char *key, const char *upload, const struct objects_part *parts, size_t count, char *etag,
    struct objects_call *call)
{
	struct s3_request	r = { .method = "POST", .key = key, .query = { { "uploadId", upload } },
	    .headers = { { "content-type", "application/xml" } } };
	struct fetch		f = { 0 };
	enum objects_result	result;
	char			*document;

	if ((document = parts_document(parts, count, &f.body_len)) == NULL)
		return (objects_fail(call, OBJECTS_LATER, "out of memory"));
	f.body = document;
	result = request_perform(&r, &f, call);
	/* S3 may send status 200 before it has finished and then report an error in the body (AWS, CompleteMultipartUpload). */
	if (result == OBJECTS_OK && !response_field(&f, "ETag", etag, OBJECTS_ETAG_MAX))
		result = response_error(&r, &f, call);
	free(document);
	fetch_free(&f);

	return (result);
}

static enum objects_result
s3_remove(struct s3_request *r, struct objects_call *call)
{
	struct fetch		f = { 0 };
	enum objects_result	result;

	r->method = "DELETE";
	result = request_perform(r, &f, call);
	fetch_free(&f);
	if (result != OBJECTS_MISSING)
		return (result);
	*call->error = '\0';

	return (OBJECTS_OK);
}

static enum objects_result
s3_abort(const char *key, const char *upload, struct objects_call *call)
{
	struct s3_request	r = { .key = key, .query = { { "uploadId", upload } } };

	return (s3_remove(&r, call));
}

static enum objects_result
s3_delete(const char *key, struct objects_call *call)
{
	struct s3_request	r = { .key = key };

	return (s3_remove(&r, call));
}

/* Appends the parts of one page. Returns 0 if the response is malformed or memory is out. */
static int
parts_parse(const struct fetch *f, struct objects_part **parts, size_t *count)
{
	const char		*at = f->response, *end = f->response + f->response_len;
	struct objects_part	*grown, *p;
	char			number[16], size[24];

	while (at != NULL && xml_next(&at, end, "PartNumber", number, sizeof(number))) {
		if ((grown = realloc(*parts, (*count + 1) * sizeof(*grown))) == NULL)
			return (0);
		*parts = grown;
		p = &grown[(*count)++];
		memset(p, 0, sizeof(*p));
		p->number = atoi(number);
		if (!xml_next(&at, end, "ETag", p->etag, sizeof(p->etag)) || !xml_next(&at, end, "Size", size, sizeof(size)))
			return (0);
		p->size = strtoull(size, NULL, 10);
	}

	return (1);
}

static enum objects_result
s3_parts(const char *key, const char *upload, struct objects_part **parts, size_t *count, struct objects_call *call)
{
	char			marker[16] = "0", more[8];
	struct s3_request	r = { .method = "GET", .key = key,
	    .query = { { "max-parts", LIST_PAGE }, { "part-number-marker", marker }, { "uploadId", upload } } };
	struct fetch		f;
	enum objects_result	result;

	do {
		memset(&f, 0, sizeof(f));
		*more = '\0';
		if ((result = request_perform(&r, &f, call)) == OBJECTS_OK) {
			(void)response_field(&f, "IsTruncated", more, sizeof(more));
			if (!parts_parse(&f, parts, count))
				result = objects_fail(call, OBJECTS_LATER, "object storage error: the list of parts is malformed");
			if (*count > 0)
				snprintf(marker, sizeof(marker), "%d", (*parts)[*count - 1].number);
		}
		fetch_free(&f);
	} while (result == OBJECTS_OK && !strcmp(more, "true") && *count > 0);
	if (result != OBJECTS_OK) {
		free(*parts);
		*parts = NULL;
		*count = 0;
	}

	return (result);
}

/* Finds an upload to the key. The prefix also matches longer keys, which follow in the list. */
static enum objects_result
s3_upload(const char *key, const char *except, char *upload, struct objects_call *call)
{
	struct s3_request	r = { .method = "GET", .query = { { "prefix", key }, { "uploads", "" } } };
	struct fetch		f = { 0 };
	enum objects_result	result;
	const char		*at, *end;
	char			found[OBJECTS_KEY_MAX + 8];
	int			same = 0;

	if ((result = request_perform(&r, &f, call)) == OBJECTS_OK) {
		at = f.response;
		end = f.response + f.response_len;
		while (!same && at != NULL && xml_next(&at, end, "Key", found, sizeof(found)))
			same = xml_next(&at, end, "UploadId", upload, OBJECTS_UPLOAD_MAX) && !strcmp(found, key) && strcmp(upload, except) != 0;
		result = same ? OBJECTS_OK : OBJECTS_MISSING;
	}
	fetch_free(&f);

	return (result);
}

/* Calls each for the objects of one page. Returns non-zero to stop. */
static int
page_each(const struct fetch *f, int (*each)(void *, const char *, uint64_t), void *ctx)
{
	const char	*at = f->response, *end = f->response + f->response_len;
	char		key[OBJECTS_KEY_MAX + 8], size[24];

	while (at != NULL && xml_next(&at, end, "Key", key, sizeof(key))) {
		if (!xml_next(&at, end, "Size", size, sizeof(size)))
			return (1);
		if (each(ctx, key, strtoull(size, NULL, 10)))
			return (1);
	}

	return (0);
}

static enum objects_result
s3_list(const char *prefix, int (*each)(void *, const char *, uint64_t), void *ctx, struct objects_call *call)
{
	char			next[2048] = "";
	struct s3_request	r = { .method = "GET" };
	struct fetch		f;
	enum objects_result	result;
	int			stop = 0, n;

	do {
		n = 0;
		if (*next != '\0')
			r.query[n++] = (struct s3_pair){ "continuation-token", next };
		r.query[n++] = (struct s3_pair){ "list-type", "2" };
		r.query[n++] = (struct s3_pair){ "max-keys", LIST_PAGE };
		r.query[n++] = (struct s3_pair){ "prefix", prefix };
		memset(&f, 0, sizeof(f));
		if ((result = request_perform(&r, &f, call)) == OBJECTS_OK) {
			if (!response_field(&f, "NextContinuationToken", next, sizeof(next)))
				*next = '\0';
			stop = page_each(&f, each, ctx);
		}
		fetch_free(&f);
	} while (result == OBJECTS_OK && !stop && *next != '\0');

	return (result);
}

static enum objects_result
s3_probe(struct objects_call *call)
{
	struct s3_request	r = { .method = "HEAD" };
	struct fetch		f = { 0 };
	enum objects_result	result;

	result = request_perform(&r, &f, call);
	fetch_free(&f);

	return (result == OBJECTS_REFUSED || result == OBJECTS_MISSING ? head_explain(NULL, result, call) : result);
}

/*
 * Cuts the validity of a URL to that of the credentials, which object storage
 * does anyway, so that X-Amz-Expires is true. Logs once for URLs of viewers and
 * once for those of uploads that they end early.
 */
static int
seconds_cut(const struct s3_keys *keys, const char *method, int seconds, time_t now)
{
	static atomic_flag	told[2] = { ATOMIC_FLAG_INIT, ATOMIC_FLAG_INIT };
	int			is_get = !strcmp(method, "GET");

	if (keys->expires == 0 || keys->expires - now >= seconds)
		return (seconds);
	if (!atomic_flag_test_and_set(&told[is_get]))
		log_event(LOG_LEVEL_WARN, is_get ? "presigned URLs end early, with the temporary AWS credentials; set S3_SIGNING_ACCESS_KEY" :
		    "presigned URLs for uploads end early, with the temporary AWS credentials", LOG_I("wanted_seconds", seconds),
		    LOG_I("seconds", keys->expires - now));

	return (keys->expires > now ? (int)(keys->expires - now) : 1);
}

/*
 * Signs a URL. A film's is signed for CloudFront, if that is configured; other GET
 * URLs with the permanent key of S3_SIGNING_ACCESS_KEY, if that is set; all others
 * with the credentials for the bucket, with which they end.
 */
static int
s3_sign_url(const char *base, const char *method, const char *key, const char *upload, int number, int seconds, time_t from, char *url)
{
	struct s3_request	r = { .method = method, .key = key };
	struct s3_keys		keys;
	char			text[16];

	(void)base;
	if (!strcmp(method, "GET") && cdn_serves(key))
		return (cdn_sign(key, from + seconds, url));
	snprintf(text, sizeof(text), "%d", number);
	if (upload != NULL) {
		r.query[0] = (struct s3_pair){ "partNumber", text };
		r.query[1] = (struct s3_pair){ "uploadId", upload };
	}

	if ((strcmp(method, "GET") || !aws_keys_signing(&keys)) && !aws_keys_get(&keys, 0, NULL, 0))
		return (0);

	return (s3_presign(&bucket, &keys, &r, seconds_cut(&keys, method, seconds, from), from, url));
}

/* The credentials are renewed when half of their life is left. Until then URLs are signed with what is left of them. */
static int
s3_presign_life(void)
{
	struct s3_keys	keys;
	time_t		now = time(NULL);

	if (cdn_enabled() || aws_keys_signing(&keys))
		return (OBJECTS_SECONDS_MAX);
	if (!aws_keys_get(&keys, 1, NULL, 0))
		return (0);
	if (keys.expires == 0)
		return (*keys.token != '\0' ? -1 : OBJECTS_SECONDS_MAX);

	return ((int)((keys.expires - now) / 2));
}

static int
s3_presign_seconds(int seconds)
{
	struct s3_keys	keys;
	time_t		now = time(NULL);

	if (cdn_enabled() || aws_keys_signing(&keys))
		return (seconds);
	if (!aws_keys_get(&keys, 0, NULL, 0))
		return (0);
	if (keys.expires == 0 || keys.expires - now >= seconds)
		return (seconds);

	return (keys.expires > now ? (int)(keys.expires - now) : 0);
}

static int
s3_plain_url(const char *base, const char *key, char *url)
{
	(void)base;

	return (s3_url(&bucket, key, url));
}

static const char *
bucket_name(void)
{
	return (conf_str(CONF_S3_BUCKET));
}

const struct objects_backend	objects_s3 = {
	.chosen_by = CONF_S3_BUCKET, .configure = configure, .bucket = bucket_name, .start = aws_keys_start,
	.head = s3_head,
	.read = s3_read,
	.put = s3_put,
	.begin = s3_begin,
	.part = s3_part,
	.complete = s3_complete,
	.abort = s3_abort,
	.upload = s3_upload,
	.parts = s3_parts,
	.delete = s3_delete,
	.list = s3_list,
	.probe = s3_probe,
	.presign = s3_sign_url,
	.presign_life = s3_presign_life,
	.presign_seconds = s3_presign_seconds,
	.url = s3_plain_url,
};
