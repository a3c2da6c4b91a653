/*
 * The cache of a worker. The first request of a key runs the statement;
 * requests that arrive meanwhile wait for its result. Entries are invalid
 * after RESPONSE_CACHE_MS, or when the counter of http/changes.h has changed.
 */
#include <stdlib.h>
#include <string.h>

#include "http/audience.h"
#include "http/changes.h"
#include "http/encoding.h"
#include "http/etag.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/response_cache.h"
#include "http/sign.h"
#include "http/sql.h"

#define ENTRIES_MAX	64
#define BYTES_MAX	(32 * 1024 * 1024)

/* A cached response. It is freed when no entry and no connection refers to it. */
struct response {
	int		refs;
	int		status;
	size_t		len;
	size_t		gzip_len;
	void		*gzip;		/* the compressed body, NULL until a client accepts it */
	char		etag[ETAG_MAX];	/* "" if the status is not 200 */
	char		body[];
};

/* A request that waits for the statement of an entry. */
struct waiter {
	struct request		*r;
	TAILQ_ENTRY(waiter)	list;
};

struct entry {
	char			*key;
	char			*base;		/* origin of object URLs (http/sign.h); part of the key */
	unsigned long		changes;	/* changes_count() when the statement was sent */
	u_int64_t		since;		/* time when the statement was sent, in ms of kore_time_ms() */
	struct response		*response;	/* NULL while the statement runs */
	TAILQ_HEAD(, waiter)	waiters;
	TAILQ_ENTRY(entry)	list;
};

static TAILQ_HEAD(, entry)	entries = TAILQ_HEAD_INITIALIZER(entries);
static int			nentries;
static size_t			nbytes;

static void
response_release(struct response *resp)
{
	if (--resp->refs == 0) {
		nbytes -= resp->len + resp->gzip_len;
		free(resp->gzip);
		free(resp);
	}
}

static int
response_sent(struct netbuf *nb)
{
	response_release(nb->extra);

	return (KORE_RESULT_OK);
}

static void
response_send(struct request *r, struct response *resp)
{
	struct reply_body	body = { .data = resp->body, .len = resp->len, .sent = response_sent, .arg = resp };

	if (*resp->etag != '\0' && reply_unchanged(r, resp->etag))
		return;
	if (reply_compresses(r, resp->status, resp->len)) {
		if (resp->gzip == NULL) {
			resp->gzip = encoding_gzip_new(resp->body, resp->len, &resp->gzip_len);
			nbytes += resp->gzip_len;
		}
		body.data = resp->gzip;
		body.len = resp->gzip_len;
		body.gzip = 1;
	}
	resp->refs++;
	reply_shared(r, resp->status, resp->etag, &body);
}

static void
entry_drop(struct entry *e)
{
	TAILQ_REMOVE(&entries, e, list);
	nentries--;
	if (e->response != NULL)
		response_release(e->response);
	free(e->key);
	free(e->base);
	free(e);
}

/* Returns 1 if the entry is valid for a request that arrives now. */
static int
entry_current(const struct entry *e, u_int64_t now)
{
	return (e->changes == changes_count() && now - e->since <= RESPONSE_CACHE_MS);
}

/* Removes invalid entries, and the oldest entries while the cache is full. Entries whose statement is running stay. */
static void
entries_trim(u_int64_t now)
{
	struct entry	*e, *next;

	for (e = TAILQ_FIRST(&entries); e != NULL; e = next) {
		next = TAILQ_NEXT(e, list);
		if (e->response != NULL && (!entry_current(e, now) || nentries >= ENTRIES_MAX || nbytes > BYTES_MAX))
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

static struct response *
response_new(const PGresult *res, const char *base)
{
	const char	*status = sql_text(res, "status"), *text = sql_text(res, "body");
	struct response	*resp;
	struct kore_buf	body;

	if (status == NULL || text == NULL)
		return (NULL);
	kore_buf_init(&body, strlen(text) + 1);
	sign_body(&body, base, text, strlen(text));
	if ((resp = malloc(sizeof(*resp) + body.offset)) == NULL)
		fatal("out of memory");
	resp->refs = 1;
	resp->status = atoi(status);
	resp->len = body.offset;
	resp->gzip = NULL;
	resp->gzip_len = 0;
	memcpy(resp->body, body.data, body.offset);
	*resp->etag = '\0';
	if (resp->status == 200)
		etag_make(resp->body, resp->len, resp->etag);
	nbytes += resp->len;
	kore_buf_cleanup(&body);

	return (resp);
}

static void
waiter_answer(struct waiter *w, struct entry *e, const struct pg_outcome *outcome)
{
	if (request_resume(w->r)) {
		if (e->response != NULL)
			response_send(w->r, e->response);
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
		e->response = response_new(outcome->res, e->base);
	while ((w = TAILQ_FIRST(&e->waiters)) != NULL) {
		TAILQ_REMOVE(&e->waiters, w, list);
		waiter_answer(w, e, outcome);
	}
	if (e->response == NULL)
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

void
response_cache_reply(struct request *r)
{
	char		country[AUDIENCE_COUNTRY_MAX], base[SIGN_BASE_MAX];
	const char	*key;
	u_int64_t	now = kore_time_ms();
	struct entry	*e;

	audience_country(r, country);
	sign_base(r, base);
	key = request_format(r, "%s\n%s\n%s\n%s\n%s\n%s", base, r->route->statement, r->args[0] != NULL ? r->args[0] : "", country,
	    audience_maturity(r), r->query);
	if ((e = entry_find(key, now)) != NULL) {
		if (e->response != NULL)
			response_send(r, e->response);
		else
			entry_wait(e, r);
		return;
	}
	entries_trim(now);
	e = entry_new(key, base, now);
	entry_wait(e, r);
	sql_call(r, r->route->statement, entry_done, e);
}
