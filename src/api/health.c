/*
 * GET /health: liveness of this process. It fails until the process has once
 * reached a database with all migrations of its release, so that a deployment
 * with a wrong DATABASE_URL or without migrations does not replace healthy
 * tasks; after that it depends on no other server, so that an outage does not
 * end the tasks. GET /health/ready: readiness, with PostgreSQL, Valkey and
 * object storage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/work.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/migrate.h"
#include "store/objects.h"
#include "store/pg.h"
#include "store/pg_url.h"
#include "store/valkey.h"

#define EVERY_ROLE	(ROLE_API | ROLE_TRANSCODE | ROLE_CRON)
#define STORAGE_FRESH_MS	3000	/* requests within this time share one probe of object storage */
#define STORAGE_SECONDS	2	/* timeout of the probe */
#define FULL_SECONDS	60	/* for which a disk counts as full after a statement has found it so */

/* Returns 1 once and for all when a worker of this process has reached the database and found all migrations. */
static int
database_seen(void)
{
	static int	seen = 0;

	if (!seen)
		seen = counter_max(COUNTER_DATABASE_SEEN) > 0;

	return (seen);
}

static void
health_answer(struct request *r)
{
	const char	*body;

	body = role_draining() ? "{\"status\":\"draining\"}" : "{\"status\":\"ok\"}";
	reply_json(r, role_draining() ? 503 : 200, body, strlen(body));
}

/* Writes why /health fails, which needs no escapes in JSON; "" if it does not. */
static void
reason_find(const struct pg_outcome *outcome, char *reason, size_t size)
{
	const char	*why = "the database cannot be reached";

	*reason = '\0';
	if (database_seen() || role_draining())
		return;
	if (outcome->error == NULL) {
		snprintf(reason, size, "schema behind: %s is missing; run wanzami migrate", PQgetvalue(outcome->res, 0, 0));
		return;
	}
	if (!strcmp(outcome->state, "42P01") || !strcmp(outcome->state, "3F000"))
		why = "schema behind: no migration is applied; run wanzami migrate";
	else if (*outcome->state != '\0')
		why = "the database refuses the check of its migrations; run wanzami doctor";
	snprintf(reason, size, "%s", why);
}

/* Logs the reason, once until it changes, also if the client did not wait for it: a health check may wait less than the connection to the database. */
static void
reason_log(const char *reason)
{
	static char	logged[256];

	if (*reason == '\0' || !strcmp(logged, reason))
		return;
	snprintf(logged, sizeof(logged), "%s", reason);
	log_event(LOG_LEVEL_WARN, "the process is not healthy yet", LOG_S("reason", reason));
}

static void
schema_checked(void *arg, const struct pg_outcome *outcome)
{
	struct request	*r = arg;
	const char	*body;
	char		reason[256];

	if (outcome->error == NULL && PQgetisnull(outcome->res, 0, 0))
		counter_raise(COUNTER_DATABASE_SEEN, 1);
	reason_find(outcome, reason, sizeof(reason));
	reason_log(reason);
	if (!request_resume(r))
		return;
	if (*reason == '\0') {
		health_answer(r);
	} else {
		body = request_format(r, "{\"status\":\"starting\",\"reason\":\"%s\"}", reason);
		reply_json(r, 503, body, strlen(body));
	}
	request_settle(r);
}

