/*
 * Administrators, their invitations and roles, and the list of users
 * (docs/compatibility.md#invitations-and-roles).
 */
#include "base/conf.h"
#include "http/password.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/session.h"
#include "http/sql.h"

/* Two paths: the admin app's proxy uses the shorter one, its page the longer one (docs/compatibility.md#path-aliases). */
#define CHANGE_ROLE	.guard = "admin:users:manage", .id = "user", .id_wrong = "Missing user id or role"

#define ROLES	"SUPER_ADMIN|CONTENT_MANAGER|BLOG_EDITOR|MODERATOR|SUPPORT|FINANCE|ANALYTICS|OPS"

static const struct field	invite_fields[] = {
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("role", FIELD_CHOICE, .required = 1, .choices = ROLES),
	FIELD_END
};

static const struct field	accept_fields[] = {
	FIELD("token", FIELD_STRING, .required = 1),
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("name", FIELD_STRING, .required = 1, .min = 2),
	FIELD("password", FIELD_PASSWORD, .required = 1, .min = 8),
	FIELD_END
};

static const struct param	page_query[] = {
	PARAMS_PAGE,
	PARAM_END
};

static const struct param	viewers_query[] = {
	PARAMS_PAGE,
	PARAM("q", PARAM_TEXT),
	PARAM_END
};

ROUTE_SQL(POST, "/api/admin/invitations", "team/invite", .guard = "admin:invites:manage", .fields = invite_fields, .mails = 1);
ROUTE_SQL(GET, "/api/admin/invitations", "team/invitations", .guard = "admin:invites:manage", .query = page_query, .slow = 1);
ROUTE_SQL(DELETE, "/api/admin/invitations/:id", "team/revoke", .guard = "admin:invites:manage", .id = "invitation", .id_wrong = "Invalid id");
ROUTE_SQL(GET, "/api/admin/users", "team/admins", .guard = "admin:users:manage", .query = page_query);
ROUTE_SQL(GET, "/api/admin/users/all", "team/viewers", .guard = "admin:users:manage", .query = viewers_query, .slow = 1, .pages = 1);
ROUTE_SQL(PATCH, "/api/admin/users/:id/role", "team/role", CHANGE_ROLE);
ROUTE_SQL(PATCH, "/api/admin/users/:id", "team/role", CHANGE_ROLE);
ROUTE_SQL(DELETE, "/api/admin/users/:id", "team/remove", .guard = "admin:users:manage", .id = "user");

/* Accepting an invitation */

static void
accept_hashed(struct request *r, const char *hash)
{
	struct session_user	*user = r->state;

	request_param(r, "passwordHash", hash);
	request_param(r, "foundId", user->id);
	request_param(r, "foundRole", user->role);
	session_params(r, user, NULL, conf_int(CONF_ACCESS_TOKEN_EXPIRES_IN), conf_int(CONF_REFRESH_TOKEN_EXPIRES_IN));
	sql_reply(r, "team/accept");
}

static void
accept_found(struct request *r, const PGresult *res)
{
	r->state = request_alloc(r, sizeof(struct session_user));
	session_user(r, res, r->state);
	password_hash(r, request_text(r, "password"), accept_hashed);
}

ROUTE(POST, "/api/admin/invitations/accept", team_accept, .password = 1, .limit = "accept", .fields = accept_fields);

static void
team_accept(struct request *r)
{
	if (!password_strong(request_text(r, "password")))
		reply_message(r, 400, PASSWORD_WEAK);
	else
		sql_query(r, "team/accept-find", accept_found);
}
