/*
 * Support tickets (docs/compatibility.md#support-tickets).
 */
#include "base/conf.h"
#include "http/guard.h"
#include "http/route.h"
#include "http/sql.h"

#define STAFF	.guard = "users:manage", .strict = 1

static const struct field	reply_fields[] = {
	FIELD("message", FIELD_STRING, .required = 1, .min = 1, .max = 5000),
	FIELD_END
};

static const struct param	list_query[] = {
	PARAM("q", PARAM_TEXT),
	PARAM("email", PARAM_TEXT),
	PARAM("days", PARAM_POSITIVE, .max = 700000),
	PARAM("status", PARAM_CHOICE, .choices = "OPEN|IN_PROGRESS|RESOLVED|CLOSED"),
	PARAM("limit", PARAM_COUNT, .min = 1, .max = 200, .otherwise = "50"),
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/support/tickets", "support/list", STAFF, .query = list_query, .slow = 1);
ROUTE_SQL(PATCH, "/api/admin/support/tickets/:id", "support/update", STAFF, .id = "ticket");
ROUTE_SQL(GET, "/api/admin/support/tickets/:id/messages", "support/messages", STAFF, .id = "ticket");
ROUTE_SQL(POST, "/api/admin/support/tickets/:id/messages", "support/reply", STAFF, .id = "ticket", .fields = reply_fields,
    .issues = "Invalid reply payload", .mails = 1);

ROUTE(POST, "/api/support/tickets", support_open, .limit = "ticket", .mails = 1, .unstorable = "Invalid ticket payload");

static void
support_open(struct request *r)
{
	guard_optional(r);
	request_param(r, "supportEmail", conf_str(CONF_SUPPORT_EMAIL));
	sql_reply(r, "support/open");
}
