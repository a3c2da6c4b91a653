/*
 * Accounts and sessions: signup, login, refresh, logout, verification and
 * password reset (docs/compatibility.md#accounts-and-sessions).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "base/random.h"
#include "http/limit.h"
#include "http/password.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/session.h"
#include "http/sql.h"
#include "http/token.h"

#define YEAR_SECONDS		(365 * 86400)

static const struct field	signup_fields[] = {
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("password", FIELD_PASSWORD, .required = 1, .min = 8),
	FIELD("name", FIELD_STRING, .required = 1, .min = 2),
	FIELD("deviceId", FIELD_STRING),
	FIELD("preferredGenres", FIELD_STRINGS),
	FIELD("birthYear", FIELD_INTEGER, .min = 1900, .max = FIELD_THIS_YEAR),
	FIELD_END
};

/* No upper limit here: older accounts can have passwords above the limit of FIELD_PASSWORD; bcrypt uses the first 72 bytes. */
static const struct field	login_fields[] = {
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("password", FIELD_STRING, .required = 1, .min = 8),
	FIELD("deviceId", FIELD_STRING),
	FIELD("rememberMe", FIELD_BOOLEAN),
	FIELD_END
};

static const struct field	refresh_fields[] = {
	FIELD("refreshToken", FIELD_STRING, .required = 1),
	FIELD("deviceId", FIELD_STRING),
	FIELD_END
};

static const struct field	logout_fields[] = {
	FIELD("refreshToken", FIELD_STRING),
	FIELD("deviceId", FIELD_STRING),
	FIELD_END
};

static const struct field	verify_fields[] = {
	FIELD("token", FIELD_STRING, .required = 1),
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD_END
};

static const struct field	email_fields[] = {
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD_END
};

static const struct field	reset_fields[] = {
	FIELD("token", FIELD_STRING, .required = 1),
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("password", FIELD_PASSWORD, .required = 1, .min = 8),
	FIELD_END
};

static const struct field	label_fields[] = {
	FIELD("deviceId", FIELD_STRING),
	FIELD("label", FIELD_STRING, .required = 1, .min = 1, .max = 64),
	FIELD_END
};

static const struct field	onboarding_fields[] = {
	FIELD("preferredGenres", FIELD_STRINGS, .required = 1, .min = 1),
	FIELD("heardFrom", FIELD_STRING),
	FIELD("birthYear", FIELD_INTEGER, .min = 1900, .max = FIELD_THIS_YEAR),
	FIELD_END
};

ROUTE_SQL(GET, "/api/auth/me", "auth/me", .guard = GUARD_USER);
ROUTE_SQL(GET, "/api/admin/me", "auth/me", .guard = "dashboard:view");
ROUTE_SQL(POST, "/api/auth/resend-verification", "auth/resend-verification", .limit = "resend", .fields = email_fields, .mails = 1);
ROUTE_SQL(POST, "/api/auth/forgot-password", "auth/forgot-password", .limit = "forgot", .fields = email_fields, .mails = 1);
ROUTE_SQL(POST, "/api/auth/complete-onboarding", "auth/complete-onboarding", .guard = GUARD_USER, .fields = onboarding_fields);

ROUTE(POST, "/api/auth/device-label", auth_device_label, .guard = GUARD_USER, .fields = label_fields);

static void
auth_device_label(struct request *r)
{
	request_param(r, "deviceLimit", conf_str(CONF_DEVICE_LIMIT));
	sql_reply(r, "auth/device-label");
}

/* Signup. heardFrom is not in the fields: it is stored if it is a string and ignored otherwise. */

static void
signup_hashed(struct request *r, const char *hash)
{
	char	uuid[RANDOM_UUID_MAX];

	random_uuid(uuid);
	request_param(r, "passwordHash", hash);
	request_param(r, "mailToken", uuid);
	request_param(r, "heardFrom", request_text(r, "heardFrom"));
	request_param(r, "welcome", conf_str(CONF_WELCOME_MAIL));
	sql_reply(r, "auth/signup");
}

