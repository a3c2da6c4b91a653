/*
 * Checks of the environment. Each check calls the code that the service itself
 * uses, so that a check passes only if the service works.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <kore/kore.h>

#include "base/advice.h"
#include "base/conf.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/role.h"
#include "doctor.h"
#include "net/fetch.h"
#include "net/mail.h"
#include "objects_audit.h"
#include "store/cdn.h"
#include "store/migrate.h"
#include "store/objects.h"
#include "store/pg_sync.h"
#include "store/valkey.h"
#include "tls/ending.h"
#include "tls/listener.h"
#include "versions.h"

#define TIMEOUT_MS	10000
#define CONNECT_MS	5000
#define FILES_MIN	8192	/* worker_rlimit_nofiles of kore.conf */
#define FILES_MIN_FEW	1024	/* of roles to which only health checks connect */
#define MEMORY_MIN_MB	256
#define CLOCK_MAX_SEC	300	/* S3 refuses signatures that are off by more than 15 minutes */
#define OBJECT_FOUND	1
#define FILM_SEC	12600	/* 3 hours, and pauses of half an hour */
#define SIGNING_ADVICE	"set S3_SIGNING_ACCESS_KEY and S3_SIGNING_SECRET_KEY to a permanent key that may read objects (s3:GetObject)"

static int		bad = 0;
static const char	*server = "";	/* that is being checked */

static void	report(const char *, const char *, const char *, ...) __attribute__((format(printf, 3, 4)));

