/*
 * Growth of the counters in a minute, as a row; and the rows that the database
 * has not got yet.
 */
#include <sys/mman.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "http/metrics.h"
#include "http/minutes.h"
#include "http/route.h"
#include "store/pg.h"
#include "versions.h"

#define TICK_MS		5000
#define PHASE_SEC	15	/* a row is made in this second of the minute: clocks of processes and database differ by seconds */
#define ROUTES_TOP	24	/* routes with most requests that are named; the others are one */
#define NUMBERS		(3 + METRICS_BUCKETS)	/* of a route: requests, 4xx, 5xx, durations */
#define UNSENT_MAX	60	/* rows */

struct numbers {
	int64_t	n[NUMBERS];
};

struct grown {
	size_t		route;		/* for metrics_read() */
	struct numbers	by;
};

_Static_assert(COUNTER_BUCKETS == METRICS_BUCKETS, "wanzami.traffic has one form for both");

/* The counters when the last row was made. In shared memory, so that a worker that replaces a crashed one continues from them. */
static struct {
	struct numbers	route[METRICS_ROUTES_MAX];
	int64_t		counter[COUNTER_GAUGES];
	int64_t		minute;		/* 0 before the first */
	int		introduced;	/* the start of the process is stored */
} *before = NULL;

static char		process[160];
static const char	*instance;
static time_t		started;

/* Rows that are to be stored, oldest first, and when they were made. */
static struct {
	char		*text;
	int64_t		made;		/* counter_clock() */
} unsent[UNSENT_MAX];
static size_t	nunsent = 0;
static int	storing = 0, failed = 0;

