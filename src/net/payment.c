/*
 * Questions to Paystack and Flutterwave, and their answers.
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

#define ANSWER_SECONDS	15
#define ANSWER_MAX	65536	/* bytes; the gateways' own are some two thousand */
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

/* One question with our key. Returns 1 with the answer's JSON parsed, for json_free. */
static int
ask(struct fetch *f, enum conf_id key, struct json *doc, struct payment_answer *a)
{
	char		bearer[KEY_MAX];
	const char	*headers[] = { bearer, "Content-Type: application/json", NULL }, *wrong;

	snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", conf_str(key));
	f->headers = headers;
	f->seconds = ANSWER_SECONDS;
	a->result = PAYMENT_UNKNOWN;
	if (!fetch_perform(f)) {
		a->unreachable = 1;
		snprintf(a->error, sizeof(a->error), "%s", f->error);
		return (0);
	}
	if (f->answer == NULL || f->answer_len > ANSWER_MAX) {
		snprintf(a->error, sizeof(a->error), "status %d with an answer of %zu bytes", f->status, f->answer_len);
		return (0);
	}
	if ((wrong = json_parse(doc, f->answer, f->answer_len)) != NULL) {
		snprintf(a->error, sizeof(a->error), "status %d with an answer that is no JSON: %s", f->status, wrong);
		return (0);
	}
	a->json = strndup(f->answer, f->answer_len);

	return (1);
}

/* Whether the answer says that all is well: Paystack's status is true, Flutterwave's "success". */
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

/* A text in the answer's data. The caller frees it. */
static char *
data_text(const struct json *doc, const char *name)
{
	int	data = json_get(doc, 0, "data"), node = data >= 0 ? json_get(doc, data, name) : -1;

	return (node >= 0 && json_kind(doc, node) == JSMN_STRING ? json_plain(doc, node) : NULL);
}

static void
member(struct kore_buf *out, const char *name, const char *value)
{
	if (out->data[out->offset - 1] != '{')
		kore_buf_append(out, ",", 1);
	json_quote(out, name);
	kore_buf_append(out, ":", 1);
	json_quote(out, value);
}

/* Where the viewer comes back to; not said when nobody knows. */
static void
member_return(struct kore_buf *out, const char *name)
{
	if (*conf_str(CONF_PAYSTACK_CALLBACK_URL) != '\0')
		member(out, name, conf_str(CONF_PAYSTACK_CALLBACK_URL));
}

static void
paystack_write(struct kore_buf *out, const struct payment_order *o)
{
	kore_buf_appendf(out, "{\"amount\":%" PRId64, o->minor);
	member(out, "currency", "NGN");
	member(out, "email", o->email);
	member(out, "reference", o->reference);
	member_return(out, "callback_url");
	kore_buf_appendf(out, ",\"metadata\":{\"titleId\":%s", o->title);
	member(out, "userId", o->user);
	kore_buf_appendf(out, "}}");
}

static void
flutterwave_write(struct kore_buf *out, const struct payment_order *o)
{
	kore_buf_append(out, "{", 1);
	member(out, "tx_ref", o->reference);
	kore_buf_appendf(out, ",\"amount\":%" PRId64 ".%02" PRId64, o->minor / 100, o->minor % 100);
	member(out, "currency", "USD");
	member_return(out, "redirect_url");
	kore_buf_appendf(out, ",\"customer\":{");
	member(out, "email", o->email);
	member(out, "name", o->name);
	kore_buf_appendf(out, "},\"meta\":{\"titleId\":%s", o->title);
	member(out, "userId", o->user);
	member(out, "reference", o->reference);
	kore_buf_appendf(out, "}}");
}

void
payment_begin(const struct payment_order *o, struct payment_answer *a)
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
	if (ask(&f, paystack ? CONF_PAYSTACK_SECRET_KEY : CONF_FLW_SECRET_KEY, &doc, a)) {
		a->result = is_success(o->gateway, &f, &doc) ? PAYMENT_OK : PAYMENT_REFUSED;
		a->page = data_text(&doc, paystack ? "authorization_url" : "link");
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&url);
	kore_buf_cleanup(&body);
}

void
payment_ask(const char *gateway, const char *reference, int (*canceled)(void *), void *ctx, struct payment_answer *a)
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
	if (ask(&f, paystack ? CONF_PAYSTACK_SECRET_KEY : CONF_FLW_SECRET_KEY, &doc, a)) {
		if (is_success(gateway, &f, &doc))
			a->result = PAYMENT_OK;
		else if (f.status == 400 || f.status == 404)
			a->result = PAYMENT_REFUSED;
		else
			snprintf(a->error, sizeof(a->error), "status %d", f.status);
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&url);
}

void
payment_free(struct payment_answer *a)
{
	free(a->page);
	free(a->json);
	memset(a, 0, sizeof(*a));
}
