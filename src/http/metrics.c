/*
 * Counters of requests in shared memory, and their text for Prometheus and
 * CloudWatch.
 */
#include <sys/mman.h>

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bearssl.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/file_text.h"
#include "base/log.h"
#include "http/client.h"
#include "http/metrics.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/pg.h"
#include "versions.h"

#define CLASSES		METRICS_CLASSES
#define ROUTES_MAX	METRICS_ROUTES_MAX
#define BUCKETS		METRICS_BUCKETS
#define PROCESS_MS	5000	/* interval at which a worker reads its memory and descriptors */
#define TYPE		"text/plain; version=0.0.4; charset=utf-8"
#define LOOPBACK	"::ffff:127."

extern const struct route *const	__start_routes[], *const __stop_routes[];

/* Upper limits of the buckets in ms; the last bucket has none. wanzami.percentile_request() has them, too. */
static const int	limits[BUCKETS - 1] = { 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000 };

/* Metrics of an EMF line; those of the database, behind those of this process, are columns of ops/load. The last one is sent as what it has grown by. */
static const struct {
	const char	*name, *unit, *column;
} emf[] = {
	{ "Requests", "Count", NULL }, { "Errors5xx", "Count", NULL }, { "LatencyP99Ms", "Milliseconds", NULL }, { "TranscodeJobsFailed", "Count", NULL },
	{ "CronJobsFailed", "Count", NULL }, { "JobsFailed", "Count", NULL }, { "WorkerRestarts", "Count", NULL },
	{ "QueueDepth", "Count", "queue_depth" }, { "QueueRunning", "Count", "queue_running" }, { "QueueOldestSeconds", "Seconds", "queue_oldest" },
	{ "MailWaiting", "Count", "mail_waiting" }, { "MailOldestSeconds", "Seconds", "mail_oldest" }, { "MailRelayFailures", "Count", "mail_failures" },
	{ "MailGivenUp", "Count", "mail_given_up" }
};

#define EMF_ALL		(int)(sizeof(emf) / sizeof(emf[0]))
#define EMF_OWN		7

/* Counters of a route. The element after the last route counts requests without a route. */
struct route_counters {
	_Atomic int64_t	status[CLASSES];
	_Atomic int64_t	bucket[BUCKETS];
	_Atomic int64_t	ms;	/* sum of durations */
};

static struct route_counters	*counters = NULL;

/*
 * Values at the last EMF line. They are in shared memory, so that a worker that
 * replaces a crashed one continues from them.
 */
static struct {
	int64_t	requests, errors, counter[COUNTER_GAUGES];
	int64_t	bucket[BUCKETS];
	int64_t	given_up;	/* mails, of all processes; 0: not known yet, else one more */
} *reported = NULL;

static size_t
routes_count(void)
{
	return ((size_t)(__stop_routes - __start_routes));
}