void
minutes_init(const char *name, const char *owner)
{
	char	id[9];

	before = mmap(NULL, sizeof(*before), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (before == MAP_FAILED)
		fatal("mmap: %s", errno_s);
	/* Containers may have the same host name and process id, and one that starts again has those of the process before. */
	random_hex(id, sizeof(id) / 2);
	snprintf(process, sizeof(process), "%s#%s", name, id);
	instance = owner;
	started = time(NULL);
}

/* Writes an element of the list traffic: a name and its numbers. Each but the first follows a comma. */
static void
numbers_write(struct kore_buf *out, const char *comma, const char *name, const struct numbers *numbers)
{
	int	k;

	kore_buf_appendf(out, "%s[", comma);
	json_quote(out, name);
	kore_buf_append(out, ",[", 2);
	for (k = 0; k < NUMBERS; k++)
		kore_buf_appendf(out, "%s%lld", k > 0 ? "," : "", (long long)numbers->n[k]);
	kore_buf_append(out, "]]", 2);
}

/* Returns what a route has grown by, and keeps its values for the next row. Health checks and metrics do not count, as in CloudWatch. */
static struct grown
route_grown(size_t i)
{
	struct metrics_route	now;
	struct numbers		sum = { { 0 } };
	struct grown		g = { .route = i };
	int			k;

	metrics_read(i, &now);
	for (k = 0; k < METRICS_BUCKETS; k++)
		sum.n[0] += now.bucket[k];
	sum.n[1] = now.status[3];
	sum.n[2] = now.status[4];
	memcpy(sum.n + 3, now.bucket, sizeof(now.bucket));
	for (k = 0; k < NUMBERS && (now.route == NULL || !now.route->vital); k++)
		g.by.n[k] = sum.n[k] - before->route[i].n[k];
	before->route[i] = sum;

	return (g);
}

static int
grown_compare(const void *a, const void *b)
{
	int64_t	x = ((const struct grown *)a)->by.n[0], y = ((const struct grown *)b)->by.n[0];

	return (x > y ? -1 : x < y);
}

static void
numbers_add(struct numbers *sum, const struct numbers *more)
{
	int	k;

	for (k = 0; k < NUMBERS; k++)
		sum->n[k] += more->n[k];
}

static void
route_write(struct kore_buf *out, const struct grown *g)
{
	struct metrics_route	now;
	char			name[256] = "no route";

	metrics_read(g->route, &now);
	if (now.route != NULL)
		snprintf(name, sizeof(name), "%s %s", http_method_text(now.route->method), now.route->path);
	numbers_write(out, ",", name, &g->by);
}

/* Writes the sum of all routes, and those with most requests. */
static void
routes_write(struct kore_buf *out)
{
	static struct grown	all[METRICS_ROUTES_MAX];
	struct numbers		total = { { 0 } }, rest = { { 0 } };
	size_t			i, n = 0;

	for (i = 0; i < metrics_routes(); i++) {
		all[n] = route_grown(i);
		if (all[n].by.n[0] > 0)
			numbers_add(&total, &all[n++].by);
	}
	numbers_write(out, "", "=all", &total);
	qsort(all, n, sizeof(*all), grown_compare);
	for (i = 0; i < n && i < ROUTES_TOP; i++)
		route_write(out, &all[i]);
	for (; i < n; i++)
		numbers_add(&rest, &all[i].by);
	if (rest.n[0] > 0)
		numbers_write(out, ",", "other routes", &rest);
}

static int64_t
counter_grown(enum counter c)
{
	int64_t	now = counter_sum(c), n = now - before->counter[c];

	before->counter[c] = now;

	return (n);
}

/* Writes the calls to a server by duration. */
static void
calls_write(struct kore_buf *out, const char *name, enum counter first)
{
	struct numbers	calls = { { 0 } };
	int		k;

	for (k = 0; k < COUNTER_BUCKETS; k++) {
		calls.n[3 + k] = counter_grown(first + (enum counter)k);
		calls.n[0] += calls.n[3 + k];
	}
	if (calls.n[0] > 0)
		numbers_write(out, ",", name, &calls);
}

/* Returns the row of the last minute as JSON, for sql/query/ops/minute.sql. The caller frees it. */
static char *
row_make(void)
{
	struct kore_buf	out;
	char		*text;

	kore_buf_init(&out, 8192);
	kore_buf_appendf(&out, "{\"process\":");
	json_quote(&out, process);
	kore_buf_appendf(&out, ",\"instance\":\"%s\",\"role\":\"%s\",\"version\":\"%s\",\"started\":%lld", instance, conf_str(CONF_ROLE), WANZAMI_VERSION,
	    (long long)started);
	kore_buf_appendf(&out, ",\"traffic\":[");
	routes_write(&out);
	calls_write(&out, "=database", COUNTER_DATABASE_TIME);
	calls_write(&out, "=valkey", COUNTER_VALKEY_TIME);
	calls_write(&out, "=store", COUNTER_STORE_TIME);
	kore_buf_appendf(&out, "],\"film_ms\":%lld,\"busy_ms\":%lld", (long long)counter_grown(COUNTER_FILM_MS), (long long)counter_grown(COUNTER_FILM_BUSY_MS));
	kore_buf_appendf(&out, ",\"memory\":%lld,\"connections\":%lld,\"in_flight\":%lld}", (long long)counter_sum(COUNTER_RESIDENT_BYTES),
	    (long long)counter_sum(COUNTER_CONNECTIONS), (long long)counter_sum(COUNTER_IN_FLIGHT));
	text = strdup(kore_buf_stringify(&out, NULL));
	kore_buf_cleanup(&out);

	return (text);
}

static void
unsent_drop(void)
{
	free(unsent[0].text);
	nunsent--;
	memmove(unsent, unsent + 1, nunsent * sizeof(*unsent));
}

static void	store(void);

static void
stored(void *arg, const struct pg_outcome *outcome)
{
	(void)arg;
	storing = 0;
	if (outcome->error != NULL && outcome->disconnected)
		return;		/* the next tick repeats it: a row that is there already stays as it is */
	if (outcome->error != NULL && !failed)
		log_event(LOG_LEVEL_WARN, "statistics for the operations page were not stored", LOG_S("error", outcome->error));
	failed = outcome->error != NULL;
	if (!failed)
		before->introduced = 1;
	unsent_drop();
	store();
}

static void
store(void)
{
	char		age[32];
	const char	*params[] = { NULL, age, before->introduced ? "f" : "t" };

	if (storing || nunsent == 0)
		return;
	storing = 1;
	params[0] = unsent[0].text;
	snprintf(age, sizeof(age), "%.3f", (double)(counter_clock() - unsent[0].made) / 1e6);
	/* All processes add to the same rows at about the same time: requests do not queue behind a statement that waits for their locks. */
	pg_query_slow("ops/minute", 3, params, stored, NULL);
}

static void
tick(void *arg, u_int64_t now)
{
	int64_t	minute = ((int64_t)time(NULL) - PHASE_SEC) / 60;

	(void)arg;
	(void)now;
	if (before->minute == 0)
		before->minute = minute;
	if (before->minute != minute) {
		before->minute = minute;
		if (nunsent == UNSENT_MAX && !storing)
			unsent_drop();
		if (nunsent < UNSENT_MAX && (unsent[nunsent].text = row_make()) != NULL)
			unsent[nunsent++].made = counter_clock();
	}
	store();
}

void
minutes_start(void)
{
	tick(NULL, 0);
	kore_timer_add(tick, TICK_MS, NULL, 0);
}
