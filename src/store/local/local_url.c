/*
 * URLs of objects in a local directory. A signed URL holds method, expiry and an
 * HMAC over them and the key. Every process derives the signing key from
 * JWT_ACCESS_SECRET, and checks with that of JWT_ACCESS_SECRET_PREVIOUS, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bearssl.h>

#include "base/conf.h"
#include "base/mac.h"
#include "store/local/local_url.h"
#include "store/local/local_objects.h"

#define SECRET_LABEL	"wanzami addresses of local media"

static unsigned char	secret[br_sha256_SIZE], previous[br_sha256_SIZE];

static void
secret_derive(const char *key, unsigned char out[br_sha256_SIZE])
{
	br_hkdf_context	hkdf;

	br_hkdf_init(&hkdf, &br_sha256_vtable, SECRET_LABEL, strlen(SECRET_LABEL));
	br_hkdf_inject(&hkdf, key, strlen(key));
	br_hkdf_flip(&hkdf);
	(void)br_hkdf_produce(&hkdf, "url", 3, out, br_sha256_SIZE);
}

void
localurl_init(void)
{
	const char	*before = conf_str(CONF_JWT_ACCESS_SECRET_PREVIOUS);

	secret_derive(conf_str(CONF_JWT_ACCESS_SECRET), secret);
	secret_derive(*before != '\0' ? before : conf_str(CONF_JWT_ACCESS_SECRET), previous);
}

/* Writes the HMAC over the fields of a URL. */
static void
grant_sign(const unsigned char by[br_sha256_SIZE], const char *method, const char *key, const char *expires, const char *upload, const char *part,
    char hex[2 * br_sha256_SIZE + 1])
{
	const char	*fields[] = { method, key, expires, upload != NULL ? upload : "", part != NULL ? part : "" };

	mac_make(by, br_sha256_SIZE, fields, sizeof(fields) / sizeof(fields[0]), br_sha256_SIZE, hex);
}

/* Returns 1 if the signature of a URL is that of this secret. */
static int
grant_fits(const unsigned char by[br_sha256_SIZE], const struct local_grant *g)
{
	char	hex[2 * br_sha256_SIZE + 1];

	grant_sign(by, g->allowed, g->key, g->expires, g->upload, g->part, hex);

	return (mac_same(hex, strlen(hex), g->sig, strlen(g->sig)));
}

/* Returns 1 for a key that clients may read without a signature (docs/compatibility.md#public-prefixes). */
static int
key_is_public(const char *key)
{
	static const char	*prefixes[] = { "poster/", "thumbnail/", "trailer/", "trailers/", "asset/" };
	size_t			i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (!strncmp(key, prefixes[i], strlen(prefixes[i])))
			return (1);
	}

	return (!strncmp(key, "preview", 7) && strchr(key, '/') != NULL);
}

int
local_allows(const struct local_grant *g, time_t now)
{
	int	reads = !strcmp(g->method, "GET") || !strcmp(g->method, "HEAD");

	if (!objects_key_ok(g->key))
		return (0);
	if (g->sig == NULL)
		return (reads && key_is_public(g->key));
	if (g->allowed == NULL || g->expires == NULL || strcmp(g->allowed, reads ? "GET" : g->method) ||
	    strtoll(g->expires, NULL, 10) < (long long)now || (g->upload == NULL) != (g->part == NULL))
		return (0);

	return (grant_fits(secret, g) || grant_fits(previous, g));
}

/* Writes base, LOCAL_PATH and the percent-encoded key. Returns the length; 0 if it does not fit. */
static size_t
url_begin(const char *base, const char *key, char *url)
{
	const char	*p;
	size_t		n;

	if ((n = (size_t)snprintf(url, OBJECTS_URL_MAX, "%s%s", base, LOCAL_PATH)) >= OBJECTS_URL_MAX)
		return (0);
	for (p = key; *p != '\0'; p++) {
		if (n + 4 > OBJECTS_URL_MAX)
			return (0);
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || strchr("-._~/", *p) != NULL)
			url[n++] = *p;
		else
			n += (size_t)snprintf(url + n, 4, "%%%02X", (unsigned char)*p);
	}
	url[n] = '\0';

	return (n);
}

int
localurl_plain(const char *base, const char *key, char *url)
{
	return (url_begin(base, key, url) > 0);
}

int
localurl_presign(const char *base, const char *method, const char *key, const char *upload, int number, int seconds,
    time_t from, char *url)
{
	char	expires[24], part[16], more[OBJECTS_UPLOAD_MAX + 32] = "", hex[2 * br_sha256_SIZE + 1];
	size_t	n = url_begin(base, key, url);
	int	len;

	snprintf(expires, sizeof(expires), "%lld", (long long)from + seconds);
	snprintf(part, sizeof(part), "%d", number);
	if (upload != NULL)
		snprintf(more, sizeof(more), "&upload=%s&part=%s", upload, part);
	grant_sign(secret, method, key, expires, upload, upload != NULL ? part : NULL, hex);
	len = snprintf(url + n, OBJECTS_URL_MAX - n, "?expires=%s&method=%s%s&sig=%s", expires, method, more, hex);

	return (n > 0 && len > 0 && (size_t)len < OBJECTS_URL_MAX - n);
}

const char *
local_type(const char *key, const unsigned char *b, size_t len)
{
	static const struct { const char *end, *type; }	names[] = {
		{ ".mp4", "video/mp4" }, { ".m4v", "video/mp4" }, { ".m4s", "video/mp4" }, { ".m4a", "audio/mp4" }, { ".webm", "video/webm" },
		{ ".vtt", "text/vtt" },
		{ ".m3u8", "application/vnd.apple.mpegurl" }, { ".mpd", "application/dash+xml" }, { ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" }, { ".png", "image/png" }, { ".webp", "image/webp" }, { ".json", "application/json" } };
	const char	*dot = strrchr(key, '.');
	size_t		i;

	for (i = 0; dot != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcasecmp(dot, names[i].end))
			return (names[i].type);
	}
	if (len >= 3 && !memcmp(b, "\xff\xd8\xff", 3))
		return ("image/jpeg");
	if (len >= 8 && !memcmp(b, "\x89PNG\r\n\x1a\n", 8))
		return ("image/png");
	if (len >= 6 && (!memcmp(b, "GIF87a", 6) || !memcmp(b, "GIF89a", 6)))
		return ("image/gif");
	if (len >= 12 && !memcmp(b, "RIFF", 4) && !memcmp(b + 8, "WEBP", 4))
		return ("image/webp");
	if (len >= 12 && !memcmp(b + 4, "ftyp", 4))
		return (!memcmp(b + 8, "avif", 4) ? "image/avif" : "video/mp4");
	if (len >= 4 && !memcmp(b, "\x1a\x45\xdf\xa3", 4))
		return ("video/webm");
	if (len >= 6 && !memcmp(b, "WEBVTT", 6))
		return ("text/vtt");

	return ("application/octet-stream");
}
