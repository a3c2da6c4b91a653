/*
 * The statement context of a request, and the response from the outcome.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/audience.h"
#include "http/changes.h"
#include "http/client.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"
#include "store/outbox.h"

#define REFUSED		"WZ"	/* SQLSTATE of wanzami.refuse(): WZ and the status; the message is for the client */
#define REFUSED_BODY	"WB"	/* SQLSTATE of wanzami.refuse_with(): WB and the status; the message is the body */
#define TOO_LONG	"54000"	/* program_limit_exceeded: a value of thousands of characters is too long for an index */
#define GUARD		"guard"

/* A statement that a request waits for. */
struct call {
	struct request	*r;
	void		(*next)(struct request *, const PGresult *);
	int		reading;	/* the statement changes nothing */
	int		mails;		/* the statement may add a mail to the outbox */
};

/* Adds a member to the context. Leaves out NULL: a statement reads NULL for a missing member, too. */
static void
context_add(struct kore_buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	kore_buf_append(out, ",", out->offset > 1 ? 1 : 0);
	json_quote(out, name);
	kore_buf_append(out, ":", 1);
	json_quote(out, value);
}

static void
context_add_client(struct request *r, struct kore_buf *out)
{
	char		country[AUDIENCE_COUNTRY_MAX], address[CLIENT_ADDRESS_MAX];
	const char	*agent;

	audience_country(r, country);
	context_add(out, "country", country);
	context_add(out, "audience", audience_maturity(r));
	client_address(&r->client, address);
	context_add(out, "address", address);
	if (!http_request_header(r->kore, "user-agent", &agent))
		agent = NULL;
	context_add(out, "agent", agent);
}

/* Returns the constant members of the context. Built once, because Kore frees the headers when the client disconnects. */
static const char *
context_fixed(struct request *r)
{
	struct kore_buf	out;

	if (r->known != NULL)
		return (r->known);
	kore_buf_init(&out, 512);
	kore_buf_append(&out, "{", 1);
	context_add(&out, "id", r->args[0]);
	context_add(&out, "userId", r->user_id);
	context_add(&out, "deviceId", r->device_id);
	context_add(&out, "session", r->session);
	if (r->user_id != NULL && r->issued >= 0)
		context_add(&out, "issued", request_format(r, "%lld", (long long)r->issued));
	context_add(&out, "need", guard_need(r->route));
	context_add(&out, "path", r->path);
	context_add(&out, "urlPlaceholder", sign_placeholder());
	context_add_client(r, &out);
	kore_buf_appendf(&out, ",\"query\":");
	kore_buf_append(&out, r->query, strlen(r->query));
	r->known = request_copy(r, kore_buf_stringify(&out, NULL));
	kore_buf_cleanup(&out);

	return (r->known);
}

char *
sql_context(struct request *r)
{
	const char	*fixed = context_fixed(r);
	size_t		len = strlen(fixed), more = r->extra.data != NULL ? r->extra.offset : 0;
	char		*text;

	text = kore_malloc(len + more + 2);
	memcpy(text, fixed, len);
	if (more > 0)
		memcpy(text + len, r->extra.data, more);
	memcpy(text + len + more, "}", 2);

	return (text);
}

const char *
sql_text(const PGresult *res, const char *column)
{
	int	n = PQfnumber(res, column);

	if (n < 0 || PQntuples(res) == 0 || PQgetisnull(res, 0, n))
		return (NULL);

	return (PQgetvalue(res, 0, n));
}

char *
sql_copy(struct request *r, const PGresult *res, const char *column)
{
	const char	*text = sql_text(res, column);

	return (text != NULL ? request_copy(r, text) : NULL);
}

void
sql_answer(struct request *r, const PGresult *res)
{
	const char	*status = sql_text(res, "status"), *text = sql_text(res, "body");
	char		base[SIGN_BASE_MAX];
	struct kore_buf	body;

	if (status == NULL) {
		log_event(LOG_LEVEL_ERROR, "statement returned no row with a status", LOG_S("id", r->id), LOG_S("path", request_log_path(r)));
		reply_message(r, 500, "Internal server error");
		return;
	}
	kore_buf_init(&body, text != NULL ? strlen(text) + 1 : 1);
	if (text != NULL) {
		sign_origin(r, base);
		sign_body(&body, base, text, strlen(text));
	}
	reply_json(r, atoi(status), body.data, body.offset);
	kore_buf_cleanup(&body);
}

static void
refused_answer(struct request *r, const struct pg_outcome *outcome)
{
	if (!strncmp(outcome->state, REFUSED_BODY, strlen(REFUSED_BODY)))
		reply_json(r, atoi(outcome->state + strlen(REFUSED_BODY)), outcome->error, strlen(outcome->error));
	else
		reply_message(r, atoi(outcome->state + strlen(REFUSED)), outcome->error);
}

