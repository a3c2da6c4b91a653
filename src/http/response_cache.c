/*
 * The cache of a worker. An entry belongs to a generation of the catalogue
 * (http/generation.h); the first request of a key in a generation runs the
 * statement, and requests that arrive meanwhile wait for its result. Before an
 * entry is used, the database is asked if its generation lasts; many requests
 * share that question. A worker with many requests uses an entry for up to
 * GENERATION_STALE_MS without asking, and meanwhile asks on its own account.
 */
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "http/audience.h"
#include "http/changes.h"
#include "http/encoding.h"
#include "http/etag.h"
#include "http/generation.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/response_cache.h"
#include "http/sign.h"
#include "http/sql.h"
#include "store/objects.h"

#define ENTRIES_MAX	4096
#define BUCKETS		1024
#define BYTES_MAX	(32 * 1024 * 1024)

/* A cached response. It is freed when no entry and no connection refers to it. */
struct response {
	int		refs;
	int		status;
	int		everyone;	/* it is the same for all users */
	size_t		len;
	size_t		gzip_len;
	void		*gzip;		/* the compressed body, NULL until a client accepts it */
	char		etag[ETAG_MAX];	/* "" if the status is not 200 */
	char		body[];
};

/* A request on its way through the cache. key and base are in the memory of the request. */
struct asker {
	struct request		*r;
	const char		*statement;
	const char		*key;
	const char		*base;		/* origin of URLs (http/sign.h); part of the key */
	u_int64_t		seconds;
	TAILQ_ENTRY(asker)	list;
};

struct entry {
	char			*key;
	char			*base;
	unsigned long		generation;	/* in which the statement was sent; GENERATION_NONE: not known */
	unsigned long		changes;	/* changes_count() when the statement was sent */
	u_int64_t		since;		/* time when the statement was sent, in ms of kore_time_ms() */
	struct response		*response;	/* NULL while the statement runs */
	TAILQ_HEAD(, asker)	waiters;
	TAILQ_ENTRY(entry)	bucket, list;
};

TAILQ_HEAD(entry_list, entry);

static struct entry_list	buckets[BUCKETS], entries = TAILQ_HEAD_INITIALIZER(entries);	/* the last one used first */
static int			nentries;
static size_t			nbytes;

static void	asker_answer(struct asker *, int);

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
asker_send(const struct asker *a, struct response *resp)
{
	if (a->r->user_id != NULL && !resp->everyone)
		sql_reply(a->r, a->statement);
	else
		response_send(a->r, resp);
}

static struct response *
response_new(const PGresult *res, const char *base)
{
	const char	*status = sql_text(res, "status"), *text = sql_text(res, "body"), *everyone = sql_text(res, "everyone");
	struct response	*resp;
	struct kore_buf	body;

	if (status == NULL || text == NULL)
		return (NULL);
	kore_buf_init(&body, strlen(text) + 1);
	sign_body(&body, base, text, strlen(text));
	if ((resp = calloc(1, sizeof(*resp) + body.offset)) == NULL)
		fatal("out of memory");
	resp->refs = 1;
	resp->status = atoi(status);
	resp->everyone = everyone == NULL || *everyone == 't';
	resp->len = body.offset;
	memcpy(resp->body, body.data, body.offset);
	if (resp->status == 200)
		etag_make(resp->body, resp->len, resp->etag);
	nbytes += resp->len;
	kore_buf_cleanup(&body);

	return (resp);
}

