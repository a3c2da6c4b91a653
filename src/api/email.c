/*
 * Letters to many (docs/compatibility.md#email-campaigns). They are queued in
 * the outbox like every mail; who sends a test waits until each of its mails
 * was tried once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "http/route.h"
#include "http/sql.h"
#include "net/mail.h"

#define LETTERS		.guard = "ops:manage", .strict = 1, .issues = "Invalid payload", .body_max = EMAIL_BODY, .mails = 1
#define AUDIENCE	.guard = "users:view", .strict = 1, .slow = 1
#define EMAIL_BODY	4194304
#define PLACE_MAX	9007199254740991	/* what JavaScript counts to */
#define TEST_MOST	50	/* recipients of a test */
#define LOOK_MS		100
#define PATIENCE_MS	45000	/* balancers give up after a minute */

#define EMAIL_FIELDS(most)									\
	FIELD("subject", FIELD_STRING, .required = 1, .min = 1, .empty = "Subject is required"),	\
	FIELD("html", FIELD_STRING, .required = 1, .min = 1, .empty = "Email body is required"),	\
	FIELD("recipients", FIELD_OBJECTS, .required = 1, .min = 1, .max = (most), .of = recipient_fields,	\
	    .empty = "At least one recipient is required"),						\
	FIELD("startIndex", FIELD_COUNT, .max = PLACE_MAX),					\
	FIELD("batchSize", FIELD_COUNT, .min = 1, .max = PLACE_MAX),				\
	FIELD_END

static const struct field	recipient_fields[] = {
	FIELD("email", FIELD_EMAIL, .required = 1),
	FIELD("name", FIELD_STRING),
	FIELD_END
};

static const struct field	send_fields[] = { EMAIL_FIELDS(0) };
static const struct field	test_fields[] = { EMAIL_FIELDS(TEST_MOST) };

ROUTE_SQL(POST, "/api/admin/email/send", "email/send", LETTERS, .fields = send_fields, .slow = 1);
ROUTE_SQL(GET, "/api/admin/email/audience/users", "email/audience", AUDIENCE);
ROUTE_SQL(GET, "/api/admin/email/audience", "email/audience", AUDIENCE);	/* as the admin app's proxy has it */

/* A test that is on its way. */
struct test {
	u_int64_t	deadline;
};

static void	test_look(void *, u_int64_t);

static void
test_looked(struct request *r, const PGresult *res)
{
	struct test	*t = r->state;

	if (atoi(sql_text(res, "pending")) == 0 || kore_time_ms() >= t->deadline) {
		sql_reply(r, "email/test-result");
		return;
	}
	request_wait(r);
	kore_timer_add(test_look, LOOK_MS, r, KORE_TIMER_ONESHOT);
}

static void
test_look(void *arg, u_int64_t now)
{
	struct request	*r = arg;

	(void)now;
	if (!request_resume(r))
		return;
	sql_query(r, "email/test-look", test_looked);
	request_settle(r);
}

static void
test_queued(struct request *r, const PGresult *res)
{
	struct test	*t = request_alloc(r, sizeof(*t));
	int		off = !mail_enabled() && strcmp(conf_str(CONF_WANZAMI_ENV), "development");

	t->deadline = kore_time_ms() + (off ? 0 : PATIENCE_MS);
	r->state = t;
	request_param(r, "campaign", sql_text(res, "id"));
	request_param(r, "pendingError", off ? "No mail server is configured" : "The mail server has not answered yet");
	sql_query(r, "email/test-look", test_looked);
}

ROUTE(POST, "/api/admin/email/test", email_test, LETTERS, .fields = test_fields);

static void
email_test(struct request *r)
{
	sql_query(r, "email/test", test_queued);
}