ROUTE(POST, "/api/auth/signup", auth_signup, .password = 1, .limit = "signup", .fields = signup_fields, .mails = 1);

static void
auth_signup(struct request *r)
{
	password_hash(r, request_text(r, "password"), signup_hashed);
}

/* Login */

/* The account of the e-mail address of a login; all NULL if there is none. */
struct login {
	struct session_user	user;
	const char		*password;
	int			verified;
};

static int
remember_me(struct request *r)
{
	int	node = json_get(&r->json, 0, "rememberMe");

	return (node >= 0 && json_kind(&r->json, node) == 't');
}

static void
login_checked(struct request *r, int index)
{
	struct login	*l = r->state;

	if (index < 0) {
		reply_message(r, 401, "Invalid credentials");
		return;
	}
	if (!strncasecmp(r->route->path, "/api/admin/", 11) && !strcmp(l->user.role, "USER")) {
		reply_message(r, 403, "Admin access denied");
		return;
	}
	if (!l->verified) {
		reply_message(r, 403, "Email not verified. Check your inbox.");
		return;
	}
	limit_undo(r);
	limit_remember(r, l->user.email);
	request_param(r, "foundId", l->user.id);
	request_param(r, "foundPassword", l->password);
	request_param(r, "foundRole", l->user.role);
	session_params(r, &l->user, request_text(r, "deviceId"), conf_int(CONF_ADMIN_ACCESS_TOKEN_EXPIRES_IN),
	    remember_me(r) ? YEAR_SECONDS : conf_int(CONF_REFRESH_TOKEN_EXPIRES_IN));
	sql_reply(r, "auth/login");
}

static void
login_found(struct request *r, const PGresult *res)
{
	struct login	*l = request_alloc(r, sizeof(*l));

	session_user(r, res, &l->user);
	l->password = sql_copy(r, res, "password");
	l->verified = sql_text(res, "verified") != NULL && *sql_text(res, "verified") == 't';
	r->state = l;
	password_check(r, request_text(r, "password"), &l->password, l->password != NULL, login_checked);
}

ROUTE(POST, "/api/auth/login", auth_login, .password = 1, .limit = "login", .fields = login_fields);

static void
auth_login(struct request *r)
{
	sql_query(r, "auth/login-find", login_found);
}

ROUTE(POST, "/api/admin/login", admin_login, .password = 1, .limit = "login", .fields = login_fields);

static void
admin_login(struct request *r)
{
	sql_query(r, "auth/login-find", login_found);
}

/* Refresh */

/* A session of the token's device. */
struct refresh_session {
	const char	*id, *stored;	/* stored is the digest or, from the old service, the bcrypt hash of its refresh token */
	int		expired;	/* also if it has been replaced */
};

/* The result of the first step of a refresh. */
struct refresh {
	const char		*token;
	const char		*device;	/* of the token */
	int64_t			lifetime;
	struct session_user	user;
	struct refresh_session	*sessions;	/* those that have not expired first */
	int			nsessions;
	int			alive;		/* number of sessions that have not expired */
	int			*hashed;	/* indexes of the sessions with a bcrypt hash */
};

static void
refresh_continue(struct request *r, const char *session)
{
	struct refresh	*f = r->state;

	request_param(r, "sessionId", session);
	request_param(r, "permissions", f->user.permissions);
	session_params(r, &f->user, f->device, conf_int(CONF_ACCESS_TOKEN_EXPIRES_IN),
	    f->lifetime > conf_int(CONF_REFRESH_TOKEN_EXPIRES_IN) ? f->lifetime : conf_int(CONF_REFRESH_TOKEN_EXPIRES_IN));
	sql_reply(r, "auth/refresh");
}

/*
 * Answers once the token's session is known. index is -1 if there is none: the
 * session has been revoked, and the token has no power over later sessions of
 * the device. An expired session beside others has been replaced.
 */
