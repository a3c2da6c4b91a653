/*
 * What this process is: its options, its roles, and the hooks that Kore calls
 * in the life of parent and workers.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kore/kore.h>
#include <kore/hooks.h>
#include <kore/http.h>
#include <kore/seccomp.h>
#include <kore/tasks.h>

#include "admin.h"
#include "base/activity.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/role.h"
#include "cron/cron_run.h"
#include "cron/job_command.h"
#include "cron/schedule.h"
#include "doctor.h"
#include "embedkore.h"
#include "health_probe.h"
#include "http/admission.h"
#include "http/changes.h"
#include "http/local_body.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/route_doc.h"
#include "http/timeouts.h"
#include "jobs/mail_sender.h"
#include "media/media.h"
#include "net/mail.h"
#include "notices.h"
#include "status.h"
#include "store/migrate.h"
#include "store/objects.h"
#include "store/pg.h"
#include "store/pg_url.h"
#include "store/valkey.h"
#include "tls/listener.h"
#include "tls/roots.h"
#include "transcode/sweep.h"
#include "transcode/transcode_worker.h"
#include "versions.h"

#define PROBE_TIMEOUT_MS	2000
#define DRAIN_STEP_MS		50
#define RETURN_MS		3000	/* of the grace: a job that is not finished by then is given back */
#define FIRST_WORKER		1
#define CONNECTIONS_FEW		64
#define TASK_THREADS_MAX	4	/* of one worker, which often has most of those who log in */
#define SOLO_COUNT		3	/* Kore's count of workers at which the one that serves needs no lock to accept */

static pid_t	parent_pid;
static struct kore_server	*secure = NULL;	/* serves HTTPS, when there is a certificate */

#if defined(UNSANDBOXED)
/* The tests' builds call what glibc, sanitizers and valgrind like; only the product is in the sandbox. */
KORE_SECCOMP_FILTER("wanzami", BPF_STMT(BPF_RET + BPF_K, SECCOMP_RET_ALLOW))
#if defined(__SANITIZE_ADDRESS__)
const char	*__asan_default_options(void);

/* What hangs on Kore's memory pools until the process ends would count as leaked: nobody looks for pointers there. */
const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}
#endif
#else
/* What is done to files by their names. Younger machines have these calls only in the form that takes a folder as well. */
#if defined(SYS_rename)
#define BY_NAME	\
	KORE_SYSCALL_ALLOW(rename),	\
	KORE_SYSCALL_ALLOW(link),	\
	KORE_SYSCALL_ALLOW(mkdir),	\
	KORE_SYSCALL_ALLOW(rmdir)
#else
#define BY_NAME	\
	KORE_SYSCALL_ALLOW(renameat),	\
	KORE_SYSCALL_ALLOW(linkat),	\
	KORE_SYSCALL_ALLOW(mkdirat),	\
	KORE_SYSCALL_ALLOW(unlinkat),	\
	KORE_SYSCALL_ALLOW(newfstatat),	\
	KORE_SYSCALL_ALLOW(faccessat)
#endif

/*
 * What a worker needs beyond Kore's own list: musl's realloc and stdio,
 * connections to the database, and libcurl's way to wake itself; for objects
 * in a local directory, whose files are read at an offset, made to last,
 * joined without passing through us, and moved to their places; and for a
 * transcode worker, which lets others go first, counts the CPUs it may use and
 * has threads with names.
 */
KORE_SECCOMP_FILTER("wanzami",
	KORE_SYSCALL_ALLOW(mremap),
	KORE_SYSCALL_ALLOW(readv),
	KORE_SYSCALL_ALLOW(socket),
	KORE_SYSCALL_ALLOW(connect),
	KORE_SYSCALL_ALLOW(bind),
	KORE_SYSCALL_ALLOW(getsockopt),
	KORE_SYSCALL_ALLOW(getsockname),
	KORE_SYSCALL_ALLOW(getpeername),
	KORE_SYSCALL_ALLOW(sendmsg),
	KORE_SYSCALL_ALLOW(recvmsg),
	KORE_SYSCALL_ALLOW(eventfd2),
	KORE_SYSCALL_ALLOW(shutdown),
	KORE_SYSCALL_ALLOW_ARG(prctl, 0, PR_SET_PDEATHSIG),
	KORE_SYSCALL_ALLOW(getppid),
	KORE_SYSCALL_ALLOW(pread64),
	KORE_SYSCALL_ALLOW(fsync),
	KORE_SYSCALL_ALLOW(copy_file_range),
	BY_NAME,
	KORE_SYSCALL_ALLOW(getdents64),
	KORE_SYSCALL_ALLOW(setpriority),
	KORE_SYSCALL_ALLOW(sched_getaffinity),
	KORE_SYSCALL_ALLOW_ARG(prctl, 0, PR_SET_NAME)
)
#endif

