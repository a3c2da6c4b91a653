/*
 * Requests to Paystack and Flutterwave.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/json.h"
#include "net/fetch.h"
#include "net/form.h"
#include "net/payment.h"

const char	*const payment_results[] = { [PAYMENT_OK] = "ok", [PAYMENT_REFUSED] = "refused", [PAYMENT_UNKNOWN] = "unknown" };

#define TIMEOUT_SEC	15
#define RESPONSE_MAX	65536	/* bytes; the gateways' responses have about two thousand */
#define LIST_MAX	(2u << 20)	/* bytes of a page of payment_list() */
#define LIST_PAGE	50	/* payments of a page of Paystack; Flutterwave's pages have 10 */
#define KEY_MAX		512

static int
is_paystack(const char *gateway)
{
	return (!strcmp(gateway, "PAYSTACK"));
}

static void
url_begin(struct kore_buf *url, enum conf_id base, const char *path)
{
	const char	*text = conf_str(base);
	size_t		len = strlen(text);

	kore_buf_init(url, 256);
	kore_buf_append(url, text, len - (text[len - 1] == '/'));
	kore_buf_append(url, path, strlen(path));
}

/*
 * Sends one request with the gateway's secret key. The response may have at most
 * "most" bytes. Returns 1 with the response parsed into doc, which the caller
 * passes to json_free().
 */
static int
request_perform(struct fetch *f, enum conf_id key, size_t most, struct json *doc, struct payment_response *a)
{
	char		bearer[KEY_MAX];
	const char	*headers[] = { bearer, "Content-Type: application/json", NULL }, *wrong;

	snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", conf_str(key));
	f->headers = headers;
	f->seconds = TIMEOUT_SEC;
	a->result = PAYMENT_UNKNOWN;
	if (!fetch_perform(f)) {
		a->unreachable = 1;
		snprintf(a->error, sizeof(a->error), "%s", f->error);
		return (0);
	}
	if (f->response == NULL || f->response_len > most) {
		snprintf(a->error, sizeof(a->error), "the gateway responded with status %d and an empty or too long body (%zu bytes)", f->status, f->response_len);
		return (0);
	}
	if ((wrong = json_parse(doc, f->response, f->response_len)) != NULL) {
		snprintf(a->error, sizeof(a->error), "the gateway responded with status %d and a body that is not valid JSON: %s", f->status, wrong);
		return (0);
	}
	a->json = strndup(f->response, f->response_len);

	return (1);
}

/* Returns 1 if the response reports success: Paystack's status is true, Flutterwave's is "success". */
static int
is_success(const char *gateway, const struct fetch *f, const struct json *doc)
{
	int	status = json_get(doc, 0, "status");

	if (f->status / 100 != 2 || status < 0)
		return (0);
	if (is_paystack(gateway))
		return (json_kind(doc, status) == 't');

	return (json_is(doc, status, "success"));
}

/* Returns a string member of the response's data object, which the caller frees; NULL if it is missing or not a string. */
static char *
data_text(const struct json *doc, const char *name)
{
	int	data = json_get(doc, 0, "data"), node = data >= 0 ? json_get(doc, data, name) : -1;

	return (node >= 0 && json_kind(doc, node) == JSMN_STRING ? json_plain(doc, node) : NULL);
}

static void
member_add(struct kore_buf *out, const char *name, const char *value)
{
	if (out->data[out->offset - 1] != '{')
		kore_buf_append(out, ",", 1);
	json_quote(out, name);
	kore_buf_append(out, ":", 1);
	json_quote(out, value);
}

/* Adds the URL to which the gateway sends the viewer back, if PAYSTACK_CALLBACK_URL is set (both gateways use it). */
static void
return_url_add(struct kore_buf *out, const char *name)
{
	if (*conf_str(CONF_PAYSTACK_CALLBACK_URL) != '\0')
		member_add(out, name, conf_str(CONF_PAYSTACK_CALLBACK_URL));
}

