/*
 * Signature version 4, with BearSSL's HMAC.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>

#include "store/s3.h"

#define SHA256_LEN	br_sha256_SIZE
#define SIGNED_MAX	(S3_PAIRS_MAX + 4)	/* headers: host, date, hash and token besides those of the request */

/* A text of limited size; full is set if something did not fit. */
struct text {
	char	*data;
	size_t	size, len;
	int	full;
};

/* Date and credential scope of a signature. */
struct scope {
	char	stamp[20];	/* 20130524T000000Z */
	char	text[128];	/* 20130524/us-east-1/s3/aws4_request */
};

static void	text_addf(struct text *, const char *, ...) __attribute__((format(printf, 2, 3)));

static void
text_addf(struct text *t, const char *fmt, ...)
{
	va_list	args;
	int	n;

	va_start(args, fmt);
	n = vsnprintf(t->data + t->len, t->size - t->len, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->size - t->len)
		t->full = 1;
	else
		t->len += (size_t)n;
}

/* Percent-encodes all but unreserved characters (RFC 3986 §2.3) and, with keep_slash, slashes. */
static void
text_add_encoded(struct text *t, const char *s, int keep_slash)
{
	for (; *s != '\0' && !t->full; s++) {
		if ((*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z') ||
		    strchr("-._~", *s) != NULL || (*s == '/' && keep_slash))
			text_addf(t, "%c", *s);
		else
			text_addf(t, "%%%02X", (unsigned char)*s);
	}
}

static void
text_add_hex(struct text *t, const unsigned char *bytes, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		text_addf(t, "%02x", bytes[i]);
}

static void
hmac(unsigned char out[SHA256_LEN], const void *key, size_t key_len, const char *data, size_t len)
{
	br_hmac_key_context	kc;
	br_hmac_context		hc;

	br_hmac_key_init(&kc, &br_sha256_vtable, key, key_len);
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, data, len);
	br_hmac_out(&hc, out);
}

void
s3_hash(const void *data, size_t len, char hex[S3_HASH_HEX])
{
	br_sha256_context	sha;
	unsigned char		digest[SHA256_LEN];
	struct text		t = { .data = hex, .size = S3_HASH_HEX };

	br_sha256_init(&sha);
	br_sha256_update(&sha, data, len);
	br_sha256_out(&sha, digest);
	text_add_hex(&t, digest, sizeof(digest));
}

