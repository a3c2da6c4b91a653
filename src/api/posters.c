/*
 * Poster candidates: frames that the transcode worker has chosen
 * (docs/compatibility.md#posters). The chosen one is copied to the public artwork
 * on a thread, because candidates are private and are deleted with their film.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/work.h"
#include "http/local_body.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sign.h"
#include "http/sql.h"
#include "store/object_key.h"
#include "store/objects.h"

#define STORAGE_SECONDS	20
#define POSTER_MAX	(8 << 20)	/* bytes of a candidate; a JPEG file of 1280 pixels has less than 1 MB */

/* A copy that a thread makes. Lives until the work is done, also after its request has been freed. */
struct copy {
	struct request		*r;
	char			from[OBJECTS_KEY_MAX + 1], to[OBJECTS_KEY_MAX + 1];
	struct objects_call	call;
	enum objects_result	result;
};

static void
copy_work(void *arg)
{
	struct copy	*c = arg;
	char		*data;
	size_t		len;

	if ((data = malloc(POSTER_MAX)) == NULL)
		fatal("out of memory");
	c->call.seconds = STORAGE_SECONDS;
	if ((c->result = objects_read(c->from, NULL, 0, data, POSTER_MAX, &len, &c->call)) == OBJECTS_OK)
		c->result = objects_put(c->to, "image/jpeg", data, len, NULL, &c->call);
	free(data);
}

static void
copy_fail(const struct copy *c)
{
	if (c->result == OBJECTS_MISSING) {
		reply_message(c->r, 404, "Poster candidate not found");
	} else if (c->call.no_space) {
		local_body_full(c->r->id, c->call.error);
		reply_message(c->r, 507, "Object storage is full");
	} else {
		log_event(LOG_LEVEL_WARN, "object storage error: cannot copy a poster", LOG_S("id", c->r->id), LOG_S("error", c->call.error));
		reply_message(c->r, 500, "The poster could not be stored");
	}
}

static void
copy_done(void *arg)
{
	struct copy	*c = arg;
	struct request	*r = c->r;

	if (request_resume(r)) {
		if (c->result != OBJECTS_OK)
			copy_fail(c);
		else
			sql_reply(r, "catalogue/poster-choose");
		request_settle(r);
	}
	free(c);
}

/* The candidate exists, and the key of the copy is in the trash until the title refers to it. */
static void
poster_found(struct request *r, const PGresult *res)
{
	const char	*key = sql_text(res, "object_key");
	struct copy	*c;

	if (key == NULL) {	/* the film was replaced meanwhile */
		reply_message(r, 404, "Poster candidate not found");
		return;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("out of memory");
	c->r = r;
	snprintf(c->from, sizeof(c->from), "%s", key);
	snprintf(c->to, sizeof(c->to), "%s", (const char *)r->state);
	request_wait(r);
	(void)work_run(WORK_STORE, copy_work, copy_done, c);
}

static const struct field	choose_fields[] = {
	FIELD("candidate", FIELD_STRING, .required = 1),
	FIELD_END
};

ROUTE(POST, "/api/admin/titles/:id/poster", poster_choose, .guard = "movies:manage", .strict = 1, .id = "title", .fields = choose_fields);

static void
poster_choose(struct request *r)
{
	char	base[SIGN_BASE_MAX], key[OBJECTS_KEY_MAX + 1], url[OBJECTS_URL_MAX];

	object_key_make("poster", NULL, key);
	r->state = request_copy(r, key);
	sign_base(r, base);
	request_param(r, "key", key);
	request_param(r, "publicUrl", sign_public_url(base, key, url) ? url : key);
	sql_query(r, "catalogue/poster-find", poster_found);
}

ROUTE_SQL(GET, "/api/admin/titles/:id/posters", "catalogue/posters", .guard = "movies:view", .strict = 1, .id = "title");
