/*
 * Options and the table of commands.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/role.h"
#include "cli.h"
#include "cron/job_command.h"
#include "database_url.h"
#include "doctor.h"
#include "env_print.h"
#include "health_probe.h"
#include "http/limit.h"
#include "http/route_doc.h"
#include "mail_dns.h"
#include "notices.h"
#include "restored.h"
#include "settings.h"
#include "status.h"
#include "store/migrate.h"
#include "tls/roots.h"
#include "transcode_file.h"
#include "versions.h"

#define PROBE_TIMEOUT_MS	2000

/* Preparations that a command needs before it runs. */
#define NEEDS_CONF	0x01	/* the environment */
#define NEEDS_ROOTS	0x02	/* CAs, to reach the database */
#define NEEDS_LOG	0x04	/* a log, named after the command */
#define NEEDS_MEDIA	0x08	/* MEDIA_DIR, if it is used; not created */
#define NEEDS_SETTINGS	0x10	/* the settings of every server */

struct options {
	const char	*role, *admin_role, *timeout, *email, *name, *mail_to;
	int		probe, version, verbose, json, objects, libpq;
};

static int
probe_command(const char *url, const char *timeout)
{
	char	health[64], *end;
	double	seconds = PROBE_TIMEOUT_MS / 1000.0;

	if (timeout != NULL) {
		seconds = strtod(timeout, &end);
		if (end == timeout || *end != '\0' || !(seconds > 0 && seconds <= 3600))
			settings_die("--timeout takes seconds, more than 0 and at most 3600");
	}
	if (url == NULL) {
		settings_die(conf_load());
		snprintf(health, sizeof(health), "http://127.0.0.1:%s/health", conf_str(CONF_PORT));
		url = health;
	}

	return (probe_run(url, (int)(seconds * 1000)));
}

static int
migrate_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;

	return (migrate_run(conf_str(CONF_DATABASE_URL)));
}

/* Goes on where a start would end: the doctor reports what is wrong. */
static int
doctor_command(const struct options *o, int argc, char **argv)
{
	const char	*wrong;

	(void)argc;
	(void)argv;
	if ((wrong = settings_load()) == NULL) {
		role_set(role_parse(conf_str(CONF_ROLE)));
		log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), "doctor");
		if ((wrong = settings_media()) == NULL)
			wrong = settings_check();
	}
	if (wrong == NULL && (role_get() & ROLE_API))
		wrong = conf_check_secrets();

	return (doctor_run(role_get(), wrong, o->objects, o->mail_to));
}

static int
status_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;

	return (status_print());
}

static int
restored_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;

	return (restored_run());
}

static int
database_command(const struct options *o, int argc, char **argv)
{
	if (!o->libpq)
		settings_die("wanzami database url needs --libpq");

	return (database_url_print(argc > 0 ? argv[0] : NULL));
}

static int
cron_command(const struct options *o, int argc, char **argv)
{
	(void)o;

	return (job_command(argc, argv));
}

static int
transcode_command(const struct options *o, int argc, char **argv)
{
	(void)argc;

	return (transcode_file(argv[0], argv[1], o->json));
}

static int
mail_dns_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;

	return (mail_dns_print());
}

static int
admin_command(const struct options *o, int argc, char **argv)
{
	const char	*role = o->admin_role != NULL ? o->admin_role : o->role;

	(void)argc;
	(void)argv;

	return (admin_create(conf_str(CONF_DATABASE_URL), o->email, o->name, role != NULL ? role : "SUPER_ADMIN"));
}

static int
unlock_command(const struct options *o, int argc, char **argv)
{
	(void)argc;
	(void)argv;

	return (admin_unlock(o->email));
}

static int
env_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;

	return (env_print());
}

static int
docs_limits_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;
	limit_print(stdout);

	return (0);
}

static int
docs_configure_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;
	conf_print_markdown(stdout);

	return (0);
}

static int
docs_routes_command(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;
	route_doc_print(stdout);

	return (0);
}