void
metrics_init(void)
{
	if (routes_count() >= ROUTES_MAX)
		fatalx("too many routes: increase ROUTES_MAX in src/http/metrics.c");
	counters = mmap(NULL, ROUTES_MAX * sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counters == MAP_FAILED)
		fatal("mmap: %s", errno_s);
	if ((reported = mmap(NULL, sizeof(*reported), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
		fatal("mmap: %s", errno_s);
	counter_init();
	counter_start(COUNTER_PARENT);
}

static size_t
route_number(const struct route *route)
{
	size_t	i;

	for (i = 0; i < routes_count() && __start_routes[i] != route; i++)
		;

	return (i);
}

static int
bucket_of(int64_t ms)
{
	int	i;

	for (i = 0; i < BUCKETS - 1 && ms > limits[i]; i++)
		;

	return (i);
}

static void
counters_add(const struct route *route, int status, int64_t ms)
{
	struct route_counters	*t = &counters[route_number(route)];
	int		class = status / 100;

	if (class < 1 || class > CLASSES)
		return;
	atomic_fetch_add_explicit(&t->status[class - 1], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->bucket[bucket_of(ms)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->ms, ms, memory_order_relaxed);
}

void
metrics_request(const struct request *r, int64_t ms)
{
	counters_add(r->route, r->kore->status, ms);
}

void
metrics_refused(int status)
{
	counters_add(NULL, status, 0);
}

/* Reads connections, memory and descriptors of this worker. */
static void
process_read(void *arg, u_int64_t now)
{
	char		text[128];
	const char	*pages;
	DIR		*dir;
	int		count = 0;

	(void)arg;
	(void)now;
	counter_set(COUNTER_CONNECTIONS, worker_active_connections);
	if (file_text("/proc/self/statm", text, sizeof(text)) > 0 && (pages = strchr(text, ' ')) != NULL)
		counter_set(COUNTER_RESIDENT_BYTES, strtoll(pages, NULL, 10) * sysconf(_SC_PAGESIZE));
	if ((dir = opendir("/proc/self/fd")) != NULL) {
		while (readdir(dir) != NULL)
			count++;
		closedir(dir);
		counter_set(COUNTER_DESCRIPTORS, count - 3);	/* without ".", ".." and the descriptor of the directory */
	}
}

size_t
metrics_routes(void)
{
	return (routes_count() + 1);
}

void
metrics_read(size_t i, struct metrics_route *out)
{
	int	k;

	out->route = i < routes_count() ? __start_routes[i] : NULL;
	for (k = 0; k < CLASSES; k++)
		out->status[k] = counters[i].status[k];
	for (k = 0; k < BUCKETS; k++)
		out->bucket[k] = counters[i].bucket[k];
}

/* Prometheus */

static void
series(struct kore_buf *out, const char *name, const char *type, const char *help)
{
	kore_buf_appendf(out, "# HELP wanzami_%s %s\n# TYPE wanzami_%s %s\n", name, help, name, type);
}

static void
one(struct kore_buf *out, const char *name, const char *type, const char *help, int64_t value)
{
	series(out, name, type, help);
	kore_buf_appendf(out, "wanzami_%s %lld\n", name, (long long)value);
}

/* Writes the labels of a route, without braces. */
static const char *
labels(size_t i, char *out, size_t len)
{
	if (i == routes_count())
		snprintf(out, len, "method=\"other\",route=\"none\"");
	else
		snprintf(out, len, "method=\"%s\",route=\"%s\"", http_method_text(__start_routes[i]->method), __start_routes[i]->path);

	return (out);
}

static int64_t
counters_requests(const struct route_counters *t)
{
	int64_t	n = 0;
	int	i;

	for (i = 0; i < BUCKETS; i++)
		n += t->bucket[i];

	return (n);
}

static void
requests_write(struct kore_buf *out)
{
	char	of[256];
	size_t	i;
	int	c;

	series(out, "requests_total", "counter", "Responses by route and status class.");
	for (i = 0; i <= routes_count(); i++) {
		for (c = 0; c < CLASSES; c++) {
			if (counters[i].status[c] > 0)
				kore_buf_appendf(out, "wanzami_requests_total{%s,status=\"%dxx\"} %lld\n", labels(i, of, sizeof(of)), c + 1,
				    (long long)counters[i].status[c]);
		}
	}
}

static void
times_write(struct kore_buf *out)
{
	int64_t	sum;
	char	of[256];
	size_t	i;
	int	b;

	series(out, "request_seconds", "histogram", "Time from the request header to the response, by route.");
	for (i = 0; i <= routes_count(); i++) {
		if (counters_requests(&counters[i]) == 0)
			continue;
		labels(i, of, sizeof(of));
		for (b = 0, sum = 0; b < BUCKETS - 1; b++) {
			sum += counters[i].bucket[b];
			kore_buf_appendf(out, "wanzami_request_seconds_bucket{%s,le=\"%g\"} %lld\n", of, limits[b] / 1000.0, (long long)sum);
		}
		sum += counters[i].bucket[b];
		kore_buf_appendf(out, "wanzami_request_seconds_bucket{%s,le=\"+Inf\"} %lld\n"
		    "wanzami_request_seconds_sum{%s} %.3f\nwanzami_request_seconds_count{%s} %lld\n", of, (long long)sum,
		    of, (double)counters[i].ms / 1000.0, of, (long long)sum);
	}
}

static void
process_write(struct kore_buf *out)
{
	static const struct {
		enum counter	counter;
		const char	*name, *type, *help;
	} all[] = {
		{ COUNTER_IN_FLIGHT, "requests_in_flight", "gauge", "Requests in flight." },
		{ COUNTER_REQUESTS_OPEN, "requests_open", "gauge", "Requests in memory, including those whose client has disconnected while work is in progress." },
		{ COUNTER_CLIENTS_LEFT, "clients_left_total", "counter", "Requests whose client disconnected before the response." },
		{ COUNTER_CONNECTIONS, "connections", "gauge", "Client connections, updated every 5 seconds." },
		{ COUNTER_REFUSED, "requests_refused_total", "counter", "Requests refused with 503 by admission control." },
		{ COUNTER_DATABASE_CONNECTIONS, "database_connections", "gauge", "Open connections to PostgreSQL." },
		{ COUNTER_DATABASE_IN_FLIGHT, "database_calls_in_flight", "gauge", "Calls sent to PostgreSQL and not yet answered." },
		{ COUNTER_DATABASE_WAITING, "database_calls_waiting", "gauge", "Calls that wait for a connection to PostgreSQL." },
		{ COUNTER_DATABASE_CALLS, "database_calls_total", "counter", "Calls to PostgreSQL that have ended, with or without an error." },
		{ COUNTER_DATABASE_ERRORS, "database_errors_total", "counter", "Calls that failed with an error of PostgreSQL, without refusals." },
		{ COUNTER_DATABASE_LOST, "database_lost_total", "counter", "Calls that failed because no connection was available or the connection was lost." },
		{ COUNTER_DATABASE_SLOW, "database_slow_total", "counter", "Calls to PostgreSQL that took longer than SLOW_QUERY_MS." },
		{ COUNTER_VALKEY_CONNECTIONS, "valkey_connections", "gauge", "Open connections to Valkey; 0 if Valkey is unreachable." },
		{ COUNTER_FRAMES, "transcode_frames_total", "counter", "Video frames decoded." },
		{ COUNTER_TRANSCODE_JOBS_OK, "transcode_jobs_ok_total", "counter", "Transcode jobs of this process that succeeded." },
		{ COUNTER_TRANSCODE_JOBS_FAILED, "transcode_jobs_failed_total", "counter", "Transcode jobs of this process that failed." },
		{ COUNTER_CRON_JOBS_OK, "cron_jobs_ok_total", "counter", "Runs of cron jobs in this process that succeeded." },
		{ COUNTER_CRON_JOBS_FAILED, "cron_jobs_failed_total", "counter", "Runs of cron jobs in this process that failed." },
		{ COUNTER_WORKER_RESTARTS, "worker_restarts_total", "counter", "Workers that crashed or were killed and were replaced." },
		{ COUNTER_WORKER_STALLED, "worker_stalled_total", "counter", "Workers that were killed because their event loop had stopped." },
		{ COUNTER_RESIDENT_BYTES, "resident_bytes", "gauge", "Resident memory of all workers, in bytes." },
		{ COUNTER_DESCRIPTORS, "open_descriptors", "gauge", "Open file descriptors of all workers." },
	};
	size_t	i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		one(out, all[i].name, all[i].type, all[i].help, counter_sum(all[i].counter));
	series(out, "loop_longest_stop_seconds", "gauge", "Longest time for which the event loop of a worker has stopped, since the process started.");
	kore_buf_appendf(out, "wanzami_loop_longest_stop_seconds %.3f\n", (double)counter_max(COUNTER_LOOP_LONGEST_MS) / 1000.0);
	one(out, "jobs_ok_total", "counter", "Deprecated: the sum of transcode_jobs_ok_total and cron_jobs_ok_total.",
	    counter_sum(COUNTER_TRANSCODE_JOBS_OK) + counter_sum(COUNTER_CRON_JOBS_OK));
	one(out, "jobs_failed_total", "counter", "Deprecated: the sum of transcode_jobs_failed_total and cron_jobs_failed_total.",
	    counter_sum(COUNTER_TRANSCODE_JOBS_FAILED) + counter_sum(COUNTER_CRON_JOBS_FAILED));
	series(out, "build_info", "gauge", "Version and role of the process; the value is always 1.");
	kore_buf_appendf(out, "wanzami_build_info{version=\"%s\",role=\"%s\"} 1\n", WANZAMI_VERSION, conf_str(CONF_ROLE));
}

static int64_t
column(const PGresult *res, const char *name)
{
	return (strtoll(PQgetvalue(res, 0, PQfnumber(res, name)), NULL, 10));
}

/* Writes a metric whose samples PostgreSQL has formatted. */
static void
lines(struct kore_buf *out, const char *name, const char *help, const PGresult *res, const char *from)
{
	const char	*text = PQgetvalue(res, 0, PQfnumber(res, from));

	series(out, name, "gauge", help);
	kore_buf_append(out, text, strlen(text));
}

static void
queue_write(struct kore_buf *out, const PGresult *res)
{
	one(out, "queue_depth", "gauge", "Transcode jobs that wait, in all processes.", column(res, "queue_depth"));
	one(out, "queue_oldest_seconds", "gauge", "Age of the oldest waiting transcode job, in seconds.", column(res, "queue_oldest"));
	one(out, "queue_running", "gauge", "Transcode jobs in progress, in all processes.", column(res, "queue_running"));
	one(out, "queue_least_percent", "gauge", "Progress of the transcode job in progress that is least advanced, in percent.", column(res, "queue_percent"));
	one(out, "mail_waiting", "gauge", "Mails in the outbox that are due, or that wait for their next try.", column(res, "mail_waiting"));
	one(out, "mail_planned", "gauge", "Mails of campaigns whose batch is not due yet.", column(res, "mail_planned"));
	one(out, "mail_oldest_seconds", "gauge", "Age of the oldest waiting mail, in seconds.", column(res, "mail_oldest"));
	one(out, "mail_relay_failures", "gauge", "Attempts in a row that failed because of the mail server or the configuration; 0: mail flows.",
	    column(res, "mail_failures"));
	one(out, "mail_sent_total", "counter", "Mails that the mail server has accepted, from all processes.", column(res, "mail_sent"));
	one(out, "mail_given_up_total", "counter", "Mails that were given up, in all processes.", column(res, "mail_given_up"));
	lines(out, "scheduled_jobs", "Runs of cron jobs in the last 24 hours, in all processes, by outcome.", res, "jobs");
	lines(out, "scheduled_job_last_seconds", "Duration of the last run of the cron job, in seconds.", res, "job_seconds");
	lines(out, "scheduled_job_last_ok_timestamp_seconds", "Unix time at which the cron job last succeeded.", res, "job_ok");
}

static void
metrics_reply(struct request *r, const struct pg_outcome *outcome)
{
	struct kore_buf	out;

	kore_buf_init(&out, 16384);
	requests_write(&out);
	times_write(&out);
	process_write(&out);
	one(&out, "database_up", "gauge", "1 if PostgreSQL answered this request, 0 otherwise.", outcome->error == NULL);
	if (outcome->error == NULL && PQntuples(outcome->res) == 1)
		queue_write(&out, outcome->res);
	reply_begin(r);
	http_response_header(r->kore, "cache-control", "no-store");
	http_response_header(r->kore, "content-type", TYPE);
	http_response(r->kore, 200, out.data, out.offset);
	kore_buf_cleanup(&out);
}

static void
metrics_loaded(void *arg, const struct pg_outcome *outcome)
{
	struct request	*r = arg;

	if (!request_resume(r))
		return;
	metrics_reply(r, outcome);
	request_settle(r);
}

static int
token_valid(struct request *r)
{
	const char		*token = conf_str(CONF_METRICS_TOKEN), *given;
	unsigned char		a[br_sha256_SIZE], b[br_sha256_SIZE], differs = 0;
	br_sha256_context	hash;
	size_t			i;

	if (*token == '\0' || !http_request_header(r->kore, "authorization", &given) || strncmp(given, "Bearer ", 7))
		return (0);
	br_sha256_init(&hash);
	br_sha256_update(&hash, token, strlen(token));
	br_sha256_out(&hash, a);
	br_sha256_init(&hash);
	br_sha256_update(&hash, given + 7, strlen(given + 7));
	br_sha256_out(&hash, b);
	for (i = 0; i < sizeof(a); i++)
		differs |= a[i] ^ b[i];

	return (differs == 0);
}

static int
is_local(struct request *r)
{
	char	address[CLIENT_ADDRESS_MAX];

	client_address(&r->client, address);

	return (!strncmp(address, LOOPBACK, strlen(LOOPBACK)) || !strcmp(address, "::1"));
}

/* Returns 1 if a proxy has forwarded the request (RFC 7239, RFC 9110 section 7.6.3). */
static int
is_forwarded(struct request *r)
{
	static const char	*names[] = { "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via" };
	const char		*value;
	size_t			i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (http_request_header(r->kore, names[i], &value))
			return (1);
	}

	return (0);
}

ROUTE(GET, "/metrics", metrics_get, .roles = ROLE_API | ROLE_TRANSCODE | ROLE_CRON, .vital = 1);

static void
metrics_get(struct request *r)
{
	if (is_forwarded(r) || (!is_local(r) && !token_valid(r))) {
		reply_message(r, 404, "Not found");
		return;
	}
	request_wait(r);
	pg_query("ops/load", 0, NULL, metrics_loaded, r);
}

/* CloudWatch */

/* Counts requests, 5xx and durations since the last EMF line, of all routes except vital ones, which only monitoring requests. */
static void
since_reported(int64_t *requests, int64_t *errors, int64_t bucket[BUCKETS])
{
	int64_t	now[BUCKETS] = { 0 };
	size_t	i;
	int	b;

	*requests = *errors = 0;
	for (i = 0; i <= routes_count(); i++) {
		if (i < routes_count() && __start_routes[i]->vital)
			continue;
		*errors += counters[i].status[CLASSES - 1];
		for (b = 0; b < BUCKETS; b++)
			now[b] += counters[i].bucket[b];
	}
	for (b = 0; b < BUCKETS; b++) {
		*requests += now[b];
		bucket[b] = now[b] - reported->bucket[b];
		reported->bucket[b] = now[b];
	}
	*requests -= reported->requests;
	*errors -= reported->errors;
	reported->requests += *requests;
	reported->errors += *errors;
}

static int64_t
counter_since_reported(enum counter c)
{
	int64_t	now = counter_sum(c), before = reported->counter[c];

	reported->counter[c] = now;

	return (now - before);
}

/* Returns a percentile in ms, interpolated linearly within its bucket. */
static double
percentile(const int64_t bucket[BUCKETS], int64_t count, double part)
{
	double	rank = part * (double)count, below = 0, from, to;
	int	b;

	if (count == 0)
		return (0);
	for (b = 0; b < BUCKETS - 1 && below + (double)bucket[b] < rank; b++)
		below += (double)bucket[b];
	from = b > 0 ? limits[b - 1] : 0;
	to = b < BUCKETS - 1 ? limits[b] : from;

	return (bucket[b] > 0 ? from + (to - from) * (rank - below) / (double)bucket[b] : from);
}

/* Fills the values of the table. Returns how many there are: without a row of ops/load only those of this process. */
static int
emf_read(double values[EMF_ALL], const PGresult *load)
{
	int64_t	requests, errors, bucket[BUCKETS], total;
	int	i;

	since_reported(&requests, &errors, bucket);
	values[0] = (double)requests;
	values[1] = (double)errors;
	values[2] = percentile(bucket, requests, 0.99);
	values[3] = (double)counter_since_reported(COUNTER_TRANSCODE_JOBS_FAILED);
	values[4] = (double)counter_since_reported(COUNTER_CRON_JOBS_FAILED);
	values[5] = values[3] + values[4];	/* deprecated; alarms of earlier releases watch it */
	values[6] = (double)counter_since_reported(COUNTER_WORKER_RESTARTS);
	if (load == NULL)
		return (EMF_OWN);
	for (i = EMF_OWN; i < EMF_ALL - 1; i++)
		values[i] = (double)column(load, emf[i].column);
	total = column(load, emf[i].column) + 1;
	values[i] = reported->given_up > 0 && total > reported->given_up ? (double)(total - reported->given_up) : 0;
	reported->given_up = total;

	return (EMF_ALL);
}

/* Writes an EMF line: a JSON object for the CloudWatch agent and the awslogs driver. */
static void
emf_write(void *arg, const struct pg_outcome *outcome)
{
	double		values[EMF_ALL];
	struct kore_buf	out;
	struct timespec	ts;
	int		i, n = emf_read(values, outcome->error == NULL && PQntuples(outcome->res) == 1 ? outcome->res : NULL);

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &ts);
	kore_buf_init(&out, 1024);
	kore_buf_appendf(&out, "{\"_aws\":{\"Timestamp\":%lld,\"CloudWatchMetrics\":[{\"Namespace\":\"Wanzami\",\"Dimensions\":[[\"Role\"]],"
	    "\"Metrics\":[", (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	for (i = 0; i < n; i++)
		kore_buf_appendf(&out, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", i > 0 ? "," : "", emf[i].name, emf[i].unit);
	kore_buf_appendf(&out, "]}]},\"Role\":\"%s\"", conf_str(CONF_ROLE));
	for (i = 0; i < n; i++)
		kore_buf_appendf(&out, ",\"%s\":%.10g", emf[i].name, values[i]);
	kore_buf_append(&out, "}\n", 2);
	log_raw((const char *)out.data, out.offset);
	kore_buf_cleanup(&out);
}

static void
emf_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	pg_query("ops/load", 0, NULL, emf_write, NULL);
}

void
metrics_start(int worker_id, int emf)
{
	counter_start(worker_id);
	process_read(NULL, 0);
	kore_timer_add(process_read, PROCESS_MS, NULL, 0);
	if (emf && conf_int(CONF_EMF) && strcmp(conf_str(CONF_LOG_FORMAT), "text"))
		kore_timer_add(emf_tick, (u_int64_t)conf_int(CONF_EMF_SECONDS) * 1000, NULL, 0);
}
