/*
 * Replacement of URL placeholders in JSON text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/random.h"
#include "http/request.h"
#include "http/signed_token.h"
#include "http/sign.h"
#include "store/objects.h"
#include "store/local/local_objects.h"

#define PREFIX_BYTES	16

const char *
sign_placeholder(void)
{
	static char	prefix[2 * PREFIX_BYTES + 1];

	if (*prefix == '\0')
		random_hex(prefix, PREFIX_BYTES);

	return (prefix);
}

/* Returns the closing quote of a JSON string, or end. */
static const char *
string_end(const char *p, const char *end)
{
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;

	return (p < end ? p : end);
}

/* Unescapes an object key. Returns 0 if it is empty, too long, or has an escape other than \" \\ \/, which no key needs. */
static int
key_unescape(const char *p, const char *end, char out[OBJECTS_KEY_MAX + 1])
{
	size_t	n = 0;

	for (; p < end; p++) {
		if (*p == '\\' && (++p == end || strchr("\"\\/", *p) == NULL))
			return (0);
		if (n == OBJECTS_KEY_MAX)
			return (0);
		out[n++] = *p;
	}
	out[n] = '\0';

	return (n > 0);
}

/* URLs of this API that contain a signed token. */
static const struct api_url {
	const char	*begin;		/* of the placeholder's value */
	const char	*purpose;	/* of the token */
	const char	*path, *name;	/* before and after the token */
} api_urls[] = {
	{ ":gate:", SIGN_GATE_PURPOSE, SIGN_GATE_PATH, "" },
	{ ":hls:", SIGN_PLAY_PURPOSE, SIGN_PLAY_PATH, "/master.m3u8" },
	{ ":hls0:", SIGN_PLAY_PURPOSE, SIGN_PLAY_PATH, "/master.m3u8?define=0" },
	{ ":dash:", SIGN_PLAY_PURPOSE, SIGN_PLAY_PATH, "/manifest.mpd" },
	{ ":previews:", SIGN_PLAY_PURPOSE, SIGN_PLAY_PATH, "/previews.vtt" },
};

/* Writes a URL of this API, or null without an origin. text is that of the token. */
static void
api_url_write(struct kore_buf *out, const char *base, const struct api_url *u, const char *text, const char *end)
{
	char	copy[SIGNED_TOKEN_TEXT_MAX], token[SIGNED_TOKEN_MAX];

	snprintf(copy, sizeof(copy), "%.*s", (int)(end - text), text);
	signed_token_make(u->purpose, copy, SIGN_PLAY_SECONDS, token);
	if (*base == '\0')
		kore_buf_appendf(out, "null");
	else
		kore_buf_appendf(out, "\"%s%s%s%s\"", base, u->path, token, u->name);
}

/* Writes the URL of a placeholder. value begins after sign_placeholder(): ":<seconds>:<key>" or that of api_urls. */
static void
value_sign(struct kore_buf *out, const char *base, const char *value, const char *end)
{
	char	key[OBJECTS_KEY_MAX + 1], url[OBJECTS_URL_MAX];
	char	*colon;
	long	seconds;
	size_t	i;

	for (i = 0; i < sizeof(api_urls) / sizeof(*api_urls); i++) {
		if (!strncmp(value, api_urls[i].begin, strlen(api_urls[i].begin))) {
			api_url_write(out, base, &api_urls[i], value + strlen(api_urls[i].begin), end);
			return;
		}
	}
	seconds = strtol(value + 1, &colon, 10);
	if (!key_unescape(colon + 1, end, key) || !objects_presign(base, "GET", key, (int)seconds, url))
		kore_buf_appendf(out, "null");
	else
		kore_buf_appendf(out, "\"%s\"", url);
}

void
sign_origin(const struct request *r, char base[SIGN_BASE_MAX])
{
	const char	*origin = conf_str(CONF_PUBLIC_API_ORIGIN);

	*base = '\0';
	if (*origin != '\0') {
		snprintf(base, SIGN_BASE_MAX, "%.*s", (int)(strlen(origin) - (origin[strlen(origin) - 1] == '/')), origin);
		return;
	}
	if (*r->client.host != '\0')
		snprintf(base, SIGN_BASE_MAX, "%s://%s", r->client.tls ? "https" : "http", r->client.host);
}

void
sign_base(const struct request *r, char base[SIGN_BASE_MAX])
{
	*base = '\0';
	if (local_enabled())
		sign_origin(r, base);
}

int
sign_public_url(const char *base, const char *key, char url[OBJECTS_URL_MAX])
{
	const char	*front = conf_str(CONF_PUBLIC_ASSET_BASE);
	size_t		len = strlen(front);

	if (len == 0)
		return (objects_public_url(base, key, url));

	return (snprintf(url, OBJECTS_URL_MAX, "%s%s%s", front, front[len - 1] == '/' ? "" : "/", key) < OBJECTS_URL_MAX);
}

const char *
sign_object(struct request *r, const char *key)
{
	char	base[SIGN_BASE_MAX], url[OBJECTS_URL_MAX];

	sign_base(r, base);

	return (objects_presign_steady(base, key, SIGN_PLAY_SECONDS, SIGN_STEADY_SECONDS, url) ? request_copy(r, url) : NULL);
}

void
sign_body(struct kore_buf *out, const char *base, const char *body, size_t len)
{
	const char	*prefix = sign_placeholder(), *end = body + len, *p = body, *found, *close;

	while ((found = memmem(p, (size_t)(end - p), prefix, strlen(prefix))) != NULL) {
		close = string_end(found, end);
		kore_buf_append(out, p, (size_t)(found - 1 - p));	/* up to the opening quote */
		value_sign(out, base, found + strlen(prefix), close);
		p = close + 1;
	}
	kore_buf_append(out, p, (size_t)(end - p));
}
