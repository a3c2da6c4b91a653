/*
 * Two requests to Google: the authorization code for an access token, the token
 * for the user's profile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/json.h"
#include "net/fetch.h"
#include "net/form.h"
#include "net/google_oauth.h"

#define TIMEOUT_SEC	10
#define RESPONSE_MAX	65536
#define FAILED		"Google auth failed"
#define ERROR_MAX	64
#define ERROR_LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. "

static void
message_set(struct google_person *p, const char *message)
{
	snprintf(p->message, sizeof(p->message), "%s", message);
}

/*
 * Sends one request. Returns 1 with the response parsed into doc, which the
 * caller passes to json_free(). A response other than 2xx that is not JSON
 * leaves doc empty.
 */
static int
request_perform(struct fetch *f, struct json *doc, struct google_person *p)
{
	f->seconds = TIMEOUT_SEC;
	memset(doc, 0, sizeof(*doc));
	message_set(p, FAILED);
	if (!fetch_perform(f)) {
		snprintf(p->error, sizeof(p->error), "%s", f->error);
		return (0);
	}
	if (f->response_len <= RESPONSE_MAX && f->response != NULL && json_parse(doc, f->response, f->response_len) != NULL)
		json_free(doc);
	if (doc->count == 0 && f->status / 100 == 2) {
		snprintf(p->error, sizeof(p->error), "Google responded with status %d and a body that is not valid JSON", f->status);
		return (0);
	}

	return (1);
}

/* Returns a string member of the response, which the caller frees; NULL if it is missing or not a string. */
static char *
text_get(const struct json *doc, const char *name)
{
	int	node = doc->count > 0 ? json_get(doc, 0, name) : -1;

	return (node >= 0 && json_kind(doc, node) == JSMN_STRING ? json_plain(doc, node) : NULL);
}

/* Passes Google's error code ("invalid_grant") to the client if it is short and has harmless characters only. */
static void
exchange_failed(const struct json *doc, struct google_person *p)
{
	char	*error = text_get(doc, "error");

	if (error != NULL && *error != '\0' && strlen(error) <= ERROR_MAX && strspn(error, ERROR_LETTERS) == strlen(error))
		message_set(p, error);
	else
		message_set(p, "Google token exchange failed");
	free(error);
}

/* Exchanges the authorization code for an access token, which the caller frees (RFC 6749 §4.1.3). Returns NULL on error. */
static char *
token_get(const char *code, const char *redirect, struct google_person *p)
{
	const char	*headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
	struct fetch	f = { .method = "POST", .url = conf_str(CONF_GOOGLE_TOKEN_URL), .headers = headers };
	struct kore_buf	form;
	struct json	doc;
	char		*token = NULL;

	kore_buf_init(&form, 512);
	form_add(&form, "code", code);
	form_add(&form, "client_id", conf_str(CONF_GOOGLE_CLIENT_ID));
	form_add(&form, "client_secret", conf_str(CONF_GOOGLE_CLIENT_SECRET));
	form_add(&form, "redirect_uri", redirect);
	form_add(&form, "grant_type", "authorization_code");
	f.body = form.data;
	f.body_len = form.offset;
	if (request_perform(&f, &doc, p)) {
		if (f.status / 100 != 2)
			exchange_failed(&doc, p);
		else if ((token = text_get(&doc, "access_token")) == NULL)
			snprintf(p->error, sizeof(p->error), "Google's token response has no access_token");
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&form);

	return (token);
}

static int
is_verified(const struct json *doc)
{
	int	node = json_get(doc, 0, "email_verified");

	return (node >= 0 && (json_kind(doc, node) == 't' || json_is(doc, node, "true")));
}

static void
person_read(const struct json *doc, struct google_person *p)
{
	if (is_verified(doc))
		p->email = text_get(doc, "email");
	p->name = text_get(doc, "name");
	if (p->email != NULL && *p->email == '\0') {
		free(p->email);
		p->email = NULL;
	}
	if (p->email == NULL)
		message_set(p, "Google profile missing email");
}

void
google_fetch_person(const char *code, const char *redirect, struct google_person *p)
{
	struct fetch	f = { .method = "GET", .url = conf_str(CONF_GOOGLE_USERINFO_URL) };
	struct kore_buf	bearer;
	struct json	doc;
	char		*token;

	memset(p, 0, sizeof(*p));
	if ((token = token_get(code, redirect, p)) == NULL)
		return;
	kore_buf_init(&bearer, 512);
	kore_buf_appendf(&bearer, "Authorization: Bearer %s", token);
	free(token);
	f.headers = (const char *[]){ kore_buf_stringify(&bearer, NULL), NULL };
	if (request_perform(&f, &doc, p)) {
		if (f.status / 100 != 2)
			message_set(p, "Failed to fetch Google profile");
		else
			person_read(&doc, p);
		json_free(&doc);
	}
	fetch_free(&f);
	kore_buf_cleanup(&bearer);
}

void
google_person_free(struct google_person *p)
{
	free(p->email);
	free(p->name);
	memset(p, 0, sizeof(*p));
}

int
google_enabled(int secret)
{
	return (*conf_str(CONF_GOOGLE_CLIENT_ID) != '\0' && *conf_str(CONF_GOOGLE_REDIRECT_URI) != '\0' &&
	    (!secret || *conf_str(CONF_GOOGLE_CLIENT_SECRET) != '\0'));
}
