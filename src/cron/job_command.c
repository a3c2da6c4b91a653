/*
 * The commands `wanzami job list` and `wanzami job run`.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf.h"
#include "base/cron_expr.h"
#include "cron/job_command.h"
#include "cron/cron_run.h"
#include "store/pg_sync.h"

#define LIST_TIMEOUT_MS	15000

static struct job_run	*current;

static void
stop(int signo)
{
	(void)signo;
	run_stop(current);
}

static int
usage(void)
{
	fprintf(stderr, "wanzami: usage: wanzami job list | wanzami job run NAME [ARGUMENT]\n");

	return (2);
}

static int
run_now(const struct job *job, char *const *arguments)
{
	static const int	status[] = { [RUN_OK] = 0, [RUN_FAILED] = 1, [RUN_LOST] = 1, [RUN_RETURNED] = 1, [RUN_BUSY] = 3 };
	struct sigaction	action = { .sa_handler = stop };
	enum run_end		end;

	run_name_process();
	current = run_make(job, 0, arguments);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	end = run_perform(current);
	if (end == RUN_BUSY)
		fprintf(stderr, "wanzami: %s is already running\n", job->name);

	return (status[end]);
}

/* Prints name, schedule and next time of a job. last is the last scheduled time that was claimed. */
static void
next_print(const struct job *job, int64_t last)
{
	struct cron	cron;
	struct zone	zone;
	struct tm	tm;
	char		text[32] = "never";
	int64_t		next;
	time_t		at, now = time(NULL);

	if (cron_parse(&cron, conf_str(job->cron)) == NULL && zone_parse(&zone, conf_str(CONF_CRON_TZ)) &&
	    (next = cron_next(&cron, &zone, last > 0 ? last : now)) != CRON_NEVER) {
		at = next;
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime_r(&at, &tm));
		if (next <= now)
			snprintf(text, sizeof(text), "now");
	}
	printf("%-16s  %-16s  %-19s", job->name, conf_str(job->cron), text);
}

static int
list(void)
{
	struct pg_sync			db = { 0 };
	size_t				count;
	const struct job *const		*all = job_all(&count);
	char				*names = job_names(all, count);
	const char			*params[] = { names };
	const PGresult			*rows = NULL;
	int				i;

	if (pg_sync_open(&db, conf_str(CONF_DATABASE_URL), LIST_TIMEOUT_MS))
		rows = pg_sync_query(&db, "jobs/list", 1, params);
	free(names);
	if (rows == NULL) {
		fprintf(stderr, "wanzami: cannot list the cron jobs: %s\n", db.error);
		pg_sync_close(&db);
		return (1);
	}
	printf("%-16s  %-16s  %-19s  %-19s  %-8s  %8s  %s\n", "job", "schedule", "next run (UTC)", "last run (UTC)", "outcome", "seconds", "description");
	for (i = 0; i < PQntuples(rows); i++) {
		next_print(job_find(PQgetvalue(rows, i, 0)), atoll(PQgetvalue(rows, i, 1)));
		printf("  %-19s  %-8s  %8s  %s\n", PQgetvalue(rows, i, 2), PQgetvalue(rows, i, 3), PQgetvalue(rows, i, 4),
		    job_find(PQgetvalue(rows, i, 0))->help);
	}
	pg_sync_close(&db);

	return (0);
}

int
job_command(int argc, char **argv)
{
	const struct job	*job;

	if (argc == 1 && !strcmp(argv[0], "list"))
		return (list());
	if (argc < 2 || strcmp(argv[0], "run"))
		return (usage());
	if ((job = job_find(argv[1])) == NULL) {
		fprintf(stderr, "wanzami: unknown cron job \"%s\"; run `wanzami job list` for the names\n", argv[1]);
		return (2);
	}
	if (argc > 2 && job->arguments == NULL) {
		fprintf(stderr, "wanzami: %s takes no argument\n", job->name);
		return (2);
	}

	return (run_now(job, argv + 2));
}
