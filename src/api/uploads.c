/*
 * Uploads of films (docs/compatibility.md#uploads), and of audio tracks for films
 * (docs/compatibility.md#audio-tracks). The browser puts the parts
 * directly into object storage. These routes create the multipart upload, record
 * its progress, complete it and enqueue a transcode job. Calls to object storage
 * run on a thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/upload_plan.h"
#include "base/language.h"
#include "base/log.h"
#include "base/work.h"
#include "http/local_body.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"
#include "store/object_key.h"
#include "store/objects.h"
#include "store/queue.h"

#define BYTES_MAX	((int64_t)5 << 40)
#define STORAGE_SECONDS	20		/* timeout; the apps wait 30 s */
#define COMPLETE_SECONDS	600	/* timeout of a completion; a local directory copies the parts */
#define RENDITIONS	"R4K|R2K|R1080|R720|R360"
#define COMPLETE_BODY	(1 << 20)	/* 10000 parts with their ETags */

static const struct field	init_fields[] = {
	FIELD("kind", FIELD_CHOICE, .required = 1, .choices = "MOVIE|SERIES|EPISODE"),
	FIELD("titleId", FIELD_ID),
	FIELD("titleName", FIELD_STRING),
	FIELD("episodeId", FIELD_ID),
	FIELD("episodeName", FIELD_STRING),
	FIELD("seasonNumber", FIELD_COUNT),
	FIELD("episodeNumber", FIELD_COUNT),
	FIELD("fileName", FIELD_STRING, .required = 1, .min = 1),
	FIELD("bytesTotal", FIELD_ID, .required = 1, .min = 1, .max = BYTES_MAX),
	FIELD("contentType", FIELD_STRING),
	FIELD("renditions", FIELD_CHOICES, .choices = RENDITIONS),
	FIELD_END
};

static const struct field	audio_fields[] = {
	FIELD("fileName", FIELD_STRING, .required = 1, .min = 1),
	FIELD("bytesTotal", FIELD_ID, .required = 1, .min = 1, .max = BYTES_MAX),
	FIELD("contentType", FIELD_STRING),
	FIELD("language", FIELD_STRING, .required = 1),
	FIELD("purpose", FIELD_CHOICE, .required = 1, .choices = "main|description|commentary|clear"),
	FIELD_END
};

static const struct field	progress_fields[] = {
	FIELD("bytesUploaded", FIELD_ID, .required = 1, .max = INT64_MAX),
	FIELD_END
};

static const struct field	part_fields[] = {
	FIELD("ETag", FIELD_STRING, .required = 1),
	FIELD("PartNumber", FIELD_INTEGER, .required = 1, .min = 1, .max = OBJECTS_PARTS_MAX),
	FIELD_END
};

static const struct field	complete_fields[] = {
	FIELD("uploadId", FIELD_STRING, .required = 1),
	FIELD("key", FIELD_STRING, .required = 1),
	FIELD("parts", FIELD_OBJECTS, .required = 1, .of = part_fields),
	FIELD("renditions", FIELD_CHOICES, .choices = RENDITIONS),
	FIELD_END
};

ROUTE_SQL(GET, "/api/admin/uploads", "uploads/list", .guard = "movies:view", .strict = 1);
ROUTE_SQL(GET, "/api/admin/titles/:id/uploads", "uploads/of-title", .guard = "movies:view", .strict = 1, .id = "title");
ROUTE_SQL(PATCH, "/api/admin/uploads/:id/progress", "uploads/progress", .guard = "movies:manage", .strict = 1, .id = "job",
    .fields = progress_fields);
ROUTE_SQL(POST, "/api/admin/uploads/:id/retry", "uploads/retry", .guard = "movies:manage", .strict = 1, .id = "job");

/* An upload that a thread works on. Lives until the work is done, also after its request has been freed. */
struct upload {
	struct request		*r;
	char			key[OBJECTS_KEY_MAX + 1];
	char			id[OBJECTS_UPLOAD_MAX];
	struct objects_call	call;
	enum objects_result	result;

	/* init */
	char			base[SIGN_BASE_MAX];
	char			type[256];
	struct upload_plan	plan;		/* complete, too */
	char			*part_urls;	/* the JSON array presignedParts */

	/* complete */
	char			*complaint;	/* the response if parts are missing; NULL otherwise */
	struct objects_part	*parts;
	size_t			count;
	uint64_t		size;
};

static struct upload *
upload_new(struct request *r)
{
	struct upload	*u;

	if ((u = calloc(1, sizeof(*u))) == NULL)
		fatal("out of memory");
	u->r = r;

	return (u);
}

static void
upload_free(void *arg)
{
	struct upload	*u = arg;

	free(u->part_urls);
	free(u->complaint);
	free(u->parts);
	free(u);
}