static void
paystack_write(struct kore_buf *out, const struct payment_order *o)
{
	kore_buf_appendf(out, "{\"amount\":%" PRId64, o->minor);
	member_add(out, "currency", "NGN");
	member_add(out, "email", o->email);
	member_add(out, "reference", o->reference);
	return_url_add(out, "callback_url");
	kore_buf_appendf(out, ",\"metadata\":{\"titleId\":%s", o->title);
	member_add(out, "userId", o->user);
	kore_buf_appendf(out, "}}");
}

static void
flutterwave_write(struct kore_buf *out, const struct payment_order *o)
{
	kore_buf_append(out, "{", 1);
	member_add(out, "tx_ref", o->reference);
	kore_buf_appendf(out, ",\"amount\":%" PRId64 ".%02" PRId64, o->minor / 100, o->minor % 100);
	member_add(out, "currency", "USD");
	return_url_add(out, "redirect_url");
	kore_buf_appendf(out, ",\"customer\":{");
	member_add(out, "email", o->email);
	member_add(out, "name", o->name);
	kore_buf_appendf(out, "},\"meta\":{\"titleId\":%s", o->title);
	member_add(out, "userId", o->user);
	member_add(out, "reference", o->reference);
	kore_buf_appendf(out, "}}");
}

void
payment_begin(const struct payment_order *o, struct payment_response *a)
{
	int		paystack = is_paystack(o->gateway);
	struct fetch	f = { .method = "POST" };
	struct kore_buf	url, body;
	struct json	doc;

	memset(a, 0, sizeof(*a));
	url_begin(&url, paystack ? CONF_PAYSTACK_BASE_URL : CONF_FLW_BASE_URL, paystack ? "/transaction/initialize" : "/v3/payments");
	kore_buf_init(&body, 1024);
	if (paystack)
		paystack_write(&body, o);
	else
		flutterwave_write(&body, o);
	f.url = kore_buf_stringify(&url, NULL);
	f.body = body.data;
	f.body_len = body.offset;
	if (request_perform(&f, paystack ? CONF_PAYSTACK_SECRET_KEY : CONF_FLW_SECRET_KEY, RESPONSE_MAX, &doc, a)) {
		a->result = is_success(o->gateway, &f, &doc) ? PAYMENT_OK : PAYMENT_REFUSED;
		a->page = data_text(&doc, paystack ? "authorization_url" : "link");
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&url);
	kore_buf_cleanup(&body);
}

void
payment_verify(const char *gateway, const char *reference, int (*canceled)(void *), void *ctx, struct payment_response *a)
{
	int		paystack = is_paystack(gateway);
	struct fetch	f = { .method = "GET", .canceled = canceled, .ctx = ctx };
	struct kore_buf	url;
	struct json	doc;

	memset(a, 0, sizeof(*a));
	url_begin(&url, paystack ? CONF_PAYSTACK_BASE_URL : CONF_FLW_BASE_URL,
	    paystack ? "/transaction/verify/" : "/v3/transactions/verify_by_reference?");
	if (paystack)
		form_segment(&url, reference);
	else
		form_add(&url, "tx_ref", reference);
	f.url = kore_buf_stringify(&url, NULL);
	if (request_perform(&f, paystack ? CONF_PAYSTACK_SECRET_KEY : CONF_FLW_SECRET_KEY, RESPONSE_MAX, &doc, a)) {
		if (is_success(gateway, &f, &doc))
			a->result = PAYMENT_OK;
		else if (f.status == 400 || f.status == 404)
			a->result = PAYMENT_REFUSED;
		else
			snprintf(a->error, sizeof(a->error), "the gateway responded with status %d", f.status);
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&url);
}

/* Writes the gateway's message to error. */
static void
refusal_read(const struct json *doc, int status, char *error, size_t size)
{
	int	node = json_get(doc, 0, "message");
	char	*text = node >= 0 && json_kind(doc, node) == JSMN_STRING ? json_plain(doc, node) : NULL;

	snprintf(error, size, "the gateway responded with status %d: %.200s", status, text != NULL ? text : "no message");
	free(text);
}