static void
refresh_decide(struct request *r, int index)
{
	struct refresh	*f = r->state;

	if (index >= 0 && !f->sessions[index].expired)
		refresh_continue(r, f->sessions[index].id);
	else if (index >= 0)
		sql_reply(r, f->alive > 0 ? "auth/refresh-reused" : "auth/refresh-expired");
	else
		reply_message(r, 401, f->alive > 0 ? "Invalid refresh token" : "Session expired");
}

static void
refresh_checked(struct request *r, int index)
{
	struct refresh	*f = r->state;

	refresh_decide(r, index >= 0 ? f->hashed[index] : -1);
}

/* Copies the sessions: [[id, stored hash, expired], …]. */
static void
refresh_read(struct request *r, const struct json *doc)
{
	struct refresh		*f = r->state;
	struct refresh_session	*s;
	char			*id, *stored;
	int			i, node = 1;

	f->nsessions = doc->nodes[0].size;
	f->sessions = request_alloc(r, (size_t)f->nsessions * sizeof(*f->sessions));
	for (i = 0; i < f->nsessions; i++, node = json_next(doc, node)) {
		s = &f->sessions[i];
		id = json_plain(doc, node + 1);
		stored = json_plain(doc, node + 2);
		s->id = request_copy(r, id);
		s->stored = request_copy(r, stored);
		s->expired = json_kind(doc, node + 3) == 't';
		f->alive += !s->expired;
		free(id);
		free(stored);
	}
}

/* Finds the session of the token. */
static void
refresh_sessions(struct request *r)
{
	struct refresh	*f = r->state;
	const char	**hashes = request_alloc(r, (size_t)f->nsessions * sizeof(*hashes));
	char		digest[TOKEN_DIGEST_MAX];
	int		i, count = 0;

	f->hashed = request_alloc(r, (size_t)f->nsessions * sizeof(*f->hashed));
	token_digest(f->token, digest);
	for (i = 0; i < f->nsessions; i++) {
		if (!strcmp(f->sessions[i].stored, digest)) {
			refresh_decide(r, i);
			return;
		}
		if (!strncmp(f->sessions[i].stored, "$2", 2)) {
			hashes[count] = f->sessions[i].stored;
			f->hashed[count++] = i;
		}
	}
	if (count > 0)
		password_check(r, f->token, hashes, count, refresh_checked);
	else
		refresh_decide(r, -1);
}

static void
refresh_found(struct request *r, const PGresult *res)
{
	struct refresh	*f = r->state;
	const char	*sessions = sql_text(res, "sessions");
	struct json	doc;

	session_user(r, res, &f->user);
	if (f->user.id == NULL || sessions == NULL || json_parse(&doc, sessions, strlen(sessions)) != NULL) {
		reply_message(r, 401, "Session not found");
		return;
	}
	refresh_read(r, &doc);
	json_free(&doc);
	refresh_sessions(r);
}

static void
refresh_counted(struct request *r)
{
	sql_query(r, "auth/refresh-find", refresh_found);
}

ROUTE(POST, "/api/auth/refresh", auth_refresh, .fields = refresh_fields);

static void
auth_refresh(struct request *r)
{
	struct refresh	*f = request_alloc(r, sizeof(*f));
	const char	*device = request_text(r, "deviceId");
	struct token	token;

	f->token = request_text(r, "refreshToken");
	if (!token_verify(TOKEN_REFRESH, f->token, &token)) {
		reply_message(r, 401, "Invalid refresh token");
		return;
	}
	request_param(r, "tokenUser", token.user_id);
	request_param(r, "tokenDevice", token.device_id);
	r->state = f;
	f->device = request_copy(r, token.device_id);
	f->lifetime = token.lifetime;
	if (device != NULL && strcmp(device, f->device))
		reply_message(r, 401, "Session not found");
	else
		limit_try(r, "refresh", token.user_id, refresh_counted);
	token_free(&token);
}

/* Logout */