/* Runs work on a thread, then done on the event loop. done must call request_resume. */
static void
upload_run(struct upload *u, void (*work)(void *), void (*done)(void *))
{
	request_wait(u->r);
	(void)work_run(WORK_STORE, work, done, u);
}

static void
upload_abort(void *arg)
{
	struct upload	*u = arg;

	if (objects_abort(u->key, u->id, &u->call) != OBJECTS_OK)
		log_event(LOG_LEVEL_WARN, "object storage error: cannot abort a multipart upload", LOG_S("error", u->call.error));
}

static void
init_work(void *arg)
{
	struct upload	*u = arg;

	u->call.seconds = STORAGE_SECONDS;
	if ((u->result = objects_begin(u->key, u->type, u->id, &u->call)) != OBJECTS_OK)
		return;
	if ((u->part_urls = upload_plan_presign(&u->plan, 1, u->plan.part_count, NULL, 0, u->base, u->key, u->id)) == NULL) {
		upload_abort(u);
		snprintf(u->call.error, sizeof(u->call.error), "cannot create presigned URLs for the parts");
		u->result = OBJECTS_LATER;
	}
}

/* Logs why object storage has refused a step of the upload. */
static void
failure_log(const struct upload *u, const char *message)
{
	if (u->call.no_space)
		local_body_full(u->r->id, u->call.error);
	else
		log_event(LOG_LEVEL_WARN, message, LOG_S("id", u->r->id), LOG_S("error", u->call.error));
}

static void
failure_reply(const struct upload *u)
{
	struct request	*r = u->r;
	struct kore_buf	body;

	failure_log(u, "object storage error: cannot create a multipart upload");
	kore_buf_init(&body, 256);
	kore_buf_appendf(&body, "{\"message\":\"Failed to init upload\",\"error\":");
	json_quote(&body, u->call.error);
	kore_buf_append(&body, "}", 1);
	reply_json(r, u->call.no_space ? 507 : 500, body.data, body.offset);
	kore_buf_cleanup(&body);
}

static void
init_reply(struct upload *u, const char *job)
{
	struct kore_buf	body;

	kore_buf_init(&body, 1024 + strlen(u->part_urls));
	kore_buf_appendf(&body, "{\"jobId\":\"%s\",\"uploadId\":", job);
	json_quote(&body, u->id);
	kore_buf_append(&body, ",\"key\":", 7);
	json_quote(&body, u->key);
	kore_buf_appendf(&body, ",\"partSize\":%lld,\"partCount\":%d,\"presignedParts\":", (long long)u->plan.part_size, u->plan.part_count);
	kore_buf_append(&body, u->part_urls, strlen(u->part_urls));
	kore_buf_append(&body, "}", 1);
	reply_json(u->r, 200, body.data, body.offset);
	kore_buf_cleanup(&body);
}

/* Replies, and aborts the multipart upload if its row was not inserted. */
static void
init_stored(void *arg, const struct pg_outcome *outcome)
{
	struct upload	*u = arg;
	const char	*job = outcome->error == NULL ? sql_text(outcome->res, "body") : NULL;

	if (request_resume(u->r)) {
		if (job != NULL)
			init_reply(u, job);
		else
			sql_failed(u->r, outcome);
		request_settle(u->r);
	}
	/* If the database connection was lost, the row may have been committed. The upload reaper then cleans up. */
	if (job == NULL && !outcome->disconnected)
		(void)work_run(WORK_STORE, upload_abort, upload_free, u);
	else
		upload_free(u);
}

static void
init_created(void *arg)
{
	struct upload	*u = arg;
	struct request	*r = u->r;

	if (!request_resume(r)) {
		if (u->result == OBJECTS_OK)
			(void)work_run(WORK_STORE, upload_abort, upload_free, u);
		else
			upload_free(u);
		return;
	}
	if (u->result != OBJECTS_OK) {
		failure_reply(u);
		request_settle(r);
		upload_free(u);
		return;
	}
	request_param(r, "key", u->key);
	request_param(r, "uploadId", u->id);
	request_param(r, "partSize", request_format(r, "%lld", (long long)u->plan.part_size));
	request_wait(r);
	sql_call(r, r->state, init_stored, u);
	request_settle(r);
}

/* Returns the renditions as a JSON array: those of the body, else that of the app's field rendition, else the default. */
static const char *
renditions_read(struct request *r)
{
	static const struct { const char *hint, *renditions; }	hints[] = {
		{ "4k", "[\"R4K\"]" }, { "2k", "[\"R2K\"]" }, { "1440p", "[\"R2K\"]" }, { "1080p", "[\"R1080\"]" }, { "720p", "[\"R720\"]" },
		{ "480p", "[\"R360\"]" }, { "360p", "[\"R360\"]" } };
	const char	*raw, *hint = request_text(r, "rendition");
	size_t		i, len;
	int		node = json_get(&r->json, 0, "renditions");

	if (node >= 0 && r->json.nodes[node].size > 0) {
		raw = json_raw(&r->json, node, &len);
		return (request_format(r, "%.*s", (int)len, raw));
	}
	for (i = 0; hint != NULL && i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (!strcasecmp(hint, hints[i].hint))
			return (hints[i].renditions);
	}

	return ("[\"R1080\",\"R720\",\"R360\"]");
}

