/*
 * Tracks of text that editors add to a film: subtitles and captions as SubRip or
 * WebVTT files (docs/compatibility.md#text-tracks). A thread reads the file and
 * stores it as WebVTT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/language.h"
#include "base/log.h"
#include "base/random.h"
#include "base/vtt.h"
#include "base/work.h"
#include "http/local_body.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"
#include "store/objects.h"

#define EDITORS		.guard = "movies:manage", .strict = 1
#define STORAGE_SECONDS	20

static const struct param	add_query[] = {
	PARAM("kind", PARAM_CHOICE, .choices = "subtitles|captions", .otherwise = "subtitles", .refuse = 1),
	PARAM("label", PARAM_TEXT),
	PARAM("language", PARAM_TEXT),
	PARAM_END
};

/* Data that the handler keeps while a statement runs. */
struct asked {
	const char	*key;		/* of the object */
	const char	*add;		/* statement that adds the track */
};

/* A file that a thread works on. Lives until the work is done, also after its request has been freed. */
struct sidecar {
	struct request		*r;
	char			key[OBJECTS_KEY_MAX + 1];
	char			*file;
	size_t			len;
	struct objects_call	call;
	enum objects_result	stored;
	enum vtt_result		read;
	char			error[VTT_ERROR_MAX];
};

static void
sidecar_free(struct sidecar *s)
{
	free(s->file);
	free(s);
}

/* Copies the body of the request, which may be freed before the thread has ended. */
static struct sidecar *
sidecar_new(struct request *r)
{
	const struct kore_buf	*body = r->kore->http_body;
	size_t			len = body != NULL ? r->kore->http_body_length : 0;
	struct sidecar		*s = calloc(1, sizeof(*s));

	if (s == NULL || (s->file = malloc(len + 1)) == NULL)
		fatal("out of memory");
	if (len > 0)
		memcpy(s->file, body->data, len);
	s->r = r;
	s->len = len;
	snprintf(s->key, sizeof(s->key), "%s", ((const struct asked *)r->state)->key);

	return (s);
}

static void
sidecar_work(void *arg)
{
	struct sidecar	*s = arg;
	struct vtt	vtt = { 0 };
	char		*text = NULL;
	size_t		len;

	s->call.seconds = STORAGE_SECONDS;
	if ((s->read = vtt_read(&vtt, s->file, s->len, s->error)) == VTT_OK) {
		if ((text = vtt_write(&vtt, &len)) == NULL)
			s->read = VTT_MEMORY;
		else
			s->stored = objects_put(s->key, "text/vtt", text, len, NULL, &s->call);
	}
	free(text);
	vtt_free(&vtt);
}

static void
sidecar_fail(const struct sidecar *s)
{
	if (s->read == VTT_MEMORY) {
		reply_message(s->r, 503, "Out of memory");
	} else if (s->read != VTT_OK) {
		reply_message(s->r, 422, s->error);
	} else if (s->call.no_space) {
		local_body_full(s->r->id, s->call.error);
		reply_message(s->r, 507, "Object storage is full");
	} else {
		log_event(LOG_LEVEL_WARN, "object storage error: cannot store a track of text", LOG_S("id", s->r->id), LOG_S("error", s->call.error));
		reply_message(s->r, 500, "The file could not be stored");
	}
}

static void
sidecar_done(void *arg)
{
	struct sidecar	*s = arg;
	struct request	*r = s->r;

	if (request_resume(r)) {
		if (s->read != VTT_OK || s->stored != OBJECTS_OK)
			sidecar_fail(s);
		else
			sql_reply(r, ((const struct asked *)r->state)->add);
		request_settle(r);
	}
	sidecar_free(s);
}

/* The film exists, and the object is in the trash until the track is added. */
static void
sidecar_reserved(struct request *r, const PGresult *res)
{
	(void)res;
	request_wait(r);
	(void)work_run(WORK_STORE, sidecar_work, sidecar_done, sidecar_new(r));
}

static void
text_add(struct request *r, const char *reserve, const char *add)
{
	char		text[128], tag[LANGUAGE_MAX], hex[33];
	struct asked	*asked;

	if (!query_get(r, "language", text, sizeof(text)) || !language_tag(text, tag)) {
		sql_refusal(r, 400, "{\"message\":\"language must be a tag of BCP 47, such as en or pt-BR\"}");
		sql_refuse(r);
		return;
	}
	random_hex(hex, 16);
	asked = r->state = request_alloc(r, sizeof(*asked));
	asked->key = request_format(r, "vod/text/%s.vtt", hex);
	asked->add = add;
	request_param(r, "key", asked->key);
	request_param(r, "language", tag);
	sql_query(r, reserve, sidecar_reserved);
}

ROUTE(POST, "/api/admin/titles/:id/text", title_text_add, EDITORS, .id = "title", .query = add_query, .raw = 1, .body_max = VTT_FILE_MAX);

static void
title_text_add(struct request *r)
{
	text_add(r, "text/title-reserve", "text/title-add");
}

ROUTE(POST, "/api/admin/episodes/:id/text", episode_text_add, EDITORS, .id = "episode", .query = add_query, .raw = 1, .body_max = VTT_FILE_MAX);

static void
episode_text_add(struct request *r)
{
	text_add(r, "text/episode-reserve", "text/episode-add");
}

ROUTE_SQL(GET, "/api/admin/titles/:id/text", "text/title-list", EDITORS, .id = "title");
ROUTE_SQL(GET, "/api/admin/episodes/:id/text", "text/episode-list", EDITORS, .id = "episode");
ROUTE_SQL(DELETE, "/api/admin/text/:id", "text/delete", EDITORS, .id = "text");
