/*
 * Webhooks of the payment gateways (docs/compatibility.md#webhooks). This file
 * checks the signatures; the statements apply the events.
 */
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>

#include "base/conf.h"
#include "base/mac.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"

#define NODES_MAX	1024	/* JSON nodes of a body that is re-serialized; the gateways send about 200 */
#define BROWSER_TEXT	"Paystack webhook endpoint is POST-only. Payment received, please wait for confirmation."

static void
hmac(const br_hash_class *hash, const char *key, const void *data, size_t len, unsigned char *out)
{
	br_hmac_key_context	kc;
	br_hmac_context		hc;

	br_hmac_key_init(&kc, hash, key, strlen(key));
	br_hmac_init(&hc, &kc, 0);
	br_hmac_update(&hc, data, len);
	br_hmac_out(&hc, out);
}

/* Returns the raw request body. */
static const void *
body_raw(struct request *r, size_t *len)
{
	*len = r->kore->http_body != NULL ? r->kore->http_body_length : 0;

	return (*len > 0 ? (const void *)r->kore->http_body->data : "");
}

static const char *
header(struct request *r, const char *name)
{
	const char	*value;

	return (http_request_header(r->kore, name, &value) ? value : NULL);
}

static int
paystack_matches(const char *secret, const char *signature, const void *data, size_t len)
{
	static const char	digits[] = "0123456789abcdef";
	unsigned char		mac[br_sha512_SIZE];
	char			hex[2 * br_sha512_SIZE];
	size_t			i;

	hmac(&br_sha512_vtable, secret, data, len, mac);
	for (i = 0; i < sizeof(mac); i++) {
		hex[2 * i] = digits[mac[i] >> 4];
		hex[2 * i + 1] = digits[mac[i] & 15];
	}

	return (mac_same(signature, strlen(signature), hex, sizeof(hex)));
}

/* Checks the HMAC over the raw body or, as the old service did, over the JSON re-serialized without white space. */
static int
paystack_signed(struct request *r)
{
	const char	*secret = conf_str(CONF_PAYSTACK_WEBHOOK_SECRET), *signature = header(r, "x-paystack-signature");
	const void	*raw;
	struct kore_buf	compact;
	size_t		len;
	int		matches;

	if (*secret == '\0')
		secret = conf_str(CONF_PAYSTACK_SECRET_KEY);
	if (*secret == '\0')
		return (conf_int(CONF_WEBHOOKS_UNSIGNED) != 0);
	if (signature == NULL)
		return (0);
	raw = body_raw(r, &len);
	if (paystack_matches(secret, signature, raw, len))
		return (1);
	if (r->json.count == 0 || r->json.count > NODES_MAX)
		return (r->json.count == 0 && paystack_matches(secret, signature, "{}", 2));
	kore_buf_init(&compact, len + 64);
	json_compact(&compact, &r->json, 0);
	matches = paystack_matches(secret, signature, compact.data, compact.offset);
	kore_buf_cleanup(&compact);

	return (matches);
}

/* Checks verif-hash, which is the secret itself, or the HMAC-SHA256 of the raw body, which newer accounts send. */
static int
flutterwave_signed(struct request *r)
{
	const char	*secret = conf_str(CONF_FLW_WEBHOOK_SECRET), *sent = header(r, "verif-hash");
	unsigned char	mac[br_sha256_SIZE];
	const void	*raw;
	size_t		len;
	char		*text;
	int		matches;

	if (*secret == '\0')
		return (0);
	if (sent != NULL)
		return (mac_same(sent, strlen(sent), secret, strlen(secret)));
	if ((sent = header(r, "flutterwave-signature")) == NULL)
		return (0);
	raw = body_raw(r, &len);
	hmac(&br_sha256_vtable, secret, raw, len, mac);
	if (!kore_base64_encode(mac, sizeof(mac), &text))
		return (0);
	matches = mac_same(sent, strlen(sent), text, strlen(text));
	kore_free(text);

	return (matches);
}

static void
webhook(struct request *r, int is_signed, const char *statement)
{
	if (!is_signed) {
		reply_message(r, 401, "Invalid signature");
		return;
	}
	request_param(r, "accessDays", conf_str(CONF_PPV_ACCESS_DAYS));
	sql_reply(r, statement);
}

ROUTE(POST, "/api/ppv/paystack/webhook", webhook_paystack, .mails = 1);

static void
webhook_paystack(struct request *r)
{
	webhook(r, paystack_signed(r), "ppv/paystack");
}

ROUTE(POST, "/api/ppv/flutterwave/webhook", webhook_flutterwave, .mails = 1);

static void
webhook_flutterwave(struct request *r)
{
	webhook(r, flutterwave_signed(r), "ppv/flutterwave");
}

/* Replies to browsers of buyers that the gateway redirects to the webhook. */
ROUTE(GET, "/api/ppv/paystack/webhook", webhook_browser);

static void
webhook_browser(struct request *r)
{
	reply_message(r, 200, BROWSER_TEXT);
}
