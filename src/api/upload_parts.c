/*
 * Resumption of uploads (docs/compatibility.md#upload-resume): the parts that have
 * arrived, URLs for the others, and the end of an upload that nobody continues.
 * Object storage is the only record of the parts; it is asked on a thread.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/upload_plan.h"
#include "base/log.h"
#include "base/work.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"

#define STORAGE_SECONDS	20	/* timeout; the apps wait 30 s */
#define CANCEL_SECONDS	5	/* timeout of each step of a deletion, which store-cleanup repeats */

static const struct field	sign_fields[] = {
	FIELD("first", FIELD_INTEGER, .min = 1, .max = OBJECTS_PARTS_MAX),
	FIELD("last", FIELD_INTEGER, .min = 1, .max = OBJECTS_PARTS_MAX),
	FIELD_END
};

/* An upload whose parts a thread lists. Lives until the work is done, also after its request has been freed. */
struct listing {
	struct request		*r;
	char			key[OBJECTS_KEY_MAX + 1];
	char			id[OBJECTS_UPLOAD_MAX];
	char			base[SIGN_BASE_MAX];
	char			*job;		/* the member "job" of the response */
	struct upload_plan	plan;
	int			signs;		/* 1: the response has URLs, else the parts that have arrived */
	int			first, last;
	struct objects_part	*arrived;
	size_t			count;
	char			*urls;
	struct objects_call	call;
	enum objects_result	result;
};

static void
listing_free(struct listing *l)
{
	free(l->job);
	free(l->arrived);
	free(l->urls);
	free(l);
}

static void
listing_work(void *arg)
{
	struct listing	*l = arg;

	l->call.seconds = STORAGE_SECONDS;
	l->result = objects_parts(l->key, l->id, &l->arrived, &l->count, &l->call);
	if (l->result == OBJECTS_OK && l->signs)
		l->urls = upload_plan_presign(&l->plan, l->first, l->last, l->arrived, l->count, l->base, l->key, l->id);
}

static void
plan_write(struct kore_buf *body, const struct listing *l)
{
	kore_buf_appendf(body, "{\"job\":%s,\"uploadId\":", l->job);
	json_quote(body, l->id);
	kore_buf_appendf(body, ",\"key\":");
	json_quote(body, l->key);
	kore_buf_appendf(body, ",\"partSize\":%" PRId64 ",\"partCount\":%d", l->plan.part_size, l->plan.part_count);
}

static void
listing_reply(const struct listing *l)
{
	struct kore_buf	body;
	size_t		i;

	kore_buf_init(&body, 1024 + 128 * l->count + (l->urls != NULL ? strlen(l->urls) : 0));
	plan_write(&body, l);
	if (l->signs) {
		kore_buf_appendf(&body, ",\"presignedParts\":");
		kore_buf_append(&body, l->urls, strlen(l->urls));
	} else {
		kore_buf_appendf(&body, ",\"parts\":[");
		for (i = 0; i < l->count; i++) {
			kore_buf_appendf(&body, "%s{\"PartNumber\":%d,\"Size\":%" PRIu64 ",\"ETag\":", i > 0 ? "," : "", l->arrived[i].number,
			    l->arrived[i].size);
			json_quote(&body, l->arrived[i].etag);
			kore_buf_appendf(&body, "}");
		}
		kore_buf_appendf(&body, "]");
	}
	kore_buf_append(&body, "}", 1);
	reply_json(l->r, 200, body.data, body.offset);
	kore_buf_cleanup(&body);
}

static void
listing_done(void *arg)
{
	struct listing	*l = arg;
	struct request	*r = l->r;

	if (!request_resume(r)) {
		listing_free(l);
		return;
	}
	if (l->result == OBJECTS_OK && (l->urls != NULL || !l->signs)) {
		listing_reply(l);
	} else if (l->result == OBJECTS_MISSING) {
		reply_message(r, 409, "Object storage no longer has this upload: complete it, or upload the film again");
	} else {
		log_event(LOG_LEVEL_WARN, "object storage error: cannot list the parts of an upload", LOG_S("id", r->id), LOG_S("error", l->call.error));
		reply_message(r, 500, "Failed to list the parts of the upload");
	}
	request_settle(r);
	listing_free(l);
}