/* Reads contentType; a value that cannot be sent in a header becomes application/octet-stream. */
static void
type_read(struct request *r, char out[256])
{
	const char	*type = request_text(r, "contentType"), *p;

	snprintf(out, 256, "%s", type != NULL && *type != '\0' && strlen(type) < 256 ? type : "application/octet-stream");
	for (p = out; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p > 0x7e) {
			snprintf(out, 256, "application/octet-stream");
			break;
		}
	}
}

/* Returns an integer field of the checked body, 0 if it is absent. */
static int64_t
number_read(struct request *r, const char *name)
{
	struct json	body;
	int64_t		n = 0;
	int		node;

	if (json_parse(&body, r->body, strlen(r->body)) == NULL) {
		if ((node = json_get(&body, 0, name)) >= 0)
			n = strtoll(body.text + body.nodes[node].start, NULL, 10);
		json_free(&body);
	}

	return (n);
}

static void
init_checked(struct request *r, const PGresult *res)
{
	struct upload	*u = upload_new(r);

	(void)res;
	object_key_make("uploads", request_text(r, "fileName"), u->key);
	type_read(r, u->type);
	sign_base(r, u->base);
	upload_plan_make(&u->plan, number_read(r, "bytesTotal"));
	upload_run(u, init_work, init_created);
}

/* Begins an upload. The first statement refuses what cannot be uploaded, the second inserts the row after the upload was created in object storage. */
static void
upload_begin(struct request *r, const char *check, const char *insert)
{
	if (!objects_enabled()) {
		sql_refusal(r, 500, "{\"message\":\"S3 is not configured\"}");
		sql_refuse(r);
		return;
	}
	r->state = request_copy(r, insert);	/* read by init_created() */
	sql_query(r, check, init_checked);
}

ROUTE(POST, "/api/admin/uploads/init", uploads_init, .guard = "movies:manage", .strict = 1, .fields = init_fields);

static void
uploads_init(struct request *r)
{
	request_param(r, "renditions", renditions_read(r));
	upload_begin(r, "uploads/check", "uploads/init");
}

static void
audio_begin(struct request *r, const char *check, const char *insert)
{
	char	tag[LANGUAGE_MAX];

	if (!language_tag(request_text(r, "language"), tag) || !strcmp(tag, "und")) {
		sql_refusal(r, 400, "{\"message\":\"language must be a tag of BCP 47, such as en or pt-BR\"}");
		sql_refuse(r);
		return;
	}
	request_param(r, "language", request_copy(r, tag));
	upload_begin(r, check, insert);
}

ROUTE(POST, "/api/admin/titles/:id/audio", title_audio_add, .guard = "movies:manage", .strict = 1, .id = "title", .fields = audio_fields);

static void
title_audio_add(struct request *r)
{
	audio_begin(r, "audio/title-check", "audio/title-add");
}

ROUTE(POST, "/api/admin/episodes/:id/audio", episode_audio_add, .guard = "movies:manage", .strict = 1, .id = "episode", .fields = audio_fields);

static void
episode_audio_add(struct request *r)
{
	audio_begin(r, "audio/episode-check", "audio/episode-add");
}

/*
 * Compares the parts with the plan before they are joined, so that the client can
 * send the missing ones. Returns 0 if the upload must not be completed.
 */
static int
parts_check(struct upload *u)
{
	static const struct objects_part	none;
	struct objects_part			*arrived = NULL;
	struct objects_call			call = { .seconds = STORAGE_SECONDS };
	size_t					count = 0;

	u->result = objects_parts(u->key, u->id, &arrived, &count, &call);
	if (u->result == OBJECTS_LATER) {
		u->call = call;
		return (0);
	}
	if (u->result == OBJECTS_OK)
		u->complaint = upload_plan_check(&u->plan, u->parts, u->count, arrived != NULL ? arrived : &none, count);
	else if (u->result == OBJECTS_REFUSED) {
		log_event(LOG_LEVEL_WARN, "object storage error: cannot list the parts of an upload (s3:ListMultipartUploadParts); only their "
		    "numbers and the size of the file are checked", LOG_S("error", call.error));
		u->complaint = upload_plan_check(&u->plan, u->parts, u->count, NULL, 0);
	}
	free(arrived);

	return (u->complaint == NULL);
}

