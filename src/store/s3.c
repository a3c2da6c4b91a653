/*
 * Signature version 4 in the query string, on BearSSL's HMAC.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bearssl.h>

#include "base/conf.h"
#include "store/s3.h"

#define SHA256_LEN	br_sha256_SIZE

/* Text that remembers that it did not fit. */
struct text {
	char	*data;
	size_t	size, len;
	int	full;
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

/* RFC 3986: unreserved characters stay, a slash too where it separates folders. */
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

static void
signing_key(unsigned char out[SHA256_LEN], const struct s3_bucket *b, const char day[9])
{
	const char	*steps[] = { day, b->region, "s3", "aws4_request" };
	char		first[256];
	size_t		i, len;

	len = (size_t)snprintf(first, sizeof(first), "AWS4%s", b->secret_key);
	hmac(out, first, len < sizeof(first) ? len : sizeof(first) - 1, steps[0], strlen(steps[0]));
	for (i = 1; i < 4; i++)
		hmac(out, out, SHA256_LEN, steps[i], strlen(steps[i]));
}

/* scheme://host of the bucket, and whether its name stands in the path. */
static int
address(const struct s3_bucket *b, struct text *base)
{
	if (*b->endpoint != '\0') {
		text_addf(base, "%.*s", (int)strlen(b->endpoint) - (b->endpoint[strlen(b->endpoint) - 1] == '/'), b->endpoint);
		return (1);
	}
	if (strlen(b->name) < 3 || strchr(b->name, '.') != NULL) {
		text_addf(base, "https://s3.%s.amazonaws.com", b->region);
		return (1);
	}
	text_addf(base, "https://%s.s3.%s.amazonaws.com", b->name, b->region);

	return (0);
}

static void
sign(const struct s3_bucket *b, const char *request, const char *stamp, const char *scope, char hex[2 * SHA256_LEN + 1])
{
	br_sha256_context	sha;
	unsigned char		digest[SHA256_LEN], key[SHA256_LEN];
	char			data[512], day[9];
	struct text		t = { .data = data, .size = sizeof(data) };
	struct text		out = { .data = hex, .size = 2 * SHA256_LEN + 1 };

	br_sha256_init(&sha);
	br_sha256_update(&sha, request, strlen(request));
	br_sha256_out(&sha, digest);
	text_addf(&t, "AWS4-HMAC-SHA256\n%s\n%s\n", stamp, scope);
	text_add_hex(&t, digest, sizeof(digest));

	snprintf(day, sizeof(day), "%.8s", stamp);
	signing_key(key, b, day);
	hmac(digest, key, sizeof(key), t.data, t.len);
	text_add_hex(&out, digest, sizeof(digest));
	memset(key, 0, sizeof(key));
}

const struct s3_bucket *
s3_configured(void)
{
	static struct s3_bucket	b;

	b.endpoint = conf_str(CONF_S3_ENDPOINT);
	b.region = conf_str(CONF_S3_REGION);
	b.name = conf_str(CONF_S3_BUCKET);
	b.access_key = conf_str(CONF_S3_ACCESS_KEY);
	b.secret_key = conf_str(CONF_S3_SECRET_KEY);

	return (*b.name != '\0' && *b.access_key != '\0' && *b.secret_key != '\0' ? &b : NULL);
}

int
s3_presign(const struct s3_bucket *b, const char *method, const char *key, int seconds, time_t now,
    char out[S3_URL_MAX])
{
	char		request[2 * S3_URL_MAX], query[1024], scope[128], stamp[20], hex[2 * SHA256_LEN + 1];
	struct text	url = { .data = out, .size = S3_URL_MAX };
	struct text	q = { .data = query, .size = sizeof(query) };
	struct text	r = { .data = request, .size = sizeof(request) };
	struct tm	tm;
	const char	*host, *path;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(scope, sizeof(scope), "%.8s/%s/s3/aws4_request", stamp, b->region);

	if (address(b, &url)) {
		text_addf(&url, "/");
		text_add_encoded(&url, b->name, 0);
	}
	text_addf(&url, "/");
	text_add_encoded(&url, key, 1);

	text_addf(&q, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
	text_add_encoded(&q, b->access_key, 0);
	text_addf(&q, "%%2F");
	text_add_encoded(&q, scope, 0);
	text_addf(&q, "&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-SignedHeaders=host", stamp, seconds);

	if (url.full || (host = strstr(out, "://")) == NULL)
		return (0);
	host += 3;
	path = host + strcspn(host, "/");
	text_addf(&r, "%s\n%s\n%s\nhost:%.*s\n\nhost\nUNSIGNED-PAYLOAD", method, path, query, (int)(path - host), host);
	if (q.full || r.full)
		return (0);
	sign(b, request, stamp, scope, hex);
	text_addf(&url, "?%s&X-Amz-Signature=%s", query, hex);

	return (!url.full);
}
