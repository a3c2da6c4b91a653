/*
 * Google sign-in (docs/compatibility.md#google).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/google_state.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/random.h"
#include "base/work.h"
#include "http/admission.h"
#include "http/body.h"
#include "http/limit.h"
#include "http/password.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/session.h"
#include "http/sql.h"
#include "http/token.h"
#include "net/form.h"
#include "net/google_oauth.h"

#define REDIRECT_MAX	1024
#define RETURN_PATH	"/oauth/google/callback"

/* Returns 1 for a redirect URI on localhost, if WANZAMI_ENV is development or test. */
static int
is_development(const char *redirect)
{
	static const char	*hosts[] = { "http://localhost", "http://127.0.0.1" };
	const char		*p;
	size_t			i;

	if (strcmp(conf_str(CONF_WANZAMI_ENV), "development") && strcmp(conf_str(CONF_WANZAMI_ENV), "test"))
		return (0);
	for (i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		if (strncmp(redirect, hosts[i], strlen(hosts[i])))
			continue;
		p = redirect + strlen(hosts[i]);
		if (*p == ':')
			p += 1 + strspn(p + 1, "0123456789");
		return (*p == '/');
	}

	return (0);
}

/* Returns 1 if Google may redirect to this URI with an authorization code. Only our own are allowed; any other site would receive the codes. */
static int
redirect_ok(const char *redirect)
{
	const char	*origin = conf_str(CONF_APP_ORIGIN);
	size_t		len = strlen(origin);

	if (!strcmp(redirect, conf_str(CONF_GOOGLE_REDIRECT_URI)) || is_development(redirect))
		return (1);
	len -= len > 0 && origin[len - 1] == '/';

	return (len > 0 && !strncmp(redirect, origin, len) && !strcmp(redirect + len, RETURN_PATH));
}

static const struct param	url_query[] = {
	PARAM("redirectUri", PARAM_TEXT, .first = 1),
	PARAM_END
};

ROUTE(GET, "/api/auth/google/url", google_url, .query = url_query);

static void
google_url(struct request *r)
{
	char		redirect[REDIRECT_MAX], state[SIGNED_TOKEN_MAX];
	struct kore_buf	url, body;

	if (!google_enabled(0)) {
		reply_message(r, 500, "Google OAuth not configured");
		return;
	}
	if (!query_get(r, "redirectUri", redirect, sizeof(redirect)) || *redirect == '\0')
		snprintf(redirect, sizeof(redirect), "%s", conf_str(CONF_GOOGLE_REDIRECT_URI));
	if (!redirect_ok(redirect)) {
		reply_message(r, 400, "Invalid redirect URI");
		return;
	}
	google_state_make(r, state);
	kore_buf_init(&url, 512);
	kore_buf_appendf(&url, "%s?", conf_str(CONF_GOOGLE_AUTH_URL));
	form_add(&url, "client_id", conf_str(CONF_GOOGLE_CLIENT_ID));
	form_add(&url, "redirect_uri", redirect);
	form_add(&url, "response_type", "code");
	form_add(&url, "scope", "openid email profile");
	form_add(&url, "access_type", "offline");
	form_add(&url, "prompt", "consent");
	form_add(&url, "state", state);
	kore_buf_init(&body, 512);
	kore_buf_appendf(&body, "{\"url\":");
	json_quote(&body, kore_buf_stringify(&url, NULL));
	kore_buf_append(&body, "}", 1);
	reply_json(r, 200, body.data, body.offset);
	kore_buf_cleanup(&url);
	kore_buf_cleanup(&body);
}

/* A sign-in. Belongs to a work thread during the calls to Google. */
struct signin {
	struct request		*r;
	const char		*code, *redirect;
	struct google_person	person;
	struct session_user	user;
};

static void
signin_done(struct request *r, const PGresult *res)
{
	const struct signin	*s = r->state;

	limit_undo(r);
	limit_remember(r, s->user.email);
	sql_answer(r, res);
}

static void
signin_finish(struct request *r)
{
	struct signin	*s = r->state;

	session_params(r, &s->user, NULL, conf_int(CONF_ACCESS_TOKEN_EXPIRES_IN), conf_int(CONF_REFRESH_TOKEN_EXPIRES_IN));
	request_param(r, "welcome", conf_str(CONF_WELCOME_MAIL));
	sql_query(r, "auth/google", signin_done);
}

static void
signin_hashed(struct request *r, const char *hash)
{
	request_param(r, "passwordHash", hash);
	signin_finish(r);
}

/* A new account, and one whose e-mail address was not verified, gets a random password. */
static void
signin_found(struct request *r, const PGresult *res)
{
	struct signin	*s = r->state;
	char		uuid[RANDOM_UUID_MAX];

	session_user(r, res, &s->user);
	request_param(r, "foundId", s->user.id);
	request_param(r, "foundRole", s->user.role);
	if (*sql_text(res, "proven") == 't') {
		signin_finish(r);
		return;
	}
	random_uuid(uuid);
	password_hash(r, request_format(r, "%s_google", uuid), signin_hashed);
}

static void
person_use(struct request *r, const struct google_person *person)
{
	if (*person->error != '\0')
		log_event(LOG_LEVEL_WARN, "Google sign-in failed", LOG_S("id", r->id), LOG_S("error", person->error));
	if (person->email == NULL || !body_email_ok(person->email)) {
		reply_message(r, 400, person->email == NULL ? person->message : "Google profile missing email");
		return;
	}
	request_param(r, "googleEmail", person->email);
	request_param(r, "googleName", person->name);
	sql_query(r, "auth/google-find", signin_found);
}

static void
google_call(void *arg)
{
	struct signin	*s = arg;

	google_fetch_person(s->code, s->redirect, &s->person);
}

static void
google_answered(void *arg)
{
	struct signin		*s = arg;
	struct google_person	person = s->person;	/* s is freed with a request whose client has disconnected */
	struct request		*r = s->r;

	if (request_resume(r)) {
		person_use(r, &person);
		request_settle(r);
	}
	google_person_free(&person);
}

/* Returns the error of a callback that is refused without a call to Google, else NULL. */
static const char *
callback_check(struct request *r, const struct signin *s)
{
	const char	*state = request_text(r, "state");

	if (s->code == NULL || *s->code == '\0')
		return ("Missing code");
	if (!google_enabled(1))
		return ("Google OAuth not configured");
	if (state == NULL || !google_state_ok(r, state))
		return ("Google auth failed");

	return (redirect_ok(s->redirect) ? NULL : "Invalid redirect URI");
}

ROUTE(POST, "/api/auth/google/callback", google_callback, .limit = "google", .mails = 1);

static void
google_callback(struct request *r)
{
	struct signin	*s = request_alloc(r, sizeof(*s));
	const char	*wrong;

	s->r = r;
	s->code = request_text(r, "code");
	s->redirect = request_text(r, "redirectUri");
	if (s->redirect == NULL || *s->redirect == '\0')
		s->redirect = conf_str(CONF_GOOGLE_REDIRECT_URI);
	if ((wrong = callback_check(r, s)) != NULL) {
		reply_message(r, 400, wrong);
		return;
	}
	r->state = s;
	if (work_run(WORK_REMOTE, google_call, google_answered, s))
		request_wait_outside(r);
	else
		reply_message(r, 503, ADMISSION_BUSY);
}