/* Prints one line. level is ok, warn or bad; bad sets the exit status to 1. */
static void
report(const char *level, const char *name, const char *fmt, ...)
{
	va_list	args;

	bad |= !strcmp(level, "bad");
	printf("%-4s  %-28s  ", level, name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* The configuration */

static void
values_check(void)
{
	const char	*hidden;
	int		id;

	for (id = 0; id < CONF_COUNT; id++) {
		if ((hidden = conf_hidden((enum conf_id)id)) != NULL)
			report("warn", conf_name((enum conf_id)id), "the value %s; remove it", hidden);
	}
}

/* Reports how long the certificate of the API is still valid. */
static void
certificate_check(void)
{
	struct listener_cert	*s;
	char			until[32];
	time_t			end;

	if (!listener_enabled())
		return;
	s = listener_cert_get();
	end = (time_t)s->not_after;
	strftime(until, sizeof(until), "%Y-%m-%d", gmtime(&end));
	if (s->not_before > time(NULL))
		report("bad", "certificate of the API", "not yet valid, or the system clock is wrong");
	else if (end <= time(NULL))
		report("bad", "certificate of the API", "expired on %s; renew it (TLS_CERT_FILE or TLS_CERT_PEM)", until);
	else if (end - time(NULL) < ENDING_DAYS * 86400)
		report("warn", "certificate of the API", "ends on %s; renew it (TLS_CERT_FILE or TLS_CERT_PEM)", until);
	else
		report("ok", "certificate of the API", "valid until %s", until);
	listener_cert_release(s);
}

/* Reports that the certificate of the server that is being checked ends soon, once for a server. */
static void
ending_warn(const char *host, const char *until)
{
	static const char	*last = NULL;
	char			name[32];

	if (last == server)
		return;
	last = server;
	snprintf(name, sizeof(name), "%s certificate", server);
	report("warn", name, "that of %s ends on %s; renew it there", host, until);
}

/* The machine */

static void
files_check(int roles)
{
	struct rlimit	rl;
	int		least = (roles & ROLE_API) ? FILES_MIN : FILES_MIN_FEW;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		report("warn", "descriptors", "cannot read the limit: %s", strerror(errno));
	else if (rl.rlim_cur < (rlim_t)least)
		report("warn", "descriptors", "the limit is %llu; give the container a nofile ulimit of at least %d", (unsigned long long)rl.rlim_cur, least);
	else
		report("ok", "descriptors", "the limit is %llu", (unsigned long long)rl.rlim_cur);
}

static void
memory_check(void)
{
	long long	bytes = memory_limit(), mb = bytes == -1 ? -1 : bytes >> 20;

	if (mb == -1)
		report("ok", "memory", "no limit");
	else if (mb < MEMORY_MIN_MB)
		report("warn", "memory", "the limit is %lld MB; give the container at least %d", mb, MEMORY_MIN_MB);
	else
		report("ok", "memory", "the limit is %lld MB", mb);
}

static void
random_check(void)
{
	if (access("/dev/urandom", R_OK) == -1)
		report("bad", "/dev/urandom", "%s; TLS needs /dev/urandom: mount /dev into the container", strerror(errno));
	else
		report("ok", "/dev/urandom", "readable");
}

/* Host names and ports */

/* Connects to the address and closes the connection. Returns 0 or an errno value. */
static int
connect_check(const struct addrinfo *ai)
{
	struct pollfd	pfd = { .events = POLLOUT };
	socklen_t	len = sizeof(int);
	int		error = 0;

	if ((pfd.fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) == -1)
		return (errno);
	if (connect(pfd.fd, ai->ai_addr, ai->ai_addrlen) == -1 && (error = errno) == EINPROGRESS) {
		error = ETIMEDOUT;
		if (poll(&pfd, 1, CONNECT_MS) == 1)
			(void)getsockopt(pfd.fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	close(pfd.fd);

	return (error);
}

/* Returns 1 if the host name resolves and the port accepts a connection; otherwise reports the error. */
static int
port_check(const char *name, const char *host, const char *port)
{
	struct addrinfo	hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	int		error;

	if ((error = getaddrinfo(host, port, &hints, &list)) != 0) {
		report("bad", name, "host not found: %s (%s); check the host name and the DNS settings of the VPC", host, gai_strerror(error));
		return (0);
	}
	for (ai = list, error = EADDRNOTAVAIL; ai != NULL; ai = ai->ai_next) {
		if ((error = connect_check(ai)) == 0)
			break;
	}
	freeaddrinfo(list);
	if (error != 0)
		report("bad", name, "%s port %s: %s%s", host, port, strerror(error), error == ETIMEDOUT ?
		    "; check security groups and route tables" : error == ECONNREFUSED ? "; no process listens on this port" : "");

	return (error == 0);
}

/* Returns what to change after an error; otherwise, if the error does not say. Static storage. */
static const char *
advice(const char *error, const char *otherwise)
{
	static char	text[ADVICE_MAX];
	const char	*found = advice_find(error, text);

	return (found != NULL ? found : otherwise);
}

/* PostgreSQL */

static void
database_check(void)
{
	struct pg_sync	db = { 0 };
	struct timespec	ts;
	const PGresult	*rows;
	char		now[32], state[6] = "", error[256] = "", *migrations, *functions;
	int		i;

	server = "database";
	if (!pg_sync_open(&db, conf_str(CONF_DATABASE_URL), TIMEOUT_MS)) {
		report("bad", "database", "%s; %s", db.error, advice(db.error, "check DATABASE_URL"));
		pg_sync_close(&db);
		return;
	}
	report("ok", "database", "connected and authenticated");
	migrations = migrate_files(MIGRATE_MIGRATIONS);
	functions = migrate_files(MIGRATE_FUNCTIONS);
	if (pg_sync_query(&db, "health/ready", 0, NULL) == NULL) {
		snprintf(state, sizeof(state), "%s", *db.state != '\0' ? db.state : "-");
		snprintf(error, sizeof(error), "%s", db.error);
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(now, sizeof(now), "%lld.%03ld", (long long)ts.tv_sec, ts.tv_nsec / 1000000);
	rows = pg_sync_query(&db, "ops/doctor", 6, (const char *[]){ migrations, now, functions, WANZAMI_VERSION, state, error });
	for (i = 0; rows != NULL && i < PQntuples(rows); i++)
		report(PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), "%s", PQgetvalue(rows, i, 2));
	if (rows == NULL && (!strcmp(db.state, "42P01") || !strcmp(db.state, "3F000")))
		report("bad", "database migrations", "none is applied; run wanzami migrate");
	else if (rows == NULL && !strcmp(db.state, "42703"))
		report("bad", "database migrations", "the database belongs to an older release; run wanzami migrate");
	else if (rows == NULL)
		report("bad", "database", "%s", db.error);
	free(migrations);
	free(functions);
	pg_sync_close(&db);
}

/* Reports warn at most: the service works without Valkey, only slower. */
static void
valkey_report(void)
{
	char	error[256];

	server = "valkey";
	if (valkey_check(error, sizeof(error)))
		report("ok", "valkey", "%s", error);
	else
		report("warn", "valkey", "%s; %s (the service works without Valkey, but slower)", error, advice(error, "check REDIS_URL"));
}

/* Object storage */

static int
object_match(void *ctx, const char *key, uint64_t size)
{
	(void)size;

	return (!strcmp(key, ctx) ? OBJECT_FOUND : 0);
}

/* Reports a request that failed; failure names it. */
static int
object_step(const char *failure, enum objects_result result, const struct objects_call *call)
{
	if (result != OBJECTS_OK)
		report("bad", "object storage", "%s: %s; %s", failure, call->error, advice(call->error, *conf_str(CONF_S3_BUCKET) == '\0' ?
		    "check that MEDIA_DIR exists and that this user may write there" : "check S3_ENDPOINT, S3_REGION, S3_BUCKET and the network"));

	return (result == OBJECTS_OK);
}

/* Checks that the URL of a film is valid for as long as somebody watches it. */
static void
film_check(void)
{
	int	life = objects_presign_life();

	if (life == 0)
		return;
	if (life == -1)
		report("warn", "film of 3 hours", "the credentials of AWS_SESSION_TOKEN end at an unknown time, and the URLs of films with them; %s",
		    SIGNING_ADVICE);
	else if (life < FILM_SEC)
		report("bad", "film of 3 hours", "cannot be watched to its end: the credentials are temporary, and URLs of films may be valid for %d "
		    "minutes only; %s", life / 60, SIGNING_ADVICE);
	else
		report("ok", "film of 3 hours", "URLs of films are valid for 12 hours");
}

/* Checks that S3_SIGNING_ACCESS_KEY can read the object. */
static void
signing_check(const char *key)
{
	char		url[OBJECTS_URL_MAX];
	struct fetch	f = { .method = "GET", .url = url, .seconds = 10 };

	if (*conf_str(CONF_S3_SIGNING_ACCESS_KEY) == '\0' || *conf_str(CONF_S3_BUCKET) == '\0')
		return;
	if (!objects_presign("http://localhost", "GET", key, 60, url) || !fetch_perform(&f))
		report("bad", "object storage signing", "%s; %s", f.error, advice(f.error, "check S3_ENDPOINT and the network"));
	else if (f.status != 200)
		report("bad", "object storage signing", "S3_SIGNING_ACCESS_KEY cannot read an object (status %d); check both keys and give it s3:GetObject",
		    f.status);
	else
		report("ok", "object storage signing", "S3_SIGNING_ACCESS_KEY can read objects");
	fetch_free(&f);
}

static void
objects_check(void)
{
	struct objects_call	call = { .seconds = 15 };
	char			key[48] = "doctor/", got[16] = "";
	size_t			n = 0;
	int			ok;

	random_hex(key + strlen(key), 8);
	if (!object_step("cannot write an object", objects_put(key, "text/plain", "doctor", 6, NULL, &call), &call))
		return;
	ok = object_step("cannot read the object", objects_read(key, NULL, 0, got, sizeof(got), &n, &call), &call);
	if (ok && (n != 6 || memcmp(got, "doctor", 6))) {
		report("bad", "object storage", "the object was read with other content than was written");
		ok = 0;
	}
	signing_check(key);
	ok &= object_step("cannot list objects", objects_list("doctor/", object_match, key, &call), &call);
	ok &= object_step("cannot delete the object", objects_delete(key, &call), &call);
	if (ok)
		report("ok", "object storage", "an object was written, read, listed and deleted");
}

static void
missing_report(const char *key, const char *row)
{
	report("bad", "object missing", "%s (%s)", key, row);
}

static void
audit_report(void)
{
	struct objects_audit	a;

	if (!objects_audit(&a, missing_report))
		report("bad", "objects of rows", "%s", a.error);
	else if (a.missing > 0)
		report("bad", "objects of rows", "%ld of %ld are missing; docs/backup.md says how to get them back", a.missing, a.named);
	else
		report("ok", "objects of rows", "all %ld are there", a.named);
}

/* Reports why MEDIA_CDN did not return the object. CloudFront's own refusals name it as the server; those of the bucket, AmazonS3. */
static void
cdn_refusal(const struct fetch *f)
{
	char	server[64] = "";

	(void)fetch_header(f, "server", server, sizeof(server));
	if (f->status == 403 && !strcasecmp(server, "CloudFront"))
		report("bad", "CloudFront", "the distribution refuses the signature; MEDIA_CDN_KEY_ID must be the public key of the private key, in a key "
		    "group that its cache behavior trusts");
	else if (f->status == 403)
		report("bad", "CloudFront", "the distribution may not read the bucket; allow s3:GetObject on vod/* for its origin access control in the "
		    "bucket policy");
	else
		report("bad", "CloudFront", "the distribution answered with status %d; check that its cache behavior leads to S3_BUCKET", f->status);
}

/* Checks that MEDIA_CDN returns an object for a signed URL, and not without a signature. This machine may have no route to it. */
static void
cdn_fetch(char *url)
{
	struct fetch	f = { .method = "GET", .url = url, .seconds = 10 }, bare = { .method = "HEAD", .url = url, .seconds = 10 };

	if (!fetch_perform(&f)) {
		report("warn", "CloudFront", "the distribution cannot be reached from here: %s; check MEDIA_CDN", f.error);
	} else if (f.status != 200) {
		cdn_refusal(&f);
	} else {
		url[strcspn(url, "?")] = '\0';
		if (fetch_perform(&bare) && bare.status == 200)
			report("bad", "CloudFront", "the distribution serves films without a signature; restrict viewer access of its cache behavior to "
			    "the key group");
		else
			report("ok", "CloudFront", "an object was read with a signed URL, and not without one");
		fetch_free(&bare);
	}
	fetch_free(&f);
}

static void
cdn_check(void)
{
	struct objects_call	call = { .seconds = 15 };
	char			key[64] = CDN_PREFIX "0/", url[OBJECTS_URL_MAX];

	if (!cdn_enabled())
		return;
	server = "CloudFront";
	random_hex(key + strlen(key), 16);
	snprintf(key + strlen(key), sizeof(key) - strlen(key), "/doctor");
	if (!object_step("cannot write an object for CloudFront", objects_put(key, "text/plain", "doctor", 6, NULL, &call), &call))
		return;
	if (objects_presign("http://localhost", "GET", key, 60, url))
		cdn_fetch(url);
	else
		report("bad", "CloudFront", "cannot sign a URL");
	(void)object_step("cannot delete the object", objects_delete(key, &call), &call);
}

/*
 * Sends GET to an HTTP server and compares its Date header with this machine's
 * clock. Any status will do. is_signed: requests to this server carry a signature
 * with the time, so a large difference is bad.
 * Returns 0 if there is no response.
 */
static int
server_check(const char *name, const char *url, int is_signed)
{
	struct fetch	f = { .method = "GET", .url = url, .seconds = 10 };
	char		date[64];
	time_t		server_time;
	long long	offset = 0;
	int		ok;

	server = is_signed ? "object storage" : name;
	if (!(ok = fetch_perform(&f))) {
		report("bad", name, "%s: %s; %s", url, f.error, advice(f.error, "check the URL and the network"));
	} else {
		if (fetch_header(&f, "date", date, sizeof(date)) && (server_time = curl_getdate(date, NULL)) != -1)
			offset = (long long)(server_time - time(NULL));
		if (is_signed && llabs(offset) > CLOCK_MAX_SEC)
			report("bad", name, "its clock differs from this machine's by %lld s and it will refuse signatures; correct the clock", offset);
		else
			report("ok", name, "%s responds; its clock differs from this machine's by %lld s", url, offset);
	}
	fetch_free(&f);

	return (ok);
}

/* Checks the host of presigned URLs. Returns 0 if requests to object storage would fail anyway. */
static int
objects_server_check(void)
{
	char	url[OBJECTS_URL_MAX];
	size_t	scheme;

	if (*conf_str(CONF_S3_BUCKET) == '\0')
		return (1);
	if (!objects_presign("http://localhost", "GET", "doctor", 60, url)) {
		report("bad", "object storage keys", "no access key; set S3_ACCESS_KEY and S3_SECRET_KEY, or give the task a task role");
		return (0);
	}
	scheme = strcspn(url, ":") + 3;
	url[scheme + strcspn(url + scheme, "/?")] = '\0';

	return (server_check("object storage server", url, 1));
}

/* Returns what to change after mail_check() has failed. Static storage. */
static const char *
mail_advice(const struct mail_check *c)
{
	static char	text[512];

	if (*c->fingerprint != '\0' && strstr(c->why, "certificate") != NULL) {
		snprintf(text, sizeof(text), "%s. If the server is yours and this is its certificate: SMTP_TLS_FINGERPRINT=%s; "
		    "SMTP_TLS=off if nobody can read the network between", advice(c->why, "check SMTP_HOST"), c->fingerprint);
		return (text);
	}

	return (advice(c->why, "check SMTP_PORT, SMTP_TLS, SMTP_USER and SMTP_PASS"));
}

static void
mail_report(const char *to)
{
	struct mail_check	c;
	const char		*tls;

	if (!mail_enabled()) {
		report("warn", "mail", "off: set SMTP_HOST, SMTP_USER and SMTP_PASS to send mail");
		return;
	}
	if (!port_check("mail", conf_str(CONF_SMTP_HOST), conf_str(CONF_SMTP_PORT)))
		return;
	server = "mail";
	if (!mail_check(to, &c)) {
		report("bad", "mail", "%s; %s", c.why, mail_advice(&c));
		return;
	}
	tls = *c.fingerprint != '\0' ? "with TLS" : "without TLS";
	if (c.mechanism != NULL)
		report("ok", "mail", "connected %s, signed in (%s)", tls, c.mechanism);
	else if (!strcmp(conf_str(CONF_SMTP_AUTH), "none"))
		report("ok", "mail", "connected %s, not signed in (SMTP_AUTH=none)", tls);
	else
		report("warn", "mail", "connected %s, not signed in: the server offers no AUTH; set SMTP_AUTH=none if that is right", tls);
	if (to != NULL)
		report("ok", "mail to an address", "the server takes mail for %s: %s", to, c.reply);
}

static void
gateways_check(void)
{
	if (*conf_str(CONF_PAYSTACK_SECRET_KEY) != '\0')
		(void)server_check("Paystack", conf_str(CONF_PAYSTACK_BASE_URL), 0);
	if (*conf_str(CONF_FLW_SECRET_KEY) != '\0')
		(void)server_check("Flutterwave", conf_str(CONF_FLW_BASE_URL), 0);
	if (*conf_str(CONF_GOOGLE_CLIENT_ID) != '\0')
		(void)server_check("Google", conf_str(CONF_GOOGLE_TOKEN_URL), 0);
}

int
doctor_run(int roles, const char *conf_error, int objects, const char *mail_to)
{
	if (conf_error != NULL)
		report("bad", "configuration", "%s", conf_error);
	else
		report("ok", "configuration", "valid");
	values_check();
	files_check(roles);
	memory_check();
	random_check();
	if (conf_error != NULL)
		return (1);
	certificate_check();
	ending_report_set(ending_warn);
	database_check();
	valkey_report();
	if (objects_enabled()) {
		/* Fetches the credentials of a task role first. */
		if (roles & ROLE_API)
			film_check();
		if (objects_server_check()) {
			objects_check();
			if (roles & ROLE_API)
				cdn_check();
			if (objects)
				audit_report();
		}
	} else {
		report((roles & (ROLE_API | ROLE_TRANSCODE)) ? "warn" : "ok", "object storage", "none: set S3_BUCKET or MEDIA_DIR");
	}
	if (roles & (ROLE_API | ROLE_CRON)) {
		mail_report(mail_to);
		gateways_check();
	}

	return (bad);
}
