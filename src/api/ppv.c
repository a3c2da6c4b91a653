/*
 * Purchases of pay-per-view titles, and access to them
 * (docs/compatibility.md#pay-per-view).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/conf.h"
#include "base/log.h"
#include "base/random.h"
#include "base/work.h"
#include "http/admission.h"
#include "http/body.h"
#include "http/client.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"
#include "net/payment.h"

#define COUNTRY_MAX	64

static const struct param	mine_query[] = {
	PARAM("profileId", PARAM_UNUSED),
	PARAM_END
};

static const struct param	purchases_query[] = {
	PARAM("limit", PARAM_DIGITS, .first = 1, .refuse = 1, .otherwise = "200"),
	PARAM("offset", PARAM_DIGITS, .first = 1, .refuse = 1, .otherwise = "0"),
	PARAM("status", PARAM_CHOICE, .first = 1, .refuse = 1, .choices = "PENDING|SUCCESS|FAILED|CANCELLED", .any_case = 1),
	PARAM("gateway", PARAM_TEXT, .first = 1),
	PARAM("userId", PARAM_ID, .first = 1, .refuse = 1),
	PARAM("q", PARAM_TEXT, .first = 1),
	PARAM_END
};

static const struct param	access_query[] = {
	PARAM("record", PARAM_CHOICE, .first = 1, .choices = "true|false", .any_case = 1, .otherwise = "true"),
	PARAM("profileId", PARAM_UNUSED),
	PARAM("country", PARAM_UNUSED),
	PARAM_END
};

ROUTE_SQL(GET, "/api/ppv/my-titles", "ppv/my-titles", .guard = GUARD_USER, .query = mine_query);
ROUTE_SQL(GET, "/api/admin/ppv/purchases", "ppv/purchases", .guard = "payments:view", .strict = 1, .query = purchases_query);
ROUTE_SQL(POST, "/api/admin/ppv/users/:id/reset", "ppv/forgive", .guard = "payments:manage", .strict = 1, .id = "user");

ROUTE(GET, "/api/ppv/access/:titleId", ppv_access, .guard = GUARD_USER, .query = access_query, .id = "title");

static void
ppv_access(struct request *r)
{
	char	network[CLIENT_ADDRESS_MAX], from[CLIENT_ADDRESS_MAX];

	client_network(&r->client, network);
	client_claimed(&r->client, from);
	request_param(r, "client", network);
	request_param(r, "from", from);
	request_param(r, "url", request_url(r));
	request_param(r, "strikePause", conf_str(CONF_PPV_STRIKE_PAUSE_SEC));
	request_param(r, "deniedStatus", conf_str(CONF_PPV_DENIED_STATUS));
	sql_reply(r, "ppv/access");
}

/* A purchase that is being started. Belongs to a work thread during the call to the payment gateway. */
struct purchase {
	struct request		*r;
	struct payment_order	order;
	const char		*currency, *naira;
	struct payment_response	answer;
};

/* Returns the body's titleId as decimal digits; NULL if it is absent or empty, "" if it is not an id. Sets sent to its JSON text. */
static const char *
title_read(struct request *r, const char **sent)
{
	int		node = r->json.count > 0 ? json_get(&r->json, 0, "titleId") : -1, kind;
	char		*id = request_alloc(r, BODY_ID_MAX);
	const char	*raw;
	size_t		len;

	if (node < 0)
		return (NULL);
	raw = json_raw(&r->json, node, &len);
	*sent = request_format(r, "%.*s", (int)len, raw);
	kind = json_kind(&r->json, node);
	if (kind == 'n' || kind == 'f' || !strcmp(*sent, "\"\"") || (kind == 0 && strtod(*sent, NULL) == 0))
		return (NULL);

	return (body_id(&r->json, node, id) ? id : "");
}

/* Returns 1 for two letters other than XX, which CDNs send for an unknown country. T1 (Tor) is not two letters. */
static int
is_country(const char *text)
{
	return (strlen(text) == 2 && isalpha((unsigned char)text[0]) && isalpha((unsigned char)text[1]) && strcasecmp(text, "XX") != 0);
}