static void
health_reply(struct request *r)
{
	char	*names;

	if (database_seen() || role_draining()) {
		health_answer(r);
		return;
	}
	names = migrate_names();
	request_wait(r);
	pg_query("health/schema", 1, (const char *const[]){ names }, schema_checked, r);
	free(names);
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

/* Result of probing a dependency, and how long the probe took. */
struct probe {
	int		up;
	int64_t		ms;
	const char	*reason;	/* why it is down, if that is known; NULL */
};

struct ready {
	struct probe	postgres, valkey, storage;
};

/* The last probe of object storage, and the requests that wait for the running one. */
static struct {
	struct probe		last;
	u_int64_t		at;		/* end of the last probe; 0: none yet */
	u_int64_t		since;		/* start of the running probe; 0: none */
	enum objects_result	result;		/* of the running probe, set by the thread */
	char			error[256];
	struct waiting		*waiting;
} storage;

struct waiting {
	struct request	*r;
	struct waiting	*next;
};

static void
probe_set(struct request *r, struct probe *p, int up)
{
	p->up = up;
	p->ms = (int64_t)(kore_time_ms() - r->since);
}

static void
probe_write(struct kore_buf *body, const char *name, const struct probe *p)
{
	kore_buf_appendf(body, ",\"%s\":{\"state\":\"%s\",\"ms\":%lld", name, p->up ? "up" : "down", (long long)p->ms);
	if (p->reason != NULL)
		kore_buf_appendf(body, ",\"reason\":\"%s\"", p->reason);
	kore_buf_append(body, "}", 1);
}

/*
 * Returns 1 if the process can serve. The cron role works without object
 * storage. Without Valkey, work is only picked up later, so it does not count.
 */
static int
is_ready(const struct ready *ready)
{
	return (ready->postgres.up && !role_draining() &&
	    (ready->storage.up || !objects_enabled() || !(role_get() & (ROLE_API | ROLE_TRANSCODE))));
}

/* Replies when all probes have ended. */
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
	probe_write(&body, "postgres", &ready->postgres);
	probe_write(&body, "valkey", &ready->valkey);
	if (objects_enabled())
		probe_write(&body, "store", &ready->storage);
	kore_buf_append(&body, "}", 1);
	reply_json(r, ok ? 200 : 503, (const char *)body.data, body.offset);
	kore_buf_cleanup(&body);
	request_settle(r);
}

static void
postgres_probed(void *arg, const struct pg_outcome *outcome)
{
	struct request	*r = arg;
	struct probe	*p;

	if (!request_resume(r))
		return;
	p = &((struct ready *)r->state)->postgres;
	/* The row of the probe needs no room; other rows do. */
	if (time(NULL) - counter_max(COUNTER_DATABASE_FULL_AT) < FULL_SECONDS)
		p->reason = "its disk is full";
	else if (outcome->state != NULL && !strcmp(outcome->state, PG_READ_ONLY))
		p->reason = "it is read-only";
	probe_set(r, p, outcome->error == NULL && p->reason == NULL);
	ready_reply(r);
}

static void
valkey_probed(void *arg, const redisReply *reply)
{
	struct request	*r = arg;

	if (!request_resume(r))
		return;
	probe_set(r, &((struct ready *)r->state)->valkey, reply != NULL && reply->type != REDIS_REPLY_ERROR);
	ready_reply(r);
}

static void
storage_probe(void *arg)
{
	struct objects_call	call = { .seconds = STORAGE_SECONDS };

	(void)arg;
	storage.result = objects_probe(&call);
	memcpy(storage.error, call.error, sizeof(storage.error));
}

static void
storage_probed(void *arg)
{
	u_int64_t	now = kore_time_ms();
	struct waiting	*w;
	int		up = storage.result == OBJECTS_OK;

	(void)arg;
	if (!up && (storage.at == 0 || storage.last.up))
		log_event(LOG_LEVEL_WARN, "object storage is unavailable", LOG_S("error", storage.error));
	storage.last = (struct probe){ .up = up, .ms = (int64_t)(now - storage.since) };
	storage.at = now;
	storage.since = 0;
	while ((w = storage.waiting) != NULL) {
		storage.waiting = w->next;
		if (request_resume(w->r)) {
			((struct ready *)w->r->state)->storage = storage.last;
			ready_reply(w->r);
		}
		free(w);
	}
}

static void
storage_check(struct request *r)
{
	u_int64_t	now = kore_time_ms();
	struct waiting	*w;

	if (!objects_enabled())
		return;
	if (storage.at != 0 && now - storage.at < STORAGE_FRESH_MS) {
		((struct ready *)r->state)->storage = storage.last;
		return;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->r = r;
	w->next = storage.waiting;
	storage.waiting = w;
	request_wait(r);
	if (storage.since == 0) {
		storage.since = now;
		(void)work_run(WORK_STORE, storage_probe, storage_probed, NULL);
	}
}

ROUTE(GET, "/health/ready", health_ready, .roles = EVERY_ROLE, .vital = 1);

static void
health_ready(struct request *r)
{
	r->state = request_alloc(r, sizeof(struct ready));
	request_wait(r);
	pg_query("health/ready", 0, NULL, postgres_probed, r);
	request_wait(r);
	valkey_command(valkey_shared(), valkey_probed, r, 1, (const char *const[]){ "PING" });
	storage_check(r);
}