KORE_SYMBOL(kore_parent_configure);
KORE_SYMBOL(kore_worker_configure);
KORE_SYMBOL(kore_worker_teardown);
KORE_SYMBOL(kore_worker_signal);
KORE_SYMBOL(kore_seccomp_hook);

static void
usage(FILE *fp)
{
	fprintf(fp,
	    "usage: wanzami [--role LIST]                  serve (LIST: api,transcode,cron; default all)\n"
	    "       wanzami --probe [URL] [--timeout SEC]  exit 0 when healthy, else 1 and why\n"
	    "       wanzami migrate                        bring the database schema up to date\n"
	    "       wanzami doctor                         whether what it needs is there, and what to change; 1 when something is not\n"
	    "       wanzami status                         what the service is doing; 1 when something here does not answer\n"
	    "       wanzami job list                       what is done when, and how it went last\n"
	    "       wanzami job run NAME [ARGUMENT ...]    do it now\n"
	    "       wanzami transcode INPUT OUTDIR         the film pipeline on a local file\n"
	    "       wanzami admin create --email A --name N [--role SUPER_ADMIN]\n"
	    "                                              password from standard input, else made up and printed\n"
	    "       wanzami docs configure                 docs/configure.md\n"
	    "       wanzami docs routes                    every route with its guard, limits and fields, as JSON\n"
	    "       wanzami --version [--verbose] | --help     verbose: the authorities that are believed, too\n"
	    "       wanzami --sbom | --licenses            what is linked in: bill of materials (SPDX), and every licence\n\nEnvironment:\n");
	conf_print_help(fp);
}

static int
version_print(int verbose)
{
	printf("wanzami %s\n%s", WANZAMI_VERSION, WANZAMI_LIBRARIES);
	if (verbose)
		roots_print(stdout);

	return (0);
}

static void
die(const char *why)
{
	fprintf(stderr, "wanzami: %s\n", why);
	exit(1);
}

static void
options_conflict(const char *word)
{
	fprintf(stderr, "wanzami: what is \"%s\"? Try --help.\n", word);
	exit(2);
}

static void
conf_load_or_die(void)
{
	const char	*error;

	if ((error = conf_load()) != NULL)
		die(error);
}

/* What is needed to talk to the database. */
static void
database_prepare_or_die(void)
{
	const char	*error;

	conf_load_or_die();
	if ((error = roots_load()) != NULL)
		die(error);
}

static int
probe(const char *url, const char *timeout)
{
	char	health[64], *end;
	double	seconds = PROBE_TIMEOUT_MS / 1000.0;

	if (timeout != NULL) {
		seconds = strtod(timeout, &end);
		if (end == timeout || *end != '\0' || !(seconds > 0 && seconds <= 3600))
			die("--timeout takes seconds, more than 0 and at most 3600");
	}
	if (url == NULL) {
		conf_load_or_die();
		snprintf(health, sizeof(health), "http://127.0.0.1:%s/health", conf_str(CONF_PORT));
		url = health;
	}

	return (probe_run(url, (int)(seconds * 1000)));
}

static int
transcode(const char *input, const char *outdir)
{
	const struct media_rendition	*r;
	struct media_result		result;
	struct media_error		error;
	int				i;

	media_init(NULL);
	if (media_transcode_file(input, outdir, (1u << MEDIA_RUNGS) - 1, NULL, 1, &result, &error) != MEDIA_OK)
		die(error.text);
	for (i = 0; i < result.nrenditions; i++) {
		r = &result.renditions[i];
		printf("%-5s %4d x %-4d %6.2f frames/s %8.2f s %6u kbit/s %10llu bytes  %s\n", media_rung_name(r->rung), r->width, r->height,
		    (double)r->fps_num / r->fps_den, r->duration, r->average / 1000, (unsigned long long)r->size, r->codecs);
	}
	media_result_free(&result);

	return (0);
}

