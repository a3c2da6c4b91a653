/*
 * Campaigns: e-mail to many recipients (docs/compatibility.md#email-campaigns).
 * Their mails are queued in the outbox. The response to a test campaign is sent
 * after each of its mails was tried once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"
#include "net/mail.h"

#define CAMPAIGN	.guard = "ops:manage", .strict = 1, .issues = "Invalid payload", .body_max = CAMPAIGN_BODY, .mails = 1
#define AUDIENCE	.guard = "users:view", .strict = 1, .query = audience_query, .slow = 1, .pages = 1
#define CAMPAIGN_BODY	4194304
#define INDEX_MAX	9007199254740991	/* 2^53 - 1, Number.MAX_SAFE_INTEGER of JavaScript */
#define TEST_MAX	50	/* recipients of a test campaign */
#define POLL_MS		100
#define TEST_WAIT_MS	45000	/* load balancers time out after 60 s */

#define CAMPAIGN_FIELDS(most)									\
	FIELD("subject", FIELD_STRING, .required = 1, .min = 1, .empty = "Subject is required"),	\
	FIELD("html", FIELD_STRING, .required = 1, .min = 1, .empty = "Email body is required"),	\
	FIELD("recipients", FIELD_OBJECTS, .required = 1, .min = 1, .max = (most), .of = recipient_fields,	\
	    .empty = "At least one recipient is required"),						\
	FIELD("startIndex", FIELD_COUNT, .max = INDEX_MAX),					\
	FIELD("batchSize", FIELD_COUNT, .min = 1, .max = INDEX_MAX),				\
	FIELD_END

static const struct field	recipient_fields[] = {
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("name", FIELD_STRING),
	FIELD_END
};

static const struct field	send_fields[] = { CAMPAIGN_FIELDS(0) };
static const struct field	test_fields[] = { CAMPAIGN_FIELDS(TEST_MAX) };

static const struct param	audience_query[] = {
	PARAMS_PAGE,
	PARAM("q", PARAM_TEXT),
	PARAM_END
};

ROUTE_SQL(GET, "/api/admin/email/audience/users", "campaigns/audience", AUDIENCE);
ROUTE_SQL(GET, "/api/admin/email/audience", "campaigns/audience", AUDIENCE);	/* path of the admin app's proxy */

/* Adds the origin of the unsubscribe links, NULL if the request has no valid host. */
static void
origin_param(struct request *r)
{
	char	origin[SIGN_BASE_MAX];

	sign_origin(r, origin);
	request_param(r, "origin", *origin != '\0' ? origin : NULL);
}

ROUTE(POST, "/api/admin/email/send", campaign_send, CAMPAIGN, .fields = send_fields, .slow = 1);

static void
campaign_send(struct request *r)
{
	const char	*key;

	origin_param(r);
	request_param(r, "key", http_request_header(r->kore, "idempotency-key", &key) ? key : NULL);
	sql_reply(r, "campaigns/send");
}

/* A test campaign whose mails are being sent. */
struct test {
	u_int64_t	deadline;
};

static void	test_poll(void *, u_int64_t);

static void
test_counted(struct request *r, const PGresult *res)
{
	struct test	*t = r->state;

	if (atoi(sql_text(res, "pending")) == 0 || kore_time_ms() >= t->deadline) {
		sql_reply(r, "campaigns/test-result");
		return;
	}
	request_wait(r);
	kore_timer_add(test_poll, POLL_MS, r, KORE_TIMER_ONESHOT);
}

static void
test_poll(void *arg, u_int64_t now)
{
	struct request	*r = arg;

	(void)now;
	if (!request_resume(r))
		return;
	sql_query(r, "campaigns/test-look", test_counted);
	request_settle(r);
}

static void
test_queued(struct request *r, const PGresult *res)
{
	struct test	*t = request_alloc(r, sizeof(*t));
	int		off = !mail_enabled() && strcmp(conf_str(CONF_WANZAMI_ENV), "development");

	t->deadline = kore_time_ms() + (off ? 0 : TEST_WAIT_MS);
	r->state = t;
	request_param(r, "campaign", sql_text(res, "id"));
	request_param(r, "pendingError", off ? "No mail server is configured" : "Not tried yet, and not sent later: no process that sends mail was free");
	sql_query(r, "campaigns/test-look", test_counted);
}

ROUTE(POST, "/api/admin/email/test", campaign_test, CAMPAIGN, .fields = test_fields);

static void
campaign_test(struct request *r)
{
	origin_param(r);
	sql_query(r, "campaigns/test", test_queued);
}