/*
 * Verifies the refresh token of the body, else the bearer token. Returns 1 and
 * sets out, which the caller frees with token_free(), and session, which names
 * the token's session or is empty.
 */
static int
logout_proven(struct request *r, const char *refresh, struct token *out, char session[TOKEN_DIGEST_MAX])
{
	const char	*bearer;

	*session = '\0';
	if (refresh != NULL && token_verify(TOKEN_REFRESH, refresh, out)) {
		token_digest(refresh, session);
		return (1);
	}
	if (!(http_request_header(r->kore, "authorization", &bearer) && !strncmp(bearer, "Bearer ", 7) &&
	    token_verify(TOKEN_ACCESS, bearer + 7, out)))
		return (0);
	if (out->session != NULL)
		snprintf(session, TOKEN_DIGEST_MAX, "%s", out->session);

	return (1);
}

static void
logout(struct request *r)
{
	const char	*refresh = request_text(r, "refreshToken"), *device = request_text(r, "deviceId");
	char		session[TOKEN_DIGEST_MAX];
	struct token	token;

	if ((refresh == NULL || *refresh == '\0') && (device == NULL || *device == '\0')) {
		sql_refusal(r, 400, "{\"message\":\"refreshToken or deviceId required to logout\"}");
		sql_refuse(r);
		return;
	}
	if (logout_proven(r, refresh, &token, session)) {
		request_param(r, "tokenSession", *session != '\0' ? session : NULL);
		request_param(r, "tokenIssued", token.issued >= 0 ? request_format(r, "%lld", (long long)token.issued) : NULL);
		request_param(r, "provenUser", token.user_id);
		request_param(r, "tokenDevice", token.device_id);
		request_param(r, "provenDevice", device != NULL && *device != '\0' ? device : token.device_id);
		token_free(&token);
	}
	sql_reply(r, "auth/logout");
}

ROUTE(POST, "/api/auth/logout", auth_logout, .fields = logout_fields);

static void
auth_logout(struct request *r)
{
	logout(r);
}

ROUTE(POST, "/api/admin/logout", admin_logout, .guard = GUARD_ADMIN, .fields = logout_fields);

static void
admin_logout(struct request *r)
{
	logout(r);
}

/*
 * Verification of an e-mail address and password reset. Only attempts with a
 * wrong token are counted, so that a link from a mail always works.
 */

static void
verify_wrong(struct request *r)
{
	reply_message(r, 400, "Invalid or expired token");
}

static void
verify_done(struct request *r, const PGresult *res)
{
	if (!strcmp(sql_text(res, "status"), "200"))
		sql_answer(r, res);
	else
		limit_try(r, "verify", request_text(r, "email"), verify_wrong);
}

ROUTE(POST, "/api/auth/verify-email", auth_verify, .fields = verify_fields, .mails = 1);

static void
auth_verify(struct request *r)
{
	request_param(r, "welcome", conf_str(CONF_WELCOME_MAIL));
	sql_query(r, "auth/verify-email", verify_done);
}

static void
reset_wrong(struct request *r)
{
	reply_message(r, 400, "Invalid or expired reset token");
}

static void
reset_hashed(struct request *r, const char *hash)
{
	limit_remember(r, request_text(r, "email"));
	request_param(r, "passwordHash", hash);
	request_param(r, "welcome", conf_str(CONF_WELCOME_MAIL));
	sql_reply(r, "auth/reset-password");
}

static void
reset_checked(struct request *r, const PGresult *res)
{
	const char	*password = request_text(r, "password");

	if (*sql_text(res, "fits") != 't')
		limit_try(r, "reset", request_text(r, "email"), reset_wrong);
	else if (!password_strong(password))
		reply_message(r, 400, PASSWORD_WEAK);
	else
		password_hash(r, password, reset_hashed);
}

ROUTE(POST, "/api/auth/reset-password", auth_reset, .password = 1, .fields = reset_fields, .mails = 1);

static void
auth_reset(struct request *r)
{
	sql_query(r, "auth/reset-check", reset_checked);
}
