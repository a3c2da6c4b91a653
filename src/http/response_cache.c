/*
 * A worker's table of answers, few and young. The first who asks runs the
 * statement, the others wait for it. A counter in memory that all processes
 * share tells when something was changed through any of them.
 */
#include <stdlib.h>
#include <string.h>

#include "http/audience.h"
#include "http/changes.h"
#include "http/etag.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/response_cache.h"
#include "http/sign.h"
#include "http/sql.h"

#define ENTRIES_MAX	64
#define BYTES_MAX	(32 * 1024 * 1024)

/* The bytes of an answer; lives while a table entry or a connection that sends it does. */
struct answer {
	int		users;
	int		status;
	size_t		len;
	char		etag[ETAG_MAX];	/* "" for a refusal */
	char		body[];
};

struct waiter {
	struct request		*r;
	TAILQ_ENTRY(waiter)	list;
};

struct entry {
	char			*key;
	char			*base;		/* in front of addresses; part of the key */
	unsigned long		changes;	/* the counter when the statement was sent */
	u_int64_t		since;		/* when that was */
	struct answer		*answer;	/* NULL while the statement runs */
	TAILQ_HEAD(, waiter)	waiters;
	TAILQ_ENTRY(entry)	list;
};

static TAILQ_HEAD(, entry)	entries = TAILQ_HEAD_INITIALIZER(entries);
static int			nentries;
static size_t			nbytes;

static void
answer_release(struct answer *a)
{
	if (--a->users == 0) {
		nbytes -= a->len;
		free(a);
	}
}

static int
answer_sent(struct netbuf *nb)
{
	answer_release(nb->extra);

	return (KORE_RESULT_OK);
}

static void
answer_send(struct request *r, struct answer *a)
{
	if (*a->etag != '\0' && reply_unchanged(r, a->etag))
		return;
	a->users++;
	reply_shared_json(r, a->status, a->etag, a->body, a->len, answer_sent, a);
}

static void
entry_drop(struct entry *e)
{
	TAILQ_REMOVE(&entries, e, list);
	nentries--;
	if (e->answer != NULL)
		answer_release(e->answer);
	free(e->key);
	free(e->base);
	free(e);
}

/* Whether who asks now may have what this entry holds or will hold. */
static int
entry_current(const struct entry *e, u_int64_t now)
{
	return (e->changes == changes_count() && now - e->since <= RESPONSE_CACHE_MS);
}

/* Drops what is too old, and the oldest when there is too much. A running statement is left alone. */
static void
entries_trim(u_int64_t now)
{
	struct entry	*e, *next;

	for (e = TAILQ_FIRST(&entries); e != NULL; e = next) {
		next = TAILQ_NEXT(e, list);
		if (e->answer != NULL && (!entry_current(e, now) || nentries >= ENTRIES_MAX || nbytes > BYTES_MAX))
			entry_drop(e);
	}
}

static struct entry *
entry_find(const char *key, u_int64_t now)
{
	struct entry	*e;

	TAILQ_FOREACH(e, &entries, list) {
		if (entry_current(e, now) && !strcmp(e->key, key))
			return (e);
	}

	return (NULL);
}

static struct entry *
entry_new(const char *key, const char *base, u_int64_t now)
{
	struct entry	*e;

	if ((e = calloc(1, sizeof(*e))) == NULL || (e->key = strdup(key)) == NULL || (e->base = strdup(base)) == NULL)
		fatal("out of memory");
	e->changes = changes_count();
	e->since = now;
	TAILQ_INIT(&e->waiters);
	TAILQ_INSERT_TAIL(&entries, e, list);
	nentries++;

	return (e);
}

static struct answer *
answer_new(const PGresult *res, const char *base)
{
	const char	*status = sql_text(res, "status"), *text = sql_text(res, "body");
	struct answer	*a;
	struct kore_buf	body;

	if (status == NULL || text == NULL)
		return (NULL);
	kore_buf_init(&body, strlen(text) + 1);
	sign_body(&body, base, text, strlen(text));
	if ((a = malloc(sizeof(*a) + body.offset)) == NULL)
		fatal("out of memory");
	a->users = 1;
	a->status = atoi(status);
	a->len = body.offset;
	memcpy(a->body, body.data, body.offset);
	*a->etag = '\0';
	if (a->status == 200)
		etag_make(a->body, a->len, a->etag);
	nbytes += a->len;
	kore_buf_cleanup(&body);

	return (a);
}

static void
waiter_answer(struct waiter *w, struct entry *e, const struct pg_outcome *outcome)
{
	if (request_resume(w->r)) {
		if (e->answer != NULL)
			answer_send(w->r, e->answer);
		else
			sql_failed(w->r, outcome);
		request_settle(w->r);
	}
	free(w);
}

static void
entry_done(void *arg, const struct pg_outcome *outcome)
{
	struct entry	*e = arg;
	struct waiter	*w;

	if (outcome->error == NULL)
		e->answer = answer_new(outcome->res, e->base);
	while ((w = TAILQ_FIRST(&e->waiters)) != NULL) {
		TAILQ_REMOVE(&e->waiters, w, list);
		waiter_answer(w, e, outcome);
	}
	if (e->answer == NULL)
		entry_drop(e);
}

static void
entry_wait(struct entry *e, struct request *r)
{
	struct waiter	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->r = r;
	request_wait(r);
	TAILQ_INSERT_TAIL(&e->waiters, w, list);
}

/* Whether the statement will find that only a part of a list is asked for, which nobody else may want. */
static int
is_part(const struct http_request *req)
{
	static const char	*names[] = { "limit", "offset", "q" };
	struct kore_buf		query;
	struct json		doc;
	size_t			i;
	int			found = 0;

	if (req->query_string == NULL)
		return (0);
	kore_buf_init(&query, 128);
	query_json(req, &query);
	if (json_parse(&doc, (char *)query.data, query.offset) == NULL) {
		for (i = 0; i < sizeof(names) / sizeof(*names); i++)
			found |= json_get(&doc, 0, names[i]) >= 0;
		json_free(&doc);
	}
	kore_buf_cleanup(&query);

	return (found);
}

void
response_cache_reply(struct request *r)
{
	char		country[AUDIENCE_COUNTRY_MAX], base[SIGN_BASE_MAX];
	const char	*key;
	u_int64_t	now = kore_time_ms();
	struct entry	*e;

	if (is_part(r->kore)) {
		sql_reply(r, r->route->statement);
		return;
	}
	audience_country(r->kore, r->route->asks_country, country);
	sign_base(r, base);
	key = request_format(r, "%s\n%s\n%s\n%s\n%s", base, r->route->statement, r->args[0] != NULL ? r->args[0] : "", country,
	    audience_maturity(r->kore));
	if ((e = entry_find(key, now)) != NULL) {
		if (e->answer != NULL)
			answer_send(r, e->answer);
		else
			entry_wait(e, r);
		return;
	}
	entries_trim(now);
	e = entry_new(key, base, now);
	entry_wait(e, r);
	sql_call(r, r->route->statement, entry_done, e);
}
