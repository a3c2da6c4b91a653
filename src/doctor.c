/*
 * One check after the other, each with the same code that the service uses
 * for its work, so that what passes here works there.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "base/random.h"
#include "base/role.h"
#include "doctor.h"
#include "net/fetch.h"
#include "net/mail.h"
#include "store/migrate.h"
#include "store/objects.h"
#include "store/pg_sync.h"
#include "store/valkey.h"

#include "versions.h"

#define TIMEOUT_MS	10000
#define CONNECT_MS	5000
#define FILES_MIN	8192	/* what kore.conf asks for */
#define MEMORY_MIN_MB	256
#define CLOCK_MAX_SEC	300	/* S3 refuses signatures that are 15 minutes off */
#define LIST_FOUND	1
#define OUR_AUTHORITIES	"EXTRA_CA_PEM or TLS_CA_FILE"

static int	bad = 0;

static void	say(const char *, const char *, const char *, ...) __attribute__((format(printf, 3, 4)));

/* level is ok, warn or bad. */
static void
say(const char *level, const char *name, const char *fmt, ...)
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

/* The machine */

static void
files_check(void)
{
	struct rlimit	rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		say("warn", "descriptors", "the limit cannot be read: %s", strerror(errno));
	else if (rl.rlim_cur < FILES_MIN)
		say("warn", "descriptors", "the limit is %llu; give the container a nofile ulimit of at least %d", (unsigned long long)rl.rlim_cur, FILES_MIN);
	else
		say("ok", "descriptors", "the limit is %llu", (unsigned long long)rl.rlim_cur);
}

/* What the container may use, in megabytes; -1 without a limit. */
static long long
memory_limit(void)
{
	static const char	*paths[] = { "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes" };
	char			text[32];
	ssize_t			n;
	size_t			i;
	int			fd;

	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if ((fd = open(paths[i], O_RDONLY | O_CLOEXEC)) == -1)
			continue;
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (*text >= '1' && *text <= '9' && strlen(text) < 18)
			return (strtoll(text, NULL, 10) >> 20);
	}

	return (-1);
}

static void
memory_check(void)
{
	long long	mb = memory_limit();

	if (mb == -1)
		say("ok", "memory", "no limit");
	else if (mb < MEMORY_MIN_MB)
		say("warn", "memory", "the limit is %lld MB; give the container at least %d", mb, MEMORY_MIN_MB);
	else
		say("ok", "memory", "the limit is %lld MB", mb);
}

static void
random_check(void)
{
	if (access("/dev/urandom", R_OK) == -1)
		say("bad", "/dev/urandom", "%s; TLS needs it, mount /dev into the container", strerror(errno));
	else
		say("ok", "/dev/urandom", "there");
}

/* Names and ports */

static int
connects(const struct addrinfo *ai)
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

/* Whether the server's name is known and something listens there; says so only when not. */
static int
reach(const char *name, const char *host, const char *port)
{
	struct addrinfo	hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	int		error;

	if ((error = getaddrinfo(host, port, &hints, &list)) != 0) {
		say("bad", name, "DNS does not know %s (%s); check the name and the DNS of the network", host, gai_strerror(error));
		return (0);
	}
	for (ai = list, error = EADDRNOTAVAIL; ai != NULL; ai = ai->ai_next) {
		if ((error = connects(ai)) == 0)
			break;
	}
	freeaddrinfo(list);
	if (error != 0)
		say("bad", name, "%s port %s: %s%s", host, port, strerror(error), error == ETIMEDOUT ?
		    "; a security group or a route is in the way" : error == ECONNREFUSED ? "; nothing listens there" : "");

	return (error == 0);
}

/*
 * What to change when a server could not be talked to for this reason. What
 * TLS does not like it says in the words of src/tls/verify.c (of names libpq
 * speaks itself); `authorities` are the variables that name more of those,
 * `otherwise` is for all other reasons.
 */
static const char *
advice(const char *why, const char *authorities, const char *otherwise)
{
	static char	text[160];

	if (strstr(why, "the system clock is wrong") != NULL || strstr(why, "RequestTimeTooSkewed") != NULL)
		return ("set the clock of this machine right");
	if (strstr(why, "certificate is not for host") != NULL || strstr(why, "does not match host name") != NULL)
		return ("call the server by a name that its certificate has");
	if (strstr(why, "unknown CA") != NULL || strstr(why, "is self-signed") != NULL) {
		snprintf(text, sizeof(text), "put the certificate of that authority into %s", authorities);
		return (text);
	}
	if (strstr(why, "expired on") != NULL)
		return ("renew the certificate of the server, or set the clock of this machine right");
	if (strstr(why, "not yet valid") != NULL)
		return ("set the clocks right");

	return (otherwise);
}

/* PostgreSQL */

static void
database_check(void)
{
	struct pg_sync	db = { 0 };
	struct timespec	ts;
	const PGresult	*rows;
	char		now[32], *migrations, *functions;
	int		i;

	if (!pg_sync_open(&db, conf_str(CONF_DATABASE_URL), TIMEOUT_MS)) {
		say("bad", "database", "%s; %s", db.error, advice(db.error, "DATABASE_CA_PEM", "check DATABASE_URL"));
		pg_sync_close(&db);
		return;
	}
	say("ok", "database", "signed in");
	migrations = migrate_files(MIGRATE_MIGRATIONS);
	functions = migrate_files(MIGRATE_FUNCTIONS);
	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(now, sizeof(now), "%lld.%03ld", (long long)ts.tv_sec, ts.tv_nsec / 1000000);
	rows = pg_sync_query(&db, "ops/doctor", 4, (const char *[]){ migrations, now, functions, WANZAMI_VERSION });
	for (i = 0; rows != NULL && i < PQntuples(rows); i++)
		say(PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), "%s", PQgetvalue(rows, i, 2));
	if (rows == NULL && (!strcmp(db.state, "42P01") || !strcmp(db.state, "3F000")))
		say("bad", "database migrations", "none has been applied; run wanzami migrate");
	else if (rows == NULL && !strcmp(db.state, "42703"))
		say("bad", "database migrations", "the database is of a release before this one; run wanzami migrate");
	else if (rows == NULL)
		say("bad", "database", "%s", db.error);
	free(migrations);
	free(functions);
	pg_sync_close(&db);
}

