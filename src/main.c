/*
 * The life of the process: the hooks that Kore calls in parent and workers.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kore/kore.h>
#include <kore/hooks.h>
#include <kore/http.h>
#include <kore/tasks.h>

#include <jansson.h>

#include "base/activity.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/role.h"
#include "cli.h"
#include "cron/cron_run.h"
#include "cron/schedule.h"
#include "http/admission.h"
#include "http/changes.h"
#include "http/date_header.h"
#include "http/http_input.h"
#include "http/local_body.h"
#include "http/metrics.h"
#include "http/minutes.h"
#include "http/request.h"
#include "http/timeouts.h"
#include "jobs/mail_sender.h"
#include "kore/spread.h"
#include "kore/supervise.h"
#include "kore/symbols.h"
#include "kore/watch.h"
#include "net/mail.h"
#include "sandbox.h"
#include "settings.h"
#include "store/cdn.h"
#include "store/migrate.h"
#include "store/objects.h"
#include "store/pg.h"
#include "store/valkey.h"
#include "tls/ending.h"
#include "tls/listener.h"
#include "transcode/sweep.h"
#include "transcode/transcode_worker.h"
#include "versions.h"

#define DRAIN_STEP_MS		50
#define RETURN_MS		3000	/* before the end of the grace period, running cron jobs are told to give their lease back */
#define FIRST_WORKER		1
#define CONNECTIONS_FEW		64
#define DESCRIPTORS_INHERITED	64	/* more than a worker inherits from the parent */
#define DESCRIPTORS_PARENT	128	/* and for each worker */
#define DESCRIPTORS_WORKER	8
#define TASK_THREADS_MAX	4	/* of one worker: most logins may be on the same worker */

static pid_t	parent_pid;
static struct kore_server	*secure = NULL;	/* serves HTTPS, when there is a certificate */

KORE_SYMBOL(kore_parent_configure);
KORE_SYMBOL(kore_worker_configure);
KORE_SYMBOL(kore_worker_teardown);
KORE_SYMBOL(kore_worker_signal);

/* Kore raises a worker's limit to worker_rlimit_nofiles plus its inherited descriptors. Keeps the sum within what the system allows. */
static void
descriptors_fit(void)
{
	struct rlimit	rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_max < worker_rlimit_nofiles + DESCRIPTORS_INHERITED)
		worker_rlimit_nofiles = (u_int32_t)(rl.rlim_max > 2 * DESCRIPTORS_INHERITED ? rl.rlim_max - DESCRIPTORS_INHERITED : DESCRIPTORS_INHERITED);
}

/*
 * Lowers the limit of the parent, which needs few descriptors: each Kore worker looks at every possible descriptor at its start and then
 * raises its own limit. A container may allow a million; 16,384 take three milliseconds.
 */