static struct entry_list *
bucket_of(const char *key)
{
	static int	made = 0;
	u_int32_t	hash = 2166136261u;	/* FNV-1a */

	for (; made < BUCKETS; made++)
		TAILQ_INIT(&buckets[made]);
	for (; *key != '\0'; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;

	return (&buckets[hash % BUCKETS]);
}

static void
entry_drop(struct entry *e)
{
	TAILQ_REMOVE(bucket_of(e->key), e, bucket);
	TAILQ_REMOVE(&entries, e, list);
	nentries--;
	if (e->response != NULL)
		response_release(e->response);
	free(e->key);
	free(e->base);
	free(e);
}

/* Removes the entries that have not been used for the longest time while the cache is full. Those whose statement is running stay. */
static void
entries_trim(void)
{
	struct entry	*e, *before;

	for (e = TAILQ_LAST(&entries, entry_list); e != NULL && (nentries >= ENTRIES_MAX || nbytes > BYTES_MAX); e = before) {
		before = TAILQ_PREV(e, entry_list, list);
		if (e->response != NULL)
			entry_drop(e);
	}
}

/* Returns the entry of the key that was made last, or NULL. An entry with a result, if finished is set. */
static struct entry *
entry_find(const struct asker *a, int finished)
{
	struct entry	*e;

	TAILQ_FOREACH(e, bucket_of(a->key), bucket) {
		if ((e->response != NULL || !finished) && !strcmp(e->key, a->key))
			return (e);
	}

	return (NULL);
}

/* Removes the results of a key that the result of an entry replaces. */
static void
entry_replace(const struct entry *new)
{
	struct entry	*e, *next;

	for (e = TAILQ_FIRST(bucket_of(new->key)); e != NULL; e = next) {
		next = TAILQ_NEXT(e, bucket);
		if (e != new && e->response != NULL && !strcmp(e->key, new->key))
			entry_drop(e);
	}
}

/* Returns 1 if the URLs of a result are signed for as long as it may be used: without credentials they are null, and must not stay. */
static int
can_sign(void)
{
	return (!objects_enabled() || objects_presign_seconds(RESPONSE_CACHE_SEC) >= RESPONSE_CACHE_SEC);
}

static void
entry_done(void *arg, const struct pg_outcome *outcome)
{
	struct entry	*e = arg;
	struct asker	*a;

	if (outcome->error == NULL)
		e->response = response_new(outcome->res, e->base);
	if (!can_sign())
		e->generation = GENERATION_NONE;
	if (e->response != NULL)
		entry_replace(e);
	while ((a = TAILQ_FIRST(&e->waiters)) != NULL) {
		TAILQ_REMOVE(&e->waiters, a, list);
		if (request_resume(a->r)) {
			if (e->response == NULL)
				sql_failed(a->r, outcome);
			else
				asker_send(a, e->response);
			request_settle(a->r);
		}
		free(a);
	}
	if (e->response == NULL)
		entry_drop(e);
}

static void
entry_wait(struct entry *e, const struct asker *a)
{
	struct asker	*copy;

	if ((copy = malloc(sizeof(*copy))) == NULL)
		fatal("out of memory");
	*copy = *a;
	request_wait(a->r);
	TAILQ_INSERT_TAIL(&e->waiters, copy, list);
}

/*
 * Sends the statement for a new entry, without the user of the request, which
 * waits for the result if wait is 1. If the statement cannot be sent, the entry is
 * gone and the request answered when this returns.
 */
static void
entry_new(const struct asker *a, int wait)
{
	struct entry	*e;

	entries_trim();
	if ((e = calloc(1, sizeof(*e))) == NULL || (e->key = strdup(a->key)) == NULL || (e->base = strdup(a->base)) == NULL)
		fatal("out of memory");
	e->generation = generation_now();
	e->changes = changes_count();
	e->since = kore_time_ms();
	TAILQ_INIT(&e->waiters);
	TAILQ_INSERT_HEAD(bucket_of(e->key), e, bucket);
	TAILQ_INSERT_HEAD(&entries, e, list);
	nentries++;
	if (wait)
		entry_wait(e, a);
	sql_call_for_all(a->r, a->statement, entry_done, e);
}

static void
entry_touch(struct entry *e)
{
	TAILQ_REMOVE(&entries, e, list);
	TAILQ_INSERT_HEAD(&entries, e, list);
}

static int
entry_expired(const struct entry *e, const struct asker *a, u_int64_t now)
{
	return (now - e->since > a->seconds * 1000);
}

/* Returns 1 if the entry is current: of the generation that the database has been asked for. */
static int
entry_current(const struct entry *e, const struct asker *a, u_int64_t now)
{
	if (e->generation == GENERATION_NONE || generation_now() == GENERATION_NONE)
		return (e->changes == changes_count() && now - e->since <= GENERATION_STALE_MS);

	return (e->generation == generation_now() && !entry_expired(e, a, now));
}

/* Answers at once, if the worker has many requests and the entry was current a short time ago. Returns 0 if not. */
static int
asker_answer_unasked(const struct asker *a, u_int64_t now)
{
	struct entry	*e = entry_find(a, 1);
	struct response	*resp;

	if (!generation_trusted(e != NULL ? e->generation : GENERATION_NONE) || e == NULL || entry_expired(e, a, now))
		return (0);
	entry_touch(e);
	resp = e->response;
	resp->refs++;	/* a new entry may take the place of this one */
	if (e->generation != generation_now() && !entry_current(entry_find(a, 0), a, now))
		entry_new(a, 0);	/* answers those who come later */
	asker_send(a, resp);
	response_release(resp);

	return (1);
}

static void
generation_told(void *arg, const struct pg_outcome *outcome)
{
	struct asker	*a = arg;

	if (request_resume(a->r)) {
		if (outcome->error != NULL && outcome->disconnected)
			sql_failed(a->r, outcome);
		else
			asker_answer(a, 1);
		request_settle(a->r);
	}
	free(a);
}

/* told: the database has been asked for its generation since the request arrived. */
static void
asker_answer(struct asker *a, int told)
{
	struct entry	*e;
	struct asker	*copy;
	u_int64_t	now = kore_time_ms();

	if (told) {
		e = entry_find(a, 0);
		if (e == NULL || !entry_current(e, a, now)) {
			entry_new(a, 1);
		} else if (e->response == NULL) {
			entry_wait(e, a);
		} else {
			entry_touch(e);
			asker_send(a, e->response);
		}
		return;
	}
	if (asker_answer_unasked(a, now))
		return;
	if ((copy = malloc(sizeof(*copy))) == NULL)
		fatal("out of memory");
	*copy = *a;
	request_wait(a->r);
	generation_ask(generation_told, copy);
}

void
response_cache_reply(struct request *r, const char *statement, int seconds)
{
	char		country[AUDIENCE_COUNTRY_MAX], base[SIGN_BASE_MAX];
	struct asker	a = { .r = r, .statement = statement, .seconds = (u_int64_t)(seconds < RESPONSE_CACHE_SEC ? seconds : RESPONSE_CACHE_SEC) };

	if (seconds == 0 || *conf_str(CONF_SQL_DIR) != '\0') {	/* statements and functions in a folder can change at any time */
		sql_reply(r, statement);
		return;
	}
	audience_country(r, country);
	if (r->route->shared)
		sign_base(r, base);
	else
		sign_origin(r, base);
	a.base = request_copy(r, base);
	a.key = request_format(r, "%s\n%s\n%s\n%s\n%s\n%s\n%.*s", base, statement, r->args[0] != NULL ? r->args[0] : "", country, audience_maturity(r),
	    r->query, (int)r->extra.offset, r->extra.data != NULL ? (const char *)r->extra.data : "");
	asker_answer(&a, 0);
}
