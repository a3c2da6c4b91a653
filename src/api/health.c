/*
 * GET /health: whether this process serves; it waits for nothing else. GET
 * /health/ready: whether what it depends on does too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/reply.h"
#include "http/route.h"
#include "store/pg.h"
#include "store/valkey.h"

#define EVERY_ROLE	(ROLE_API | ROLE_TRANSCODE | ROLE_CRON)

static void
health_reply(struct request *r)
{
	const char	*body;

	body = role_draining() ? "{\"status\":\"draining\"}" : "{\"status\":\"ok\"}";
	reply_json(r->kore, role_draining() ? 503 : 200, body, strlen(body));
}

ROUTE(GET, "/health", health_get, .roles = EVERY_ROLE)
{
	health_reply(r);
}

ROUTE(GET, "/api/health", health_get_api, .roles = EVERY_ROLE)
{
	health_reply(r);
}

/* What one of the servers we depend on said, and after how long. */
struct answer {
	int	up;
	int64_t	ms;
};

struct ready {
	struct answer	postgres, valkey;
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

/* Replies when all have answered. Without Valkey work only waits a little longer, so it does not make us unready. */
static void
ready_reply(struct request *r)
{
	const struct ready	*ready = r->state;
	struct kore_buf		body;
	int			ok;

	if (r->waits > 0)
		return;
	ok = ready->postgres.up && !role_draining();
	kore_buf_init(&body, 256);
	kore_buf_appendf(&body, "{\"status\":\"%s\"", ok ? "ready" : "not ready");
	answer_write(&body, "postgres", &ready->postgres);
	answer_write(&body, "valkey", &ready->valkey);
	kore_buf_append(&body, "}", 1);
	reply_json(r->kore, ok ? 200 : 503, (const char *)body.data, body.offset);
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

ROUTE(GET, "/health/ready", health_ready, .roles = EVERY_ROLE)
{
	r->state = request_alloc(r, sizeof(struct ready));
	request_wait(r);
	pg_query("health/ready", 0, NULL, postgres_answered, r);
	request_wait(r);
	valkey_command(valkey_shared(), valkey_answered, r, 1, (const char *const[]){ "PING" });
}
