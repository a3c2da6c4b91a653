/*
 * Presigned URLs for administrators: to upload artwork and other small files,
 * and to read any object (docs/compatibility.md#asset-presign,
 * #asset-get-url).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"
#include "store/object_key.h"
#include "store/objects.h"

#define PUT_SECONDS	900
#define READ_SECONDS	3600
#define READ_SECONDS_MAX	86400
#define KIND_MAX	32

/* Replies 500 with the reason, after the guard has allowed the request. */
static void
refuse(struct request *r, const char *message)
{
	sql_refusal(r, 500, request_format(r, "{\"message\":\"%s\",\"error\":\"%s\"}", message,
	    objects_enabled() ? "cannot create a presigned URL" : "S3 bucket not configured"));
	sql_refuse(r);
}

/* Returns the body's kind, "asset" if it is absent, NULL if it is not a valid folder name. */
static const char *
kind_read(struct request *r)
{
	const char	*kind = request_text(r, "kind");
	int		node = r->json.count > 0 ? json_get(&r->json, 0, "kind") : -1;

	if (node < 0 || json_kind(&r->json, node) == 'n')
		return ("asset");
	if (kind == NULL || *kind == '\0' || strlen(kind) > KIND_MAX ||
	    strspn(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(kind))
		return (NULL);

	return (kind);
}

ROUTE(POST, "/api/admin/assets/presign", assets_presign, .guard = "movies:manage", .strict = 1);

static void
assets_presign(struct request *r)
{
	char		base[SIGN_BASE_MAX], key[OBJECTS_KEY_MAX + 1], url[OBJECTS_URL_MAX], public[OBJECTS_URL_MAX];
	const char	*kind = kind_read(r);

	if (kind == NULL) {
		sql_refusal(r, 400, "{\"message\":\"kind must be 1 to 32 letters, digits, hyphens or underscores\"}");
		sql_refuse(r);
		return;
	}
	sign_base(r, base);
	object_key_make(kind, NULL, key);
	if (!objects_presign(base, "PUT", key, PUT_SECONDS, url)) {
		refuse(r, "Failed to presign asset upload");
		return;
	}
	request_param(r, "kind", kind);
	request_param(r, "key", key);
	request_param(r, "url", url);
	request_param(r, "publicUrl", sign_public_url(base, key, public) ? public : NULL);
	sql_reply(r, "assets/presign");
}

/* Returns the body's expiresIn in seconds; one hour if it is absent, 0 or not a number (docs/compatibility.md#asset-get-url). */
static int
seconds_read(struct request *r)
{
	int	node = r->json.count > 0 ? json_get(&r->json, 0, "expiresIn") : -1;
	double	n = node >= 0 ? body_number(&r->json, node) : 0;

	if (n == 0 || isnan(n))
		return (READ_SECONDS);

	return (n < 1 ? 1 : n > READ_SECONDS_MAX ? READ_SECONDS_MAX : (int)n);
}

ROUTE(POST, "/api/admin/assets/get-url", assets_get_url, .guard = "movies:view", .strict = 1);

static void
assets_get_url(struct request *r)
{
	char		base[SIGN_BASE_MAX], url[OBJECTS_URL_MAX];
	const char	*key = request_text(r, "key");

	if (key == NULL || *key == '\0') {
		sql_refusal(r, 400, "{\"message\":\"key is required\"}");
		sql_refuse(r);
		return;
	}
	if (!objects_key_readable(key)) {
		sql_refusal(r, 400, "{\"message\":\"key is not a valid object key\"}");
		sql_refuse(r);
		return;
	}
	sign_base(r, base);
	if (!objects_presign(base, "GET", key, seconds_read(r), url)) {
		refuse(r, "Failed to presign asset read");
		return;
	}
	request_param(r, "url", url);
	sql_reply(r, "assets/get-url");
}