/* Returns the buyer's country, which selects the payment gateway: x-country as it is, else a CDN's header; NULL if there is none. */
static const char *
country_read(struct request *r)
{
	static const char	*headers[] = { "x-country", "cf-ipcountry", "x-vercel-ip-country", "x-app-country" };
	const char		*value;
	char			*country, *p;
	size_t			i;

	for (i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		if (!http_request_header(r->kore, headers[i], &value) || (i > 0 && !is_country(value)))
			continue;
		country = request_format(r, "%.*s", COUNTRY_MAX, value);
		for (p = country; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		return (country);
	}

	return (NULL);
}

/* Returns PPV-{titleId}-{milliseconds}-{random}. The page that buyers return to reads the title id from it. */
static const char *
reference_make(struct request *r, const char *title)
{
	struct timespec	now;
	uint32_t	suffix;

	random_bytes(&suffix, sizeof(suffix));
	(void)clock_gettime(CLOCK_REALTIME, &now);

	return (request_format(r, "PPV-%s-%lld-%08x", title, (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, suffix));
}

static void
started_reply(struct request *r, const struct purchase *p)
{
	struct kore_buf	body;

	kore_buf_init(&body, 512);
	kore_buf_append(&body, "{", 1);
	if (p->answer.page != NULL) {
		kore_buf_appendf(&body, "\"authorizationUrl\":");
		json_quote(&body, p->answer.page);
		kore_buf_append(&body, ",", 1);
	}
	kore_buf_appendf(&body, "\"reference\":\"%s\",\"gateway\":\"%s\",\"currency\":\"%s\",\"amountNaira\":%s}", p->order.reference,
	    p->order.gateway, p->currency, p->naira);
	reply_json(r, 200, body.data, body.offset);
	kore_buf_cleanup(&body);
}

static void
gateway_reply(struct request *r, const struct purchase *p)
{
	switch (p->answer.result) {
	case PAYMENT_OK:
		started_reply(r, p);
		break;
	case PAYMENT_REFUSED:
		request_param(r, "details", p->answer.json);
		request_param(r, "refusal", strcmp(p->order.gateway, "PAYSTACK") ? "Flutterwave init failed" : "Paystack init failed");
		sql_reply(r, "ppv/refused");
		break;
	case PAYMENT_UNKNOWN:
		/* The purchase stays PENDING; the cron job payments asks the gateway again (jobs/payments.c). */
		log_event(LOG_LEVEL_WARN, "payment gateway error: cannot start the payment", LOG_S("id", r->id), LOG_S("reference", p->order.reference),
		    LOG_S("error", p->answer.error));
		reply_message(r, 500, "Failed to initiate PPV purchase");
		break;
	}
}

static void
gateway_call(void *arg)
{
	struct purchase	*p = arg;

	payment_begin(&p->order, &p->answer);
}

static void
gateway_answered(void *arg)
{
	struct purchase		*p = arg;
	struct payment_response	answer = p->answer;	/* p is freed with a request whose client has disconnected */
	struct request		*r = p->r;

	if (request_resume(r)) {
		gateway_reply(r, p);
		request_settle(r);
	}
	payment_free(&answer);
}

static void
purchase_inserted(struct request *r, const PGresult *res)
{
	struct purchase	*p = r->state;

	p->order.gateway = sql_copy(r, res, "gateway");
	p->order.user = sql_copy(r, res, "user");
	p->order.email = sql_copy(r, res, "email");
	p->order.name = sql_copy(r, res, "name");
	p->order.minor = strtoll(sql_text(res, "minor"), NULL, 10);
	p->currency = sql_copy(r, res, "currency");
	p->naira = sql_copy(r, res, "naira");
	if (work_run(WORK_REMOTE, gateway_call, gateway_answered, p)) {
		/* A refusal of the gateway is recorded even if the client has disconnected. */
		request_persist(r);
		request_wait_outside(r);
	} else {
		reply_message(r, 503, ADMISSION_BUSY);
	}
}

ROUTE(POST, "/api/ppv/initiate", ppv_initiate, .guard = GUARD_USER);

static void
ppv_initiate(struct request *r)
{
	struct purchase	*p = request_alloc(r, sizeof(*p));
	const char	*title;

	title = title_read(r, &p->order.title);
	if (title == NULL || *title == '\0') {
		sql_refusal(r, 400, title == NULL ? "{\"message\":\"titleId required\"}" : "{\"message\":\"Invalid titleId\"}");
		sql_refuse(r);
		return;
	}
	p->r = r;
	p->order.reference = reference_make(r, title);
	r->state = p;
	request_param(r, "titleId", title);
	request_param(r, "payCountry", country_read(r));
	request_param(r, "reference", p->order.reference);
	sql_query(r, "ppv/initiate", purchase_inserted);
}
