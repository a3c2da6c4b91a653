/*
 * GET /health: whether this process serves; it waits for nothing else. GET
 * /health/ready: whether what it depends on does too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/work.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/objects.h"
#include "store/pg.h"
#include "store/valkey.h"

#define EVERY_ROLE	(ROLE_API | ROLE_TRANSCODE | ROLE_CRON)
#define STORE_FRESH_MS	3000	/* the store is asked on a thread, and not for every probe of a load balancer */
#define STORE_SECONDS	2



static void
health_reply(struct request *r)
{
	const char	*body;

	body = role_draining() ? "{\"status\":\"draining\"}" : "{\"status\":\"ok\"}";
	reply_json(r, role_draining() ? 503 : 200, body, strlen(body));
}

ROUTE(GET, "/health", health_get, .roles = EVERY_ROLE, .vital = 1);

static void
health_get(struct request *r)
{
	health_reply(r);
}

ROUTE(GET, "/api/health", health_get_api, .roles = EVERY_ROLE, .vital = 1);

static void
health_get_api(struct request *r)
{
	health_reply(r);
}

/* What one of the servers we depend on said, and after how long. */
struct answer {
	int	up;
	int64_t	ms;
};

struct ready {
	struct answer	postgres, valkey, store;
};

/* What the store said last, and who waits for what it says now. */
static struct {
	struct answer		answer;
	u_int64_t		at;		/* 0: never asked */
	u_int64_t		since;		/* when it was asked now; 0: it is not being asked */
	enum objects_result	result;		/* of the task */
	char			error[256];
	struct asker		*askers;
} store;

struct asker {
	struct request	*r;
	struct asker	*next;
};

static void
answer_take(struct request *r, struct answer *a, int up)
{
	a->up = up;
	a->ms = (int64_t)(kore_time_ms() - r->since);
}

static void
answer_write(struct kore_buf *body, const char *name, const struct answer *a)
{
	kore_buf_appendf(body, ",\"%s\":{\"state\":\"%s\",\"ms\":%lld}", name, a->up ? "up" : "down", (long long)a->ms);
}

/* Cron works without films. Without Valkey work only waits a little longer, so it does not make us unready. */
static int
is_ready(const struct ready *ready)
{
	return (ready->postgres.up && !role_draining() &&
	    (ready->store.up || !objects_enabled() || !(role_get() & (ROLE_API | ROLE_TRANSCODE))));
}

/* Replies when all have answered. */
static void
ready_reply(struct request *r)
{
	const struct ready	*ready = r->state;
	struct kore_buf		body;
	int			ok;

	if (r->waits > 0)
		return;
	ok = is_ready(ready);
	kore_buf_init(&body, 256);
	kore_buf_appendf(&body, "{\"status\":\"%s\"", ok ? "ready" : "not ready");
	answer_write(&body, "postgres", &ready->postgres);
	answer_write(&body, "valkey", &ready->valkey);
	if (objects_enabled())
		answer_write(&body, "store", &ready->store);
	kore_buf_append(&body, "}", 1);
	reply_json(r, ok ? 200 : 503, (const char *)body.data, body.offset);
	kore_buf_cleanup(&body);
	request_settle(r);
}

static void
postgres_answered(void *arg, const struct pg_outcome *outcome)
{
	struct request	*r = arg;

	if (!request_resume(r))
		return;
	answer_take(r, &((struct ready *)r->state)->postgres, outcome->error == NULL);
	ready_reply(r);
}

static void
valkey_answered(void *arg, const redisReply *reply)
{
	struct request	*r = arg;

	if (!request_resume(r))
		return;
	answer_take(r, &((struct ready *)r->state)->valkey, reply != NULL && reply->type != REDIS_REPLY_ERROR);
	ready_reply(r);
}

static void
store_ask(void *arg)
{
	struct objects_call	call = { .seconds = STORE_SECONDS };

	(void)arg;
	store.result = objects_probe(&call);
	memcpy(store.error, call.error, sizeof(store.error));
}

static void
store_asked(void *arg)
{
	u_int64_t	now = kore_time_ms();
	struct asker	*a;
	int		up = store.result == OBJECTS_OK;

	(void)arg;
	if (!up && (store.at == 0 || store.answer.up))
		log_event(LOG_LEVEL_WARN, "the object store does not answer", LOG_S("error", store.error));
	store.answer = (struct answer){ .up = up, .ms = (int64_t)(now - store.since) };
	store.at = now;
	store.since = 0;
	while ((a = store.askers) != NULL) {
		store.askers = a->next;
		if (request_resume(a->r)) {
			((struct ready *)a->r->state)->store = store.answer;
			ready_reply(a->r);
		}
		free(a);
	}
}

static void
store_check(struct request *r)
{
	u_int64_t	now = kore_time_ms();
	struct asker	*a;

	if (!objects_enabled())
		return;
	if (store.at != 0 && now - store.at < STORE_FRESH_MS) {
		((struct ready *)r->state)->store = store.answer;
		return;
	}
	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("out of memory");
	a->r = r;
	a->next = store.askers;
	store.askers = a;
	request_wait(r);
	if (store.since == 0) {
		store.since = now;
		(void)work_run(WORK_STORE, store_ask, store_asked, NULL);
	}
}

ROUTE(GET, "/health/ready", health_ready, .roles = EVERY_ROLE, .vital = 1);

static void
health_ready(struct request *r)
{
	r->state = request_alloc(r, sizeof(struct ready));
	request_wait(r);
	pg_query("health/ready", 0, NULL, postgres_answered, r);
	request_wait(r);
	valkey_command(valkey_shared(), valkey_answered, r, 1, (const char *const[]){ "PING" });
	store_check(r);
}