/* Returns an integer of the checked body, other if it is absent. */
static int
number_read(struct request *r, const char *name, int other)
{
	int	node = r->json.count > 0 ? json_get(&r->json, 0, name) : -1;

	return (node < 0 ? other : (int)strtod(r->json.text + r->json.nodes[node].start, NULL));
}

static void
listing_begin(struct request *r, const PGresult *res, int signs)
{
	struct listing	*l;

	if (sql_text(res, "body") != NULL) {
		sql_answer(r, res);
		return;
	}
	if ((l = calloc(1, sizeof(*l))) == NULL || (l->job = strdup(sql_text(res, "job"))) == NULL)
		fatal("out of memory");
	l->r = r;
	l->signs = signs;
	snprintf(l->key, sizeof(l->key), "%s", sql_text(res, "key"));
	snprintf(l->id, sizeof(l->id), "%s", sql_text(res, "upload"));
	upload_plan_read(&l->plan, strtoll(sql_text(res, "bytes"), NULL, 10), strtoll(sql_text(res, "part_size"), NULL, 10));
	l->first = number_read(r, "first", 1);
	l->last = number_read(r, "last", l->plan.part_count);
	if (l->last > l->plan.part_count)
		l->last = l->plan.part_count;
	sign_base(r, l->base);
	request_wait(r);
	(void)work_run(WORK_STORE, listing_work, listing_done, l);
}

/* An upload that has been canceled. Lives until its parts have been deleted, also after its request has been freed. */
struct canceled {
	struct request	*r;
	char		key[OBJECTS_KEY_MAX + 1];
	char		id[OBJECTS_UPLOAD_MAX];	/* empty if it is not known */
	char		*body;			/* the response; the request owns it */
};

/* Deletes the parts, and the object if an earlier completion has joined them. */
static void
cancel_work(void *arg)
{
	struct canceled		*c = arg;
	struct objects_call	call = { .seconds = CANCEL_SECONDS };
	enum objects_result	result;

	result = *c->id != '\0' ? objects_abort(c->key, c->id, &call) : objects_abort_all(c->key, &call);
	if (result == OBJECTS_OK)
		result = objects_delete(c->key, &call);
	if (result != OBJECTS_OK)
		log_event(LOG_LEVEL_WARN, "object storage error: cannot delete a canceled upload; store-cleanup will do it", LOG_S("error", call.error));
}

static void
cancel_done(void *arg)
{
	struct canceled	*c = arg;

	if (request_resume(c->r)) {
		reply_json(c->r, 200, c->body, strlen(c->body));
		request_settle(c->r);
	}
	free(c);
}

static void
cancel_stored(struct request *r, const PGresult *res)
{
	struct canceled	*c;

	if (sql_text(res, "key") == NULL || !objects_enabled()) {
		sql_answer(r, res);
		return;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("out of memory");
	c->r = r;
	c->body = sql_copy(r, res, "body");
	snprintf(c->key, sizeof(c->key), "%s", sql_text(res, "key"));
	snprintf(c->id, sizeof(c->id), "%s", sql_text(res, "upload"));
	request_wait(r);
	(void)work_run(WORK_STORE, cancel_work, cancel_done, c);
}

ROUTE(DELETE, "/api/admin/uploads/:id", uploads_cancel, .guard = "movies:manage", .strict = 1, .id = "job");

static void
uploads_cancel(struct request *r)
{
	sql_query(r, "uploads/cancel", cancel_stored);
}

ROUTE(GET, "/api/admin/uploads/:id/parts", uploads_parts, .guard = "movies:manage", .strict = 1, .id = "job");

static void
parts_found(struct request *r, const PGresult *res)
{
	listing_begin(r, res, 0);
}

static void
uploads_parts(struct request *r)
{
	sql_query(r, "uploads/parts", parts_found);
}

ROUTE(POST, "/api/admin/uploads/:id/parts", uploads_sign, .guard = "movies:manage", .strict = 1, .id = "job", .fields = sign_fields);

static void
sign_found(struct request *r, const PGresult *res)
{
	listing_begin(r, res, 1);
}

static void
uploads_sign(struct request *r)
{
	sql_query(r, "uploads/sign", sign_found);
}
