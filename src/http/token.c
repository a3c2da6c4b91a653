/*
 * JWTs by libjwt.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>
#include <bearssl.h>
#include <jwt.h>

#include "base/conf.h"
#include "base/hex.h"
#include "base/random.h"
#include "http/token.h"

#define TIME_MAX	1e15	/* seconds */
#define ISSUED_MAX	253402300799	/* the end of the year 9999, which PostgreSQL can represent */

static const char *
secret(enum token_kind kind)
{
	return (conf_str(kind == TOKEN_ACCESS ? CONF_JWT_ACCESS_SECRET : CONF_JWT_REFRESH_SECRET));
}

/* Returns the secret that the present one has replaced, "" if there is none. */
static const char *
secret_previous(enum token_kind kind)
{
	return (conf_str(kind == TOKEN_ACCESS ? CONF_JWT_ACCESS_SECRET_PREVIOUS : CONF_JWT_REFRESH_SECRET_PREVIOUS));
}

/* Reads a numeric claim that is not an integer. Returns 0 if the claim is not a number or is out of range. */
static int
time_parse(jwt_t *jwt, const char *name, int64_t *out)
{
	char	*json = jwt_get_grants_json(jwt, name), *end;
	double	value;
	int	ok = 0;

	if (json == NULL)
		return (0);
	value = strtod(json, &end);	/* no conversion for other types: in JSON a string begins with a quote, true with a letter */
	if (end != json && *end == '\0' && fabs(value) <= TIME_MAX) {
		*out = (int64_t)value;
		ok = 1;
	}
	jwt_free_str(json);

	return (ok);
}

/* Returns a time claim in seconds, or -1 if it is missing. Sets *ok to 0 if the claim is not a number or is out of range. */
static int64_t
claim_time(jwt_t *jwt, const char *name, int *ok)
{
	int64_t	value = jwt_get_grant_int(jwt, name);

	if (errno == ENOENT)
		return (-1);
	if (errno != 0 ? !time_parse(jwt, name, &value) : fabs((double)value) > TIME_MAX)
		*ok = 0;

	return (value);
}

static int
claims_read(jwt_t *jwt, struct token *out)
{
	const char	*user = jwt_get_grant(jwt, "userId"), *device = jwt_get_grant(jwt, "deviceId"),
	    *session = jwt_get_grant(jwt, "session");
	int64_t		iat, exp;
	int		ok = 1;

	iat = claim_time(jwt, "iat", &ok);
	exp = claim_time(jwt, "exp", &ok);
	out->from = claim_time(jwt, "nbf", &ok);
	out->until = exp >= 0 ? exp : INT64_MAX;
	if (!ok || !token_current(out))
		return (0);
	if (user == NULL || *user == '\0' || strlen(user) > 18 || strspn(user, "0123456789") != strlen(user) ||
	    strtoll(user, NULL, 10) == 0)
		return (0);
	out->user_id = strdup(user);
	out->device_id = strdup(device != NULL ? device : "");
	out->lifetime = iat >= 0 && exp > iat ? exp - iat : 0;
	out->session = session != NULL ? strdup(session) : NULL;
	out->issued = iat >= 0 && iat <= ISSUED_MAX ? iat : -1;
	if (out->user_id == NULL || out->device_id == NULL || (session != NULL && out->session == NULL))
		fatal("out of memory");

	return (1);
}

int
token_current(const struct token *t)
{
	int64_t	now = (int64_t)time(NULL);

	return (now >= t->from && now < t->until);
}

static int
token_decode(jwt_t **jwt, const char *text, const char *key)
{
	return (*key != '\0' && jwt_decode(jwt, text, (const unsigned char *)key, (int)strlen(key)) == 0);
}

int
token_verify(enum token_kind kind, const char *text, struct token *out)
{
	jwt_t	*jwt;
	int	ok;

	memset(out, 0, sizeof(*out));
	if (!token_decode(&jwt, text, secret(kind)) && !token_decode(&jwt, text, secret_previous(kind)))
		return (0);
	ok = jwt_get_alg(jwt) == JWT_ALG_HS256 && claims_read(jwt, out);
	jwt_free(jwt);

	return (ok);
}

void
token_free(struct token *t)
{
	free(t->user_id);
	free(t->device_id);
	free(t->session);
	memset(t, 0, sizeof(*t));
}

static jwt_t *
token_begin(enum token_kind kind, const char *user_id, const char *device_id, int64_t seconds)
{
	const char	*key = secret(kind);
	jwt_t		*jwt;
	time_t		now = time(NULL);

	if (jwt_new(&jwt) != 0 || jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)key, (int)strlen(key)) != 0 ||
	    jwt_add_grant(jwt, "userId", user_id) != 0 || jwt_add_grant(jwt, "deviceId", device_id) != 0 ||
	    jwt_add_grant_int(jwt, "iat", now) != 0 || jwt_add_grant_int(jwt, "exp", now + seconds) != 0)
		fatal("cannot create a JWT");

	return (jwt);
}

static char *
token_end(jwt_t *jwt)
{
	char	*text, *copy;

	if ((text = jwt_encode_str(jwt)) == NULL || (copy = strdup(text)) == NULL)
		fatal("cannot create a JWT");
	jwt_free_str(text);
	jwt_free(jwt);

	return (copy);
}

char *
token_access(const char *user_id, const char *email, const char *role, const char *permissions, const char *device_id,
    const char *session, int64_t seconds)
{
	jwt_t	*jwt = token_begin(TOKEN_ACCESS, user_id, device_id, seconds);
	char	list[2048];

	snprintf(list, sizeof(list), "{\"permissions\":%s}", permissions);
	if (jwt_add_grant(jwt, "email", email) != 0 || jwt_add_grant(jwt, "role", role) != 0 || jwt_add_grants_json(jwt, list) != 0 ||
	    jwt_add_grant(jwt, "session", session) != 0)
		fatal("cannot create a JWT");

	return (token_end(jwt));
}

char *
token_refresh(const char *user_id, const char *device_id, int64_t seconds)
{
	jwt_t	*jwt = token_begin(TOKEN_REFRESH, user_id, device_id, seconds);
	char	uuid[RANDOM_UUID_MAX];

	random_uuid(uuid);
	if (jwt_add_grant(jwt, "tokenId", uuid) != 0)
		fatal("cannot create a JWT");

	return (token_end(jwt));
}

void
token_digest(const char *text, char out[TOKEN_DIGEST_MAX])
{
	br_sha256_context	ctx;
	unsigned char		digest[br_sha256_SIZE];

	br_sha256_init(&ctx);
	br_sha256_update(&ctx, text, strlen(text));
	br_sha256_out(&ctx, digest);
	memcpy(out, "sha256:", 8);
	hex_write(out + 7, digest, sizeof(digest));
}