/* Valkey: without it work goes on, slower, so nothing here is bad. */
static void
valkey_look(void)
{
	char	why[256];

	if (valkey_check(why, sizeof(why)))
		say("ok", "valkey", "%s", why);
	else
		say("warn", "valkey", "%s; %s (without Valkey work goes on, slower)", why, advice(why, OUR_AUTHORITIES, "check REDIS_URL"));
}

/* The store */

static int
listed(void *ctx, const char *key, uint64_t size)
{
	(void)size;

	return (!strcmp(key, ctx) ? LIST_FOUND : 0);
}

static int
store_step(const char *right, enum objects_result result, const struct objects_call *call)
{
	if (result != OBJECTS_OK)
		say("bad", "store", "%s: %s; %s", right, call->error, advice(call->error, OUR_AUTHORITIES, result == OBJECTS_LATER ?
		    "check S3_ENDPOINT, S3_REGION and the way there" : "the keys or the task's role need this right"));

	return (result == OBJECTS_OK);
}

static void
store_check(void)
{
	struct objects_call	call = { .seconds = 15 };
	char			key[48] = "doctor/", got[16] = "";
	size_t			n = 0;

	random_hex(key + strlen(key), 8);
	if (!store_step("an object cannot be written (s3:PutObject)", objects_put(key, "text/plain", "doctor", 6, NULL, &call), &call))
		return;
	if (store_step("it cannot be read (s3:GetObject)", objects_read(key, NULL, 0, got, sizeof(got), &n, &call), &call) &&
	    (n != 6 || memcmp(got, "doctor", 6)))
		say("bad", "store", "what was written reads differently");
	(void)store_step("objects cannot be listed (s3:ListBucket)", objects_list("doctor/", listed, key, &call), &call);
	if (store_step("it cannot be removed (s3:DeleteObject)", objects_delete(key, &call), &call) && !bad)
		say("ok", "store", "an object was written, read, listed and removed");
}

/* Other servers over HTTP: whatever they answer, they were there (else 0), and their time says whether ours is right. */
static int
server_check(const char *name, const char *url, int signs)
{
	struct fetch	f = { .method = "GET", .url = url, .seconds = 10 };
	char		date[64];
	time_t		theirs;
	long long	apart = 0;
	int		there;

	if (!(there = fetch_perform(&f))) {
		say("bad", name, "%s: %s; %s", url, f.error, advice(f.error, OUR_AUTHORITIES, "check the address and the way there"));
	} else {
		if (fetch_header(&f, "date", date, sizeof(date)) && (theirs = curl_getdate(date, NULL)) != -1)
			apart = (long long)(theirs - time(NULL));
		if (signs && llabs(apart) > CLOCK_MAX_SEC)
			say("bad", name, "its clock and ours are %lld s apart; signatures will be refused, set the clock right", apart);
		else
			say("ok", name, "%s answers, its clock and ours are %lld s apart", url, apart);
	}
	fetch_free(&f);

	return (there);
}

/* Scheme and host of where objects are put. Returns 0 when it is of no use to ask there for more. */
static int
store_server_check(void)
{
	char	url[OBJECTS_URL_MAX];
	size_t	scheme;

	if (*conf_str(CONF_S3_BUCKET) == '\0')
		return (1);
	if (!objects_presign("http://localhost", "GET", "doctor", 60, url)) {
		say("bad", "store keys", "there are none; set S3_ACCESS_KEY and S3_SECRET_KEY, or give the task a role");
		return (0);
	}
	scheme = strcspn(url, ":") + 3;
	url[scheme + strcspn(url + scheme, "/?")] = '\0';

	return (server_check("store server", url, 1));
}

static void
mail_look(void)
{
	char	why[256];

	if (!mail_enabled()) {
		say("warn", "mail", "off: SMTP_HOST, SMTP_USER and SMTP_PASS are not all set");
		return;
	}
	if (!reach("mail", conf_str(CONF_SMTP_HOST), conf_str(CONF_SMTP_PORT)))
		return;
	if (mail_check(why, sizeof(why)))
		say("ok", "mail", "the server greets and has let us sign in");
	else
		say("bad", "mail", "%s; %s", why, advice(why, OUR_AUTHORITIES, "check SMTP_PORT, SMTP_TLS, SMTP_USER and SMTP_PASS"));
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
doctor_run(int roles, const char *wrong)
{
	if (wrong != NULL)
		say("bad", "configuration", "%s", wrong);
	else
		say("ok", "configuration", "complete");
	files_check();
	memory_check();
	random_check();
	if (wrong != NULL)
		return (1);
	database_check();
	valkey_look();
	if (objects_enabled()) {
		if (store_server_check())
			store_check();
	} else {
		say((roles & (ROLE_API | ROLE_TRANSCODE)) ? "warn" : "ok", "store", "none: neither S3_BUCKET nor MEDIA_DIR is set");
	}
	if (roles & (ROLE_API | ROLE_CRON)) {
		mail_look();
		gateways_check();
	}

	return (bad);
}