/* Refuses a joined object of another size. Without the list of parts this is the only check. */
static void
size_check(struct upload *u)
{
	if (u->plan.bytes == 0 || u->size == (uint64_t)u->plan.bytes)
		return;
	snprintf(u->call.error, sizeof(u->call.error), "IncompleteBody: the file has %llu of %lld bytes; upload it again",
	    (unsigned long long)u->size, (long long)u->plan.bytes);
	u->result = OBJECTS_REFUSED;
}

static void
complete_work(void *arg)
{
	struct upload		*u = arg;
	struct objects_stat	stat;
	enum objects_result	result;
	struct objects_call	head = { .seconds = STORAGE_SECONDS };

	if (!parts_check(u))
		return;
	u->call.seconds = COMPLETE_SECONDS;
	u->result = objects_complete(u->key, u->id, u->parts, u->count, NULL, &u->call);
	if (u->result != OBJECTS_OK && u->result != OBJECTS_MISSING)
		return;
	/* If the upload no longer exists, an earlier request may have completed it and its response was lost. */
	result = objects_head(u->key, &stat, &head);
	u->size = stat.size;
	if (result == OBJECTS_OK) {
		u->result = OBJECTS_OK;
		size_check(u);
	} else if (u->result == OBJECTS_OK || result != OBJECTS_MISSING) {
		u->result = result;
		u->call = head;
	}
}

static void
complete_stored(void *arg, const struct pg_outcome *outcome)
{
	struct upload	*u = arg;

	if (outcome->error == NULL)
		queue_wake();
	if (request_resume(u->r)) {
		if (outcome->error == NULL)
			sql_answer(u->r, outcome->res);
		else
			sql_failed(u->r, outcome);
		request_settle(u->r);
	}
	upload_free(u);
}

static void
complete_done(void *arg)
{
	struct upload	*u = arg;
	struct request	*r = u->r;
	char		uri[OBJECTS_KEY_MAX + 300];

	if (!request_resume(r)) {
		upload_free(u);
		return;
	}
	if (u->complaint != NULL) {
		reply_json(r, 400, u->complaint, strlen(u->complaint));
		upload_free(u);
	} else if (u->result == OBJECTS_OK && objects_uri(u->key, uri, sizeof(uri))) {
		request_param(r, "uri", uri);
		request_param(r, "size", request_format(r, "%llu", (unsigned long long)u->size));
		request_wait(r);
		sql_call(r, "uploads/complete", complete_stored, u);
	} else {
		failure_log(u, "object storage error: cannot complete a multipart upload");
		request_param(r, "error", u->call.error);
		request_param(r, "failure", u->result == OBJECTS_REFUSED ? "400" : u->call.no_space ? "507" : "500");
		upload_free(u);
		sql_reply(r, "uploads/fail");
	}
	request_settle(r);
}

/* Reads the parts of the body and sorts them by number. */
static void
parts_read(struct request *r, struct upload *u)
{
	const struct json	*doc = &r->json;
	int			node = json_get(doc, 0, "parts"), item = node + 1;
	size_t			i;
	char			*etag;

	u->count = (size_t)doc->nodes[node].size;
	if ((u->parts = calloc(u->count + 1, sizeof(*u->parts))) == NULL)
		fatal("out of memory");
	for (i = 0; i < u->count; i++, item = json_next(doc, item)) {
		u->parts[i].number = (int)strtod(doc->text + doc->nodes[json_get(doc, item, "PartNumber")].start, NULL);
		etag = json_plain(doc, json_get(doc, item, "ETag"));
		snprintf(u->parts[i].etag, sizeof(u->parts[i].etag), "%s", etag);
		free(etag);
	}
	qsort(u->parts, u->count, sizeof(*u->parts), objects_part_compare);
}

static void
complete_found(struct request *r, const PGresult *res)
{
	struct upload	*u;

	if (sql_text(res, "body") != NULL) {
		sql_answer(r, res);
		return;
	}
	u = upload_new(r);
	snprintf(u->key, sizeof(u->key), "%s", request_text(r, "key"));
	snprintf(u->id, sizeof(u->id), "%s", request_text(r, "uploadId"));
	upload_plan_read(&u->plan, strtoll(sql_text(res, "bytes"), NULL, 10), strtoll(sql_text(res, "part_size"), NULL, 10));
	parts_read(r, u);
	/* After the completion the transcode job must be enqueued, even if the client has disconnected. */
	request_persist(r);
	upload_run(u, complete_work, complete_done);
}

ROUTE(POST, "/api/admin/uploads/:id/complete", uploads_complete, .guard = "movies:manage", .strict = 1, .id = "job",
    .fields = complete_fields, .body_max = COMPLETE_BODY);

static void
uploads_complete(struct request *r)
{
	sql_query(r, "uploads/find", complete_found);
}