/* What is wrong with how the servers that we need are named, in one line; NULL when nothing is. */
static const char *
outside_wrong(void)
{
	const char	*error;
	char		schema[64], *url;

	if ((url = pg_url_clean(conf_str(CONF_DATABASE_URL), schema, sizeof(schema))) == NULL)
		return ("DATABASE_URL is missing or wrong; it must be postgresql://user:password@host:port/database");
	free(url);
	if ((error = mail_configure()) != NULL || (error = roots_load()) != NULL || (error = valkey_configure()) != NULL ||
	    (error = objects_configure()) != NULL)
		return (error);
	if ((role_get() & ROLE_API) && (error = listener_configure()) != NULL)
		return (error);
	if (!objects_enabled() && (role_get() & (ROLE_API | ROLE_TRANSCODE)) && !strcmp(conf_str(CONF_WANZAMI_ENV), "production"))
		return ("neither S3_BUCKET nor MEDIA_DIR is set; one of them must say where films are kept");

	return (NULL);
}

static void
outside_check(void)
{
	const char	*error;

	if ((error = outside_wrong()) != NULL)
		die(error);
}

/* Goes on where a start would end: what is wrong is what it is asked for. */
static int
doctor(void)
{
	const char	*wrong;

	if ((wrong = conf_load()) == NULL) {
		role_set(role_parse(conf_str(CONF_ROLE)));
		log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), "doctor");
		wrong = outside_wrong();
	}
	if (wrong == NULL && (role_get() & ROLE_API))
		wrong = conf_check_secrets();

	return (doctor_run(role_get(), wrong));
}

/* Everything that is not serving ends the process here. */
static void
options_run(int argc, char **argv)
{
	static const struct option	options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ "verbose", no_argument, NULL, 'V' },
		{ "sbom", no_argument, NULL, 's' },
		{ "licenses", no_argument, NULL, 'l' },
		{ "role", required_argument, NULL, 'r' },
		{ "probe", no_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 't' },
		{ "email", required_argument, NULL, 'e' },
		{ "name", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	const char	*timeout = NULL, *role = NULL, *email = NULL, *name = NULL;
	int		c, probing = 0, version = 0, verbose = 0;

	while ((c = getopt_long(argc, argv, "fhv", options, NULL)) != -1) {
		switch (c) {
		case 'f':	/* what kodev run passes; we never leave the foreground */
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			version = 1;
			break;
		case 'V':
			verbose = 1;
			break;
		case 's':
			exit(notices_sbom());
		case 'l':
			exit(notices_licenses());
		case 'r':
			role = optarg;
			break;
		case 'e':
			email = optarg;
			break;
		case 'n':
			name = optarg;
			break;
		case 'p':
			probing = 1;
			break;
		case 't':
			timeout = optarg;
			break;
		default:
			exit(2);
		}
	}

	argc -= optind;
	argv += optind;
	if (version)
		exit(version_print(verbose));
	if (probing && argc <= 1)
		exit(probe(argv[0], timeout));
	if (argc == 3 && !strcmp(argv[0], "transcode"))
		exit(transcode(argv[1], argv[2]));
	if (argc == 2 && !strcmp(argv[0], "admin") && !strcmp(argv[1], "create")) {
		database_prepare_or_die();
		exit(admin_create(conf_str(CONF_DATABASE_URL), email, name, role != NULL ? role : "SUPER_ADMIN"));
	}
	if (role != NULL)
		setenv("ROLE", role, 1);
	if (argc == 0)
		return;
	if (argc == 1 && !strcmp(argv[0], "migrate")) {
		database_prepare_or_die();
		log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), "migrate");
		exit(migrate_run(conf_str(CONF_DATABASE_URL)));
	}
	if (argc == 1 && !strcmp(argv[0], "doctor"))
		exit(doctor());
	if (argc == 1 && !strcmp(argv[0], "status")) {
		conf_load_or_die();
		outside_check();
		exit(status_print());
	}
	if (argc >= 1 && !strcmp(argv[0], "job")) {
		conf_load_or_die();
		log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), "job");
		outside_check();
		exit(job_command(argc - 1, argv + 1));
	}
	if (argc == 2 && !strcmp(argv[0], "docs") && !strcmp(argv[1], "configure")) {
		conf_print_markdown(stdout);
		exit(0);
	}
	if (argc == 2 && !strcmp(argv[0], "docs") && !strcmp(argv[1], "routes")) {
		route_doc_print(stdout);
		exit(0);
	}
	options_conflict(argv[0]);
}