static void
error_recorded(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	if (outcome->error != NULL)
		log_event(LOG_LEVEL_WARN, "cannot write the error to the error log table", LOG_S("error", outcome->error));
}

/* Logs the error, adds it to the error log of administrators (docs/compatibility.md#error-log) and answers 500 without details. */
static void
failed_answer(struct request *r, const struct pg_outcome *outcome)
{
	log_event(LOG_LEVEL_ERROR, "statement failed", LOG_S("id", r->id), LOG_S("path", request_log_path(r)),
	    LOG_S("error", outcome->error), LOG_S("state", outcome->state),
	    LOG_S("trace", *r->trace != '\0' ? r->trace : NULL));
	pg_query("errors/record", 3, (const char *[]){ outcome->error, r->route->bearer ? r->route->path : request_url(r), r->user_id }, error_recorded, NULL);
	reply_message(r, 500, "Internal server error");
}

/* Returns 1 if the user was deleted after the guard had run: a foreign key on the user fails. */
static int
account_gone(const struct request *r, const struct pg_outcome *outcome)
{
	return (r->user_id != NULL && !strcmp(outcome->state, "23503") && strstr(outcome->error, "_userId_fkey") != NULL);
}

void
sql_failed(struct request *r, const struct pg_outcome *outcome)
{
	if (outcome->error == NULL)
		reply_message(r, 500, "Internal server error");
	else if (outcome->disconnected)
		reply_message(r, 503, "Service unavailable");
	else if (!strncmp(outcome->state, REFUSED, strlen(REFUSED)) || !strncmp(outcome->state, REFUSED_BODY, strlen(REFUSED_BODY)))
		refused_answer(r, outcome);
	else if (!strcmp(outcome->state, TOO_LONG))
		reply_message(r, 400, "A value is too long");
	else if (account_gone(r, outcome))
		reply_message(r, 401, "Invalid or expired token");
	else
		failed_answer(r, outcome);
}

static int
is_reading(const struct request *r)
{
	return (r->route->method == HTTP_METHOD_GET);
}

static void
statement_done(void *arg, const struct pg_outcome *outcome)
{
	struct call	*c = arg;
	struct request	*r = c->r;

	/* The change is committed even if the client has disconnected. */
	if (!c->reading && outcome->error == NULL)
		changes_announce();
	if (c->mails && outcome->error == NULL)
		outbox_wake();
	if (request_resume(r)) {
		if (outcome->error == NULL)
			c->next(r, outcome->res);
		else
			sql_failed(r, outcome);
		request_settle(r);
	}
	free(c);
}

/* Sends a statement with a context, which is freed. Does not use the request after the statement is sent: it may have been answered. */
static void
transact(struct request *r, const char *name, char *ctx, pg_done done, void *arg)
{
	const char	*names[2], *body = *r->body == '[' ? "{}" : r->body;
	int		n = 0;

	if (r->route->guard != NULL)
		names[n++] = GUARD;
	if (name != NULL)
		names[n++] = name;
	pg_transact(r->route->slow ? PG_SLOW : PG_FAST, n, names, ctx, body, done, arg);
	kore_free(ctx);
}

void
sql_call(struct request *r, const char *name, pg_done done, void *arg)
{
	transact(r, name, sql_context(r), done, arg);
}

void
sql_call_for_all(struct request *r, const char *name, pg_done done, void *arg)
{
	char		*user = r->user_id, *ctx;
	const char	*known = r->known;

	r->user_id = NULL;
	r->known = NULL;
	ctx = sql_context(r);
	r->user_id = user;
	r->known = known;
	transact(r, name, ctx, done, arg);
}

static void
statement_send(struct request *r, const char *name, void (*next)(struct request *, const PGresult *))
{
	struct call	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("out of memory");
	c->r = r;
	c->next = next;
	c->reading = is_reading(r);
	c->mails = r->route->mails;
	request_wait(r);
	sql_call(r, name, statement_done, c);
}

void
sql_query(struct request *r, const char *name, void (*next)(struct request *, const PGresult *))
{
	statement_send(r, name, next);
}

void
sql_reply(struct request *r, const char *name)
{
	statement_send(r, name, sql_answer);
}

void
sql_refusal(struct request *r, int status, const char *body)
{
	r->refusal_status = status;
	r->refusal_body = body;
}

static void
refusal_answer(struct request *r, const PGresult *res)
{
	(void)res;
	reply_json(r, r->refusal_status, r->refusal_body, strlen(r->refusal_body));
}

void
sql_refuse(struct request *r)
{
	if (r->route->guard != NULL)
		statement_send(r, NULL, refusal_answer);
	else
		refusal_answer(r, NULL);
}