static const struct command {
	const char	*words[2];	/* the second may be NULL */
	int		least, most;	/* arguments behind the words; most -1: any number */
	int		needs;
	int		(*run)(const struct options *, int argc, char **argv);
	const char	*arguments, *help;
} commands[] = {
	{ { "migrate" }, 0, 0, NEEDS_CONF | NEEDS_ROOTS | NEEDS_LOG, migrate_command, "", "bring the database schema up to date" },
	{ { "doctor" }, 0, 0, 0, doctor_command, "[--objects] [--mail-to ADDRESS]",
	    "check every server and setting, and say what to change; exit status 1 if something is wrong; --objects also lists missing objects, "
	    "--mail-to asks the SMTP server whether it takes mail for ADDRESS, without sending any" },
	{ { "restored" }, 0, 0, NEEDS_CONF | NEEDS_MEDIA | NEEDS_SETTINGS, restored_command, "",
	    "prepare a restored database for the service (docs/backup.md); exit status 1 if objects are missing" },
	{ { "database", "url" }, 0, 1, NEEDS_CONF, database_command, "--libpq [CA-FILE]",
	    "print DATABASE_URL, with its password, as pg_dump and psql take it; writes the CA of DATABASE_CA_PEM to CA-FILE" },
	{ { "status" }, 0, 0, NEEDS_CONF | NEEDS_SETTINGS, status_command, "", "show what the service is doing; exit status 1 if a server does not answer" },
	{ { "job" }, 0, -1, NEEDS_CONF | NEEDS_LOG | NEEDS_SETTINGS, cron_command, "list | run NAME [ARGUMENT ...]",
	    "list the cron jobs with their schedules and last runs, or run one now" },
	{ { "transcode" }, 2, 2, NEEDS_CONF, transcode_command, "[--json] INPUT OUTDIR",
	    "transcode a local file; --json prints the renditions and notes, or the reason of the failure, as JSON" },
	{ { "admin", "create" }, 0, 0, NEEDS_CONF | NEEDS_ROOTS, admin_command, "--email A --name N [--admin-role SUPER_ADMIN]",
	    "create an administrator; the password is read from standard input, or generated and printed" },
	{ { "admin", "unlock" }, 0, 0, NEEDS_CONF | NEEDS_ROOTS, unlock_command, "--email A",
	    "forget the failed attempts on an account, so that it can sign in again from everywhere" },
	{ { "mail", "dns" }, 0, 0, NEEDS_CONF, mail_dns_command, "", "print the DNS records for mail: SPF, DKIM, DMARC" },
	{ { "env" }, 0, 0, 0, env_command, "", "print the variables of .env, secrets included, as a shell takes them: eval \"$(wanzami env)\"" },
	{ { "docs", "configure" }, 0, 0, 0, docs_configure_command, "", "print docs/configure.md" },
	{ { "docs", "routes" }, 0, 0, 0, docs_routes_command, "", "print every route with its guard, limits and fields as JSON" },
	{ { "docs", "limits" }, 0, 0, NEEDS_CONF, docs_limits_command, "", "print the rate limits as JSON" },
};

static void
help_line(FILE *fp, const char *call, const char *help)
{
	fprintf(fp, "%s\n           %s\n", call, help);
}

