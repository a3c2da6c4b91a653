/*
 * The link in campaigns that ends them for an e-mail address, in one click of a
 * mail program (RFC 8058) or of a person on a page (docs/compatibility.md#unsubscribe).
 */
#include "http/page.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/signed_token.h"
#include "http/sql.h"

#define HTML	"text/html; charset=utf-8"
#define POLICY	"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

static const struct param	subscription_query[] = {
	PARAM("again", PARAM_CHOICE, .choices = "0|1", .otherwise = "0"),
	PARAM_END
};

/* Writes the digest of the address to text. Returns 0 and answers 404 if the token is not valid. */
static int
token_open(struct request *r, char text[SIGNED_TOKEN_TEXT_MAX])
{
	if (signed_token_open(SIGN_UNSUBSCRIBE_PURPOSE, r->args[0], text))
		return (1);
	reply_message(r, 404, "The link is not valid");

	return (0);
}

/* Programs that check links open them, so opening one changes nothing. */
ROUTE(GET, SIGN_UNSUBSCRIBE_PATH ":token", unsubscribe_page, .bearer = 1);

static void
unsubscribe_page(struct request *r)
{
	char	text[SIGNED_TOKEN_TEXT_MAX];

	if (token_open(r, text))
		page_reply(r, "assets/mail/pages/unsubscribe.html", HTML, POLICY);
}

static void
subscription_changed(struct request *r, const PGresult *res)
{
	page_reply(r, *sql_text(res, "unsubscribed") == 't' ? "assets/mail/pages/unsubscribed.html" : "assets/mail/pages/subscribed.html", HTML, POLICY);
}

ROUTE(POST, SIGN_UNSUBSCRIBE_PATH ":token", unsubscribe, .bearer = 1, .query = subscription_query);

static void
unsubscribe(struct request *r)
{
	char	text[SIGNED_TOKEN_TEXT_MAX];

	if (!token_open(r, text))
		return;
	request_param(r, "digest", text);
	sql_query(r, "campaigns/subscription", subscription_changed);
}