static void
descriptors_limit(void)
{
	struct rlimit	rl;
	rlim_t		few = DESCRIPTORS_PARENT + DESCRIPTORS_WORKER * (rlim_t)worker_count;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur > few) {
		rl.rlim_cur = few;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

/* Returns the error of a socket that listens on a port of all addresses, as Kore's does; 0 if there is none. */
static int
port_error(int port)
{
	struct sockaddr_in6	all = { .sin6_family = AF_INET6, .sin6_port = htons((u_int16_t)port), .sin6_addr = IN6ADDR_ANY_INIT };
	int			fd, on = 1, error = 0;

	if ((fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return (0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&all, sizeof(all)) == -1 || listen(fd, 1) == -1)
		error = errno;
	close(fd);

	return (error);
}

/* Ends the process if it cannot listen on a port: Kore would name a line of its configuration. */
static void
port_check(enum conf_id id)
{
	char	wrong[192];
	int	error = port_error((int)conf_int(id));

	if (error == 0)
		return;
	snprintf(wrong, sizeof(wrong), "%s %s cannot be listened on: %s; %s", conf_name(id), conf_str(id), strerror(error),
	    error == EADDRINUSE ? "end the other process, or set another port" : "set another port");
	settings_die(wrong);
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
 * Chooses what to listen on: all IPv4 and IPv6 addresses for the API, loopback
 * for the health check of the other roles. If another process on this machine
 * has the port, the API cannot start; a role without it serves no health check and
 * works on.
 */
static void
bind_choose(void)
{
	char		bind[32];
	const char	*port = conf_str(CONF_PORT);

	if (role_get() & ROLE_API)
		port_check(CONF_PORT);
	else if (port_taken((int)conf_int(CONF_PORT))) {
		log_event(LOG_LEVEL_WARN, "the port is taken: a health check there asks somebody else; set PORT to another", LOG_S("port", port));
		port = "0";
	}
	snprintf(bind, sizeof(bind), "%s %s", (role_get() & ROLE_API) ? "::" : "127.0.0.1", port);
	setenv("WANZAMI_BIND", bind, 1);
}

/* Creates the HTTPS server in the way kore.conf creates the HTTP server. kore.conf cannot: the server depends on the certificate. */
static void
secure_open(void)
{
	struct kore_domain	*dom;
	struct kore_route	*rt;

	port_check(CONF_TLS_PORT);
	secure = kore_server_create("secure");
	if (!kore_server_bind(secure, "::", conf_str(CONF_TLS_PORT), NULL))
		settings_die("TLS_PORT cannot be listened on");
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

/* Only the API signs and verifies tokens. */
static void
secrets_check(void)
{
	if (role_get() & ROLE_API)
		settings_die(conf_check_secrets());
}

/* Logs once at start what is unusual. */
static void
start_announce(void)
{
	if (*conf_str(CONF_SQL_DIR) != '\0')
		log_event(LOG_LEVEL_WARN, "reading SQL from SQL_DIR, not from the binary", LOG_S("folder", conf_str(CONF_SQL_DIR)));
	if ((role_get() & (ROLE_API | ROLE_CRON)) && !mail_enabled())
		log_event(LOG_LEVEL_WARN, "mail is off: SMTP_HOST, SMTP_USER and SMTP_PASS are not all set");
}

/*
 * Runs in each worker right after the fork, before Kore allocates its connections and sets its limits. Only health checks connect to
 * roles without the API.
 */
static void
worker_limits(void)
{
	if (!(role_get() & ROLE_API))
		worker_max_connections = CONNECTIONS_FEW;
	descriptors_fit();
}

static void
workers_count(void)
{
	int	count = 1;

	if (pthread_atfork(NULL, NULL, worker_limits) != 0)
		settings_die("there is not enough memory to start");
	if ((role_get() & ROLE_API) && (count = (int)conf_int(CONF_WORKERS)) == 0)
		count = cpu_count;
	role_set_http_workers(count);
	worker_count = (u_int8_t)count;
	/* Task threads hash passwords; more threads than processors would only delay the others. */
	kore_task_threads = cpu_count < TASK_THREADS_MAX ? cpu_count : TASK_THREADS_MAX;
	if (role_get() & ROLE_TRANSCODE) {
		worker_count++;
		worker_name_instance();
	}
}

void
kore_parent_configure(int argc, char **argv)
{
	cli_run(argc, argv);
	settings_die(settings_load());
	role_set(role_parse(conf_str(CONF_ROLE)));
	settings_die(settings_check());
	secrets_check();
	settings_die(sandbox_check());
	log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), conf_str(CONF_ROLE));
	if (migrate_wanted() && migrate_run(conf_str(CONF_DATABASE_URL)) != 0)
		exit(1);

	skip_runas = 1;
	skip_chroot = 1;
	kore_foreground = 1;
	kore_quiet = 1;
	/* Later, threads that make their first objects at once would wait for each other. */
	json_object_seed(0);
	workers_count();
	descriptors_limit();

	bind_choose();
	if (listener_enabled())
		secure_open();
	changes_init();
	ending_init();
	metrics_init();
	activity_init();
	watch_init();
	spread_init();
	supervise_init();
	parent_pid = getpid();
	run_name_process();
	minutes_init(run_process(), worker_instance());

	start_announce();
	log_event(LOG_LEVEL_INFO, "starting", LOG_S("version", WANZAMI_VERSION), LOG_I("port", conf_int(CONF_PORT)));
}

/* Ends the worker with its parent, however that ends: nothing would restart the worker, and the next parent forks its own. */
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

/* Starts the periodic work of a worker that serves HTTP. */
static void
chores_start(void)
{
	if (role_get() & (ROLE_API | ROLE_CRON))
		mail_sender_start();
	if (worker->id != FIRST_WORKER)
		return;
	minutes_start();
	sweep_start();
	schedule_start();
}

void
kore_worker_configure(void)
{
	parent_follow();
	activity_start(worker->id);
	watch_start(worker->id);
	metrics_start(worker->id, worker->id == FIRST_WORKER);
	pg_start(conf_str(CONF_DATABASE_URL));
	(void)valkey_shared();
	objects_start();
	date_header_start();
	http_input_start();
	if (transcodes()) {
		listener_wipe();
		cdn_wipe();
		worker_max_connections = 0;
		worker_start();
		return;
	}
	local_body_start();
	timeouts_start();
	admission_start();
	listener_start(secure);
	spread_start();
	chores_start();
}

/* SIGHUP loads a renewed certificate. */
void
kore_worker_signal(int sig)
{
	if (sig == SIGHUP)
		listener_check();
}

/* Returns 1 while a request is arriving or being served, or a response has not been sent completely. */
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

/* Returns 1 while the worker has work that it should finish before it ends. */
static int
in_flight(void)
{
	return (requests_in_flight() || mail_sender_busy() || schedule_busy() || (transcodes() && worker_busy()));
}

/* Runs one turn of Kore's event loop, which Kore has left. */
static void
turn(void)
{
	kore_platform_event_wait(DRAIN_STEP_MS);
	kore_timer_run(kore_time_ms());
	http_process();
	kore_connection_prune(KORE_CONNECTION_PRUNE_DISCONNECT);
}

/*
 * Drains the worker; Kore leaves its event loop at once on SIGTERM. First the
 * load balancer gets time to see /health fail. Until then it sends more
 * requests, and every response asks it to close the connection.
 *
 * The worker exits here. Kore would free its memory first, which threads that
 * did not end in time still use.
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
	spread_stop();
	while (in_flight() && kore_time_ms() < deadline) {
		if (kore_time_ms() + RETURN_MS > deadline)
			schedule_stop();
		turn();
	}
	log_event(LOG_LEVEL_INFO, "drained", LOG_I("unfinished", http_request_count));
	_exit(0);
}
