/*
 * Two questions to Google: the code for a token, the token for a person.
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

#define ANSWER_SECONDS	10
#define ANSWER_MAX	65536
#define FAILED		"Google auth failed"
#define ERROR_MAX	64
#define ERROR_LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. "

static void
refuse(struct google_person *p, const char *message)
{
	snprintf(p->message, sizeof(p->message), "%s", message);
}

/* One question. Returns 1 with the answer parsed, for json_free; one that is no JSON object is empty when it is not 2xx. */
static int
ask(struct fetch *f, struct json *doc, struct google_person *p)
{
	f->seconds = ANSWER_SECONDS;
	memset(doc, 0, sizeof(*doc));
	refuse(p, FAILED);
	if (!fetch_perform(f)) {
		snprintf(p->error, sizeof(p->error), "%s", f->error);
		return (0);
	}
	if (f->answer_len <= ANSWER_MAX && f->answer != NULL && json_parse(doc, f->answer, f->answer_len) != NULL)
		json_free(doc);
	if (doc->count == 0 && f->status / 100 == 2) {
		snprintf(p->error, sizeof(p->error), "status %d with an answer that is no JSON", f->status);
		return (0);
	}

	return (1);
}

/* A text of the answer. The caller frees it. */
static char *
text_get(const struct json *doc, const char *name)
{
	int	node = doc->count > 0 ? json_get(doc, 0, name) : -1;

	return (node >= 0 && json_kind(doc, node) == JSMN_STRING ? json_plain(doc, node) : NULL);
}

/* What Google calls the mistake ("invalid_grant"), if it is fit to be passed on. */
static void
exchange_refuse(const struct json *doc, struct google_person *p)
{
	char	*error = text_get(doc, "error");

	if (error != NULL && *error != '\0' && strlen(error) <= ERROR_MAX && strspn(error, ERROR_LETTERS) == strlen(error))
		refuse(p, error);
	else
		refuse(p, "Google token exchange failed");
	free(error);
}

/* The caller frees it. */
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
	if (ask(&f, &doc, p)) {
		if (f.status / 100 != 2)
			exchange_refuse(&doc, p);
		else if ((token = text_get(&doc, "access_token")) == NULL)
			snprintf(p->error, sizeof(p->error), "an answer without a token");
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
		refuse(p, "Google profile missing email");
}

void
google_ask(const char *code, const char *redirect, struct google_person *p)
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
	if (ask(&f, &doc, p)) {
		if (f.status / 100 != 2)
			refuse(p, "Failed to fetch Google profile");
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