static void
scope_make(struct scope *s, const struct s3_bucket *b, time_t now)
{
	struct tm	tm;

	gmtime_r(&now, &tm);
	strftime(s->stamp, sizeof(s->stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(s->text, sizeof(s->text), "%.8s/%.64s/s3/aws4_request", s->stamp, b->region);
}

static void
signing_key(unsigned char out[SHA256_LEN], const struct s3_bucket *b, const struct s3_keys *keys, const char *stamp)
{
	char		first[sizeof(keys->secret_key) + 8], day[9];
	const char	*steps[] = { day, b->region, "s3", "aws4_request" };
	size_t		i;

	snprintf(day, sizeof(day), "%.8s", stamp);
	snprintf(first, sizeof(first), "AWS4%s", keys->secret_key);
	hmac(out, first, strlen(first), steps[0], strlen(steps[0]));
	for (i = 1; i < 4; i++)
		hmac(out, out, SHA256_LEN, steps[i], strlen(steps[i]));
	memset(first, 0, sizeof(first));
}

static void
signature(const struct s3_bucket *b, const struct s3_keys *keys, const struct scope *s, const struct text *canonical,
    char hex[S3_HASH_HEX])
{
	unsigned char	digest[SHA256_LEN], key[SHA256_LEN];
	char		data[512], hash[S3_HASH_HEX];
	struct text	t = { .data = data, .size = sizeof(data) };
	struct text	out = { .data = hex, .size = S3_HASH_HEX };

	s3_hash(canonical->data, canonical->len, hash);
	text_addf(&t, "AWS4-HMAC-SHA256\n%s\n%s\n%s", s->stamp, s->text, hash);
	signing_key(key, b, keys, s->stamp);
	hmac(digest, key, sizeof(key), t.data, t.len);
	text_add_hex(&out, digest, sizeof(digest));
	memset(key, 0, sizeof(key));
}

/* Writes the bucket's URL: scheme://name.host, or scheme://host/name with in_path. */
static void
bucket_url(const struct s3_bucket *b, struct text *url)
{
	const char	*host = strstr(b->endpoint, "://");
	size_t		len;

	if (*b->endpoint == '\0') {
		text_addf(url, "https://%s%ss3.%s.amazonaws.com", b->in_path ? "" : b->name, b->in_path ? "" : ".", b->region);
	} else if (host != NULL) {
		host += 3;
		len = strlen(host) - (host[strlen(host) - 1] == '/');
		text_addf(url, "%.*s%s%s%.*s", (int)(host - b->endpoint), b->endpoint, b->in_path ? "" : b->name,
		    b->in_path ? "" : ".", (int)len, host);
	}
	if (b->in_path) {
		text_addf(url, "/");
		text_add_encoded(url, b->name, 0);
	}
}

static int
url_make(const struct s3_bucket *b, const char *key, struct text *url)
{
	bucket_url(b, url);
	if (key != NULL || !b->in_path)
		text_addf(url, "/");
	if (key != NULL)
		text_add_encoded(url, key, 1);

	return (!url->full);
}

int
s3_url(const struct s3_bucket *b, const char *key, char url[S3_URL_MAX])
{
	struct text	t = { .data = url, .size = S3_URL_MAX };

	return (url_make(b, key, &t));
}

int
s3_path(const char *key, char *path, size_t size)
{
	struct text	t = { .data = path, .size = size };

	*path = '\0';
	text_add_encoded(&t, key, 1);

	return (!t.full);
}

static void
query_add(struct text *q, const char *name, const char *value)
{
	if (q->len > 0)
		text_addf(q, "&");
	text_add_encoded(q, name, 0);
	text_addf(q, "=");
	text_add_encoded(q, value, 0);
}

/* Finds host and path in the result of url_make(). */
static void
url_split(const char *url, const char **host, int *host_len, const char **path)
{
	*host = strstr(url, "://") + 3;
	*host_len = (int)strcspn(*host, "/");
	*path = *host + *host_len;
}

int
s3_presign(const struct s3_bucket *b, const struct s3_keys *keys, const struct s3_request *r, int seconds, time_t now,
    char url[S3_URL_MAX])
{
	char		request[2 * S3_URL_MAX], query[S3_URL_MAX], credential[512], number[16], hex[S3_HASH_HEX];
	struct text	u = { .data = url, .size = S3_URL_MAX }, q = { .data = query, .size = sizeof(query) };
	struct text	canonical = { .data = request, .size = sizeof(request) };
	const char	*host, *path;
	struct scope	scope;
	int		host_len, i;

	if (!url_make(b, r->key, &u))
		return (0);
	scope_make(&scope, b, now);
	snprintf(credential, sizeof(credential), "%s/%s", keys->access_key, scope.text);
	snprintf(number, sizeof(number), "%d", seconds);
	/* The canonical query is sorted by bytes: X-Amz- in capitals comes before the request's own lower-case names. */
	query_add(&q, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
	query_add(&q, "X-Amz-Credential", credential);
	query_add(&q, "X-Amz-Date", scope.stamp);
	query_add(&q, "X-Amz-Expires", number);
	if (*keys->token != '\0')
		query_add(&q, "X-Amz-Security-Token", keys->token);
	query_add(&q, "X-Amz-SignedHeaders", "host");
	for (i = 0; i < S3_PAIRS_MAX && r->query[i].name != NULL; i++)
		query_add(&q, r->query[i].name, r->query[i].value);

	url_split(url, &host, &host_len, &path);
	text_addf(&canonical, "%s\n%s\n%s\nhost:%.*s\n\nhost\nUNSIGNED-PAYLOAD", r->method, path, query, host_len, host);
	if (q.full || canonical.full)
		return (0);
	signature(b, keys, &scope, &canonical, hex);
	text_addf(&u, "?%s&X-Amz-Signature=%s", query, hex);

	return (!u.full);
}

static int
pair_compare(const void *a, const void *b)
{
	return (strcmp(((const struct s3_pair *)a)->name, ((const struct s3_pair *)b)->name));
}

/* Writes the canonical headers and the list of signed headers; the list also to names, for the Authorization header. */
static void
headers_add(struct text *canonical, struct s3_pair *headers, size_t count, struct text *names)
{
	size_t	i;

	qsort(headers, count, sizeof(*headers), pair_compare);
	for (i = 0; i < count; i++) {
		text_addf(canonical, "%s:%s\n", headers[i].name, headers[i].value);
		text_addf(names, "%s%s", i > 0 ? ";" : "", headers[i].name);
	}
	text_addf(canonical, "\n%s\n", names->data);
}

/* Collects the headers to sign and writes the request's own as header lines. */
static int
headers_collect(const struct s3_keys *keys, const struct s3_request *r, const char *host, const char *stamp,
    struct s3_signed *s, struct s3_pair out[SIGNED_MAX], size_t *count)
{
	size_t	n = 0, i;
	int	len, ok = 1;

	out[n++] = (struct s3_pair){ "host", host };
	out[n++] = (struct s3_pair){ "x-amz-content-sha256", r->hash };
	out[n++] = (struct s3_pair){ "x-amz-date", stamp };
	if (*keys->token != '\0')
		out[n++] = (struct s3_pair){ "x-amz-security-token", keys->token };
	for (i = 0; i < S3_PAIRS_MAX && r->headers[i].name != NULL; i++) {
		out[n++] = r->headers[i];
		len = snprintf(s->extra[i], sizeof(s->extra[i]), "%s: %s", r->headers[i].name, r->headers[i].value);
		ok &= len > 0 && (size_t)len < sizeof(s->extra[i]);
	}
	*count = n;

	return (ok);
}

int
s3_sign(const struct s3_bucket *b, const struct s3_keys *keys, const struct s3_request *r, time_t now, struct s3_signed *s)
{
	char		request[2 * S3_URL_MAX], query[4096] = "", names[512], host[512], hex[S3_HASH_HEX];
	struct text	u = { .data = s->url, .size = S3_URL_MAX }, q = { .data = query, .size = sizeof(query) };
	struct text	canonical = { .data = request, .size = sizeof(request) }, list = { .data = names, .size = sizeof(names) };
	struct text	auth = { .data = s->authorization, .size = sizeof(s->authorization) };
	struct s3_pair	headers[SIGNED_MAX];
	struct scope	scope;
	const char	*at, *path;
	size_t		count;
	int		host_len, i, ok;

	memset(s, 0, sizeof(*s));
	if (!url_make(b, r->key, &u))
		return (0);
	scope_make(&scope, b, now);
	for (i = 0; i < S3_PAIRS_MAX && r->query[i].name != NULL; i++)
		query_add(&q, r->query[i].name, r->query[i].value);
	url_split(s->url, &at, &host_len, &path);
	snprintf(host, sizeof(host), "%.*s", host_len, at);

	text_addf(&canonical, "%s\n%s\n%s\n", r->method, path, query);
	ok = headers_collect(keys, r, host, scope.stamp, s, headers, &count);
	headers_add(&canonical, headers, count, &list);
	text_addf(&canonical, "%s", r->hash);
	signature(b, keys, &scope, &canonical, hex);

	text_addf(&auth, "authorization: AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s", keys->access_key,
	    scope.text, names, hex);
	snprintf(s->date, sizeof(s->date), "x-amz-date: %s", scope.stamp);
	snprintf(s->hash, sizeof(s->hash), "x-amz-content-sha256: %s", r->hash);
	if (*keys->token != '\0')
		snprintf(s->token, sizeof(s->token), "x-amz-security-token: %s", keys->token);
	if (q.len > 0)
		text_addf(&u, "?%s", query);

	return (ok && !q.full && !canonical.full && !list.full && !auth.full && !u.full);
}