static void
help_print(FILE *fp)
{
	const struct command	*c;
	char			call[128];
	size_t			i;

	help_line(fp, "usage: wanzami [--role LIST]", "serve; LIST: api,transcode,cron (default: all)");
	help_line(fp, "       wanzami --probe [URL] [--timeout SEC]", "exit with 0 if the process is healthy, else with 1 and the reason");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		c = &commands[i];
		snprintf(call, sizeof(call), "       wanzami %s%s%s%s%s", c->words[0], c->words[1] != NULL ? " " : "",
		    c->words[1] != NULL ? c->words[1] : "", *c->arguments != '\0' ? " " : "", c->arguments);
		help_line(fp, call, c->help);
	}
	help_line(fp, "       wanzami --version [--verbose] | --help", "--verbose also lists the trusted CAs");
	help_line(fp, "       wanzami --sbom | --licenses", "print the bill of materials (SPDX), or every license, of what is linked in");
	fprintf(fp, "\nEnvironment:\n");
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
command_prepare(const struct command *c)
{
	if (c->needs & NEEDS_CONF)
		settings_die(settings_load());
	if (c->needs & NEEDS_ROOTS)
		settings_die(roots_load());
	if (c->needs & NEEDS_LOG)
		log_init(!strcmp(conf_str(CONF_LOG_FORMAT), "text"), c->words[0]);
	if (c->needs & NEEDS_MEDIA)
		settings_die(settings_media());
	if (c->needs & NEEDS_SETTINGS)
		settings_die(settings_check());
}

/* Returns the number of words of this command that the arguments begin with; 0 if they begin with another command. */
static int
command_words(const struct command *c, int argc, char **argv)
{
	if (strcmp(argv[0], c->words[0]))
		return (0);
	if (c->words[1] == NULL)
		return (1);

	return (argc > 1 && !strcmp(argv[1], c->words[1]) ? 2 : 0);
}

static void
command_run(const struct options *o, int argc, char **argv)
{
	const struct command	*c;
	size_t			i;
	int			n;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		c = &commands[i];
		if ((n = command_words(c, argc, argv)) == 0 || argc - n < c->least || (c->most >= 0 && argc - n > c->most))
			continue;
		command_prepare(c);
		exit(c->run(o, argc - n, argv + n));
	}
	fprintf(stderr, "wanzami: unknown command or wrong number of arguments: \"%s\". Try --help.\n", argv[0]);
	exit(2);
}

/* Reads the options in front of a command; --help, --sbom and --licenses end the process. Returns the index of the first argument. */
static int
options_read(int argc, char **argv, struct options *o)
{
	static const struct option	options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ "verbose", no_argument, NULL, 'V' },
		{ "sbom", no_argument, NULL, 's' },
		{ "licenses", no_argument, NULL, 'l' },
		{ "role", required_argument, NULL, 'r' },
		{ "admin-role", required_argument, NULL, 'a' },
		{ "probe", no_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 't' },
		{ "email", required_argument, NULL, 'e' },
		{ "name", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "objects", no_argument, NULL, 'o' },
		{ "mail-to", required_argument, NULL, 'm' },
		{ "libpq", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 }
	};
	int	c;

	while ((c = getopt_long(argc, argv, "fhv", options, NULL)) != -1) {
		switch (c) {
		case 'f':	/* kodev run passes it; the process always stays in the foreground */
			break;
		case 'h':
			help_print(stdout);
			exit(0);
		case 's':
			exit(notices_sbom());
		case 'l':
			exit(notices_licenses());
		case 'v':
			o->version = 1;
			break;
		case 'V':
			o->verbose = 1;
			break;
		case 'p':
			o->probe = 1;
			break;
		case 'r':
			o->role = optarg;
			break;
		case 'a':
			o->admin_role = optarg;
			break;
		case 't':
			o->timeout = optarg;
			break;
		case 'e':
			o->email = optarg;
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'j':
			o->json = 1;
			break;
		case 'o':
			o->objects = 1;
			break;
		case 'm':
			o->mail_to = optarg;
			break;
		case 'q':
			o->libpq = 1;
			break;
		default:
			exit(2);
		}
	}

	return (optind);
}

void
cli_run(int argc, char **argv)
{
	struct options	o = { 0 };
	int		first = options_read(argc, argv, &o);

	argc -= first;
	argv += first;
	if (o.version)
		exit(version_print(o.verbose));
	if (o.probe && argc <= 1)
		exit(probe_command(argc == 1 ? argv[0] : NULL, o.timeout));
	if (o.role != NULL && !(argc >= 1 && !strcmp(argv[0], "admin")))
		setenv("ROLE", o.role, 1);
	if (argc > 0)
		command_run(&o, argc, argv);
}