static void
list_url(struct kore_buf *url, int paystack, const char *first, const char *last, int page)
{
	char	from[32], to[32], number[16];

	snprintf(from, sizeof(from), paystack ? "%sT00:00:00.000Z" : "%s", first);
	snprintf(to, sizeof(to), paystack ? "%sT23:59:59.999Z" : "%s", last);
	snprintf(number, sizeof(number), "%d", page);
	url_begin(url, paystack ? CONF_PAYSTACK_BASE_URL : CONF_FLW_BASE_URL, paystack ? "/transaction?" : "/v3/transactions?");
	form_add(url, "from", from);
	form_add(url, "to", to);
	form_add(url, "status", paystack ? "success" : "successful");
	form_add(url, "page", number);
	if (paystack) {
		snprintf(number, sizeof(number), "%d", LIST_PAGE);
		form_add(url, "perPage", number);
	}
}

void
payment_list(const char *gateway, const char *first, const char *last, int page, int (*canceled)(void *), void *ctx, struct payment_response *a)
{
	int		paystack = is_paystack(gateway);
	struct fetch	f = { .method = "GET", .canceled = canceled, .ctx = ctx };
	struct kore_buf	url;
	struct json	doc;

	memset(a, 0, sizeof(*a));
	list_url(&url, paystack, first, last, page);
	f.url = kore_buf_stringify(&url, NULL);
	if (request_perform(&f, paystack ? CONF_PAYSTACK_SECRET_KEY : CONF_FLW_SECRET_KEY, LIST_MAX, &doc, a)) {
		a->result = is_success(gateway, &f, &doc) ? PAYMENT_OK : PAYMENT_REFUSED;
		if (a->result != PAYMENT_OK)
			refusal_read(&doc, f.status, a->error, sizeof(a->error));
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&url);
}

void
payment_refund(const char *gateway, const char *reference, const char *transaction, int64_t minor, int (*canceled)(void *), void *ctx,
    struct payment_response *a)
{
	int		paystack = is_paystack(gateway);
	struct fetch	f = { .method = "POST", .canceled = canceled, .ctx = ctx };
	struct kore_buf	url, body;
	struct json	doc;

	memset(a, 0, sizeof(*a));
	url_begin(&url, paystack ? CONF_PAYSTACK_BASE_URL : CONF_FLW_BASE_URL, paystack ? "/refund" : "/v3/transactions/");
	kore_buf_init(&body, 256);
	kore_buf_append(&body, "{", 1);
	if (paystack) {
		member_add(&body, "transaction", reference);
		kore_buf_appendf(&body, ",\"amount\":%" PRId64 "}", minor);
	} else {
		form_segment(&url, transaction);
		kore_buf_appendf(&url, "/refund");
		kore_buf_appendf(&body, "\"amount\":%" PRId64 ".%02" PRId64 "}", minor / 100, minor % 100);
	}
	f.url = kore_buf_stringify(&url, NULL);
	f.body = body.data;
	f.body_len = body.offset;
	if (request_perform(&f, paystack ? CONF_PAYSTACK_SECRET_KEY : CONF_FLW_SECRET_KEY, RESPONSE_MAX, &doc, a)) {
		if (is_success(gateway, &f, &doc))
			a->result = PAYMENT_OK;
		else if (f.status / 100 == 4 && f.status != 401 && f.status != 408 && f.status != 429)
			a->result = PAYMENT_REFUSED;
		if (a->result != PAYMENT_OK)
			refusal_read(&doc, f.status, a->error, sizeof(a->error));
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&url);
	kore_buf_cleanup(&body);
}

void
payment_free(struct payment_response *a)
{
	free(a->page);
	free(a->json);
	memset(a, 0, sizeof(*a));
}