/* Kore's workers try every descriptor up to the limit once; in a container that may be a million. */
static void
descriptors_limit(void)
{
	struct rlimit	rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur > 16384) {
		rl.rlim_cur = 16384;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static int
port_taken(int port)
{
	struct sockaddr_in	local = { .sin_family = AF_INET, .sin_port = htons((u_int16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd, on = 1, taken;

	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	taken = bind(fd, (struct sockaddr *)&local, sizeof(local)) == -1 && errno == EADDRINUSE;
	close(fd);

	return (taken);
}

/*
 * An API answers everybody, over IPv4 and IPv6 alike; the other roles only the
 * health check beside them. Who is started with an API's environment on its
 * machine finds the port taken, and does its work nevertheless.
 */
static void
bind_choose(void)
{
	char		bind[32];
	const char	*port = conf_str(CONF_PORT);

	if (!(role_get() & ROLE_API) && port_taken((int)conf_int(CONF_PORT))) {
		log_event(LOG_LEVEL_WARN, "the port is taken: a health check there asks somebody else; set PORT to another", LOG_S("port", port));
		port = "0";
	}
	snprintf(bind, sizeof(bind), "%s %s", (role_get() & ROLE_API) ? "::" : "127.0.0.1", port);
	setenv("WANZAMI_BIND", bind, 1);
}

/* What kore.conf says of the plain server, for the secure one, which is not always there. */
static void
secure_open(void)
{
	struct kore_domain	*dom;
	struct kore_route	*rt;

	secure = kore_server_create("secure");
	if (!kore_server_bind(secure, "::", conf_str(CONF_TLS_PORT), NULL))
		die("TLS_PORT cannot be listened on");
	dom = kore_domain_new("*");
	kore_domain_attach(dom, secure);
	rt = kore_route_create(dom, "^/", HANDLER_TYPE_DYNAMIC);
	kore_route_callback(rt, "dispatch_request");
	rt->on_free = kore_runtime_getcall("request_forget");
	log_event(LOG_LEVEL_INFO, "serving HTTPS", LOG_I("port", conf_int(CONF_TLS_PORT)));
}

static int
migrate_wanted(void)
{
	if (*conf_str(CONF_MIGRATE_ON_START) != '\0')
		return (conf_int(CONF_MIGRATE_ON_START) != 0);

	return (!strcmp(conf_str(CONF_WANZAMI_ENV), "development"));
}

/* Only the API makes and checks tokens. */
static void
secrets_check(void)
{
	const char	*error;

	if ((role_get() & ROLE_API) && (error = conf_check_secrets()) != NULL)
		die(error);
}

/* Who must know learns it once, not with every mail. */
static void
mail_announce(void)
{
	if ((role_get() & (ROLE_API | ROLE_CRON)) && !mail_enabled())
		log_event(LOG_LEVEL_WARN, "mail is off: SMTP_HOST, SMTP_USER and SMTP_PASS are not all set");
}

/* Only a health check connects to roles without the API. Kore makes room for connections right behind the fork. */
static void
connections_few(void)
{
	worker_max_connections = CONNECTIONS_FEW;
}

static void
workers_count(void)
{
	int	count = 1;

	if (!(role_get() & ROLE_API) && pthread_atfork(NULL, NULL, connections_few) != 0)
		die("there is not enough memory to start");
	if ((role_get() & ROLE_API) && (count = (int)conf_int(CONF_WORKERS)) == 0)
		count = cpu_count;
	role_set_http_workers(count);
	worker_count = (u_int8_t)count;
	/* They hash passwords; more of them than processors only make others wait longer. */
	kore_task_threads = cpu_count < TASK_THREADS_MAX ? cpu_count : TASK_THREADS_MAX;
	if (role_get() & ROLE_TRANSCODE) {
		worker_count++;
		worker_name_instance();
	}
}

/* Workers live in a sandbox or not at all; Kore would say no more than that a call has failed. */
static void
sandbox_check(void)
{
	if (prctl(PR_GET_SECCOMP) == -1)
		die("this kernel, or what emulates it, has no seccomp, and there is no serving without its sandbox");
}

void
kore_parent_configure(int argc, char **argv)
{
	options_run(argc, argv);
	conf_load_or_die();
	role_set(role_parse(conf_str(CONF_ROLE)));
	outside_check();
	secrets_check();
	sandbox_check();
	log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), conf_str(CONF_ROLE));
	if (migrate_wanted() && migrate_run(conf_str(CONF_DATABASE_URL)) != 0)
		exit(1);

	skip_runas = 1;
	skip_chroot = 1;
	kore_foreground = 1;
	kore_quiet = 1;
	workers_count();
	descriptors_limit();

	bind_choose();
	if (listener_wanted())
		secure_open();
	changes_init();
	metrics_init();
	activity_init();
	parent_pid = getpid();
	run_name_process();

	mail_announce();
	log_event(LOG_LEVEL_INFO, "starting", LOG_S("version", WANZAMI_VERSION), LOG_I("port", conf_int(CONF_PORT)));
}

/* A worker does not outlive its parent, whatever ended that: nobody would restart it, and the next parent has its own. */
static void
parent_follow(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		fatal("prctl: %s", errno_s);
	if (getppid() != parent_pid)
		exit(0);
}

static int
transcodes(void)
{
	return (!role_serves_http(worker->id));
}

/* Work that waits for no client, done beside the requests. */
static void
chores_start(void)
{
	if (role_get() & (ROLE_API | ROLE_CRON))
		mail_sender_start();
	if (worker->id != FIRST_WORKER)
		return;
	sweep_start();
	if (role_get() & ROLE_CRON)
		schedule_start();
}

/* Kore gives the right to accept to one worker after the other; the only one that serves keeps it. */
void
kore_worker_configure(void)
{
	parent_follow();
	activity_start(worker->id);
	metrics_start(worker->id, worker->id == FIRST_WORKER);
	pg_start(conf_str(CONF_DATABASE_URL));
	(void)valkey_shared();
	objects_start();
	if (transcodes()) {
		listener_forget();
		worker_max_connections = 0;
		worker_start();
		return;
	}
	local_body_start();
	timeouts_start();
	admission_start();
	listener_start(secure);
	if (role_http_workers() == 1)
		worker_count = SOLO_COUNT;
	chores_start();
}

/* SIGHUP: a renewed certificate is there. */
void
kore_worker_signal(int sig)
{
	if (sig == SIGHUP)
		listener_check();
}

/* Whether a request has begun to arrive, is being served, or its answer is not out yet. */
static int
requests_in_flight(void)
{
	struct connection	*c;

	if (http_request_count > 0 || request_open() > 0)
		return (1);
	TAILQ_FOREACH(c, &connections, list) {
		if (c->proto != CONN_PROTO_HTTP)
			continue;
		if (!TAILQ_EMPTY(&c->send_queue) || (c->rnb != NULL && c->rnb->s_off > 0))
			return (1);
	}

	return (0);
}

/* Whatever this worker should not be ended in the middle of. */
static int
in_flight(void)
{
	return (requests_in_flight() || mail_sender_busy() || schedule_busy() || (transcodes() && worker_busy()));
}

/* One turn of the loop that Kore has left. */
static void
turn(void)
{
	kore_platform_event_wait(DRAIN_STEP_MS);
	kore_timer_run(kore_time_ms());
	http_process();
	kore_connection_prune(KORE_CONNECTION_PRUNE_DISCONNECT);
}

/*
 * Kore leaves its loop at once on SIGTERM; what is in flight is finished
 * here. First the load balancer is given time to see /health fail: until it
 * does, it sends more, and every answer asks it to close its connection.
 *
 * The worker ends here and not in Kore, which would free its memory first:
 * threads that did not end in time still use it.
 */
void
kore_worker_teardown(void)
{
	u_int64_t	now = kore_time_ms(), leave, deadline;

	role_drain();
	leave = now + (u_int64_t)conf_int(CONF_SHUTDOWN_DELAY_SEC) * 1000;
	deadline = leave + (u_int64_t)conf_int(CONF_SHUTDOWN_GRACE_SEC) * 1000;
	while (!transcodes() && kore_time_ms() < leave)
		turn();
	if (worker->has_lock)
		kore_platform_disable_accept();
	while (in_flight() && kore_time_ms() < deadline) {
		if (kore_time_ms() + RETURN_MS > deadline)
			schedule_stop();
		turn();
	}
	log_event(LOG_LEVEL_INFO, "drained", LOG_I("unfinished", http_request_count));
	_exit(0);
}
