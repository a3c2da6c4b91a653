/*
 * Counts and logs workers that die, and writes Kore's own log lines in our
 * format.
 */
#include <sys/wait.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <kore/kore.h>

#include "base/activity.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/role.h"
#include "kore/stack.h"
#include "kore/supervise.h"
#include "kore/watch.h"

/* A line of Kore that is no news: WORKERS is as it was set, and the transcode worker is one more. */
#define MORE_WORKERS	"more worker processes than cpu cores"

pid_t	__real_waitpid(pid_t, int *, int);
pid_t	__wrap_waitpid(pid_t, int *, int);
void	__wrap_kore_log(int, const char *, ...) __attribute__((format(printf, 2, 3)));

/* Set from the death of a worker until Kore, in the parent, has started another. */
static int		replacing = 0;
static long long	kills = -1;	/* of processes for lack of memory, as counted at the last death of a worker */

void
supervise_init(void)
{
	kills = memory_kills();
}

static const char *
signal_name(int sig, char *other, size_t len)
{
	static const struct {
		int		number;
		const char	*name;
	} names[] = {
		{ SIGABRT, "SIGABRT" }, { SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" }, { SIGILL, "SIGILL" }, { SIGKILL, "SIGKILL" },
		{ SIGSEGV, "SIGSEGV" }, { SIGSYS, "SIGSYS" }, { SIGTERM, "SIGTERM" }, { SIGTRAP, "SIGTRAP" },
	};
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (names[i].number == sig)
			return (names[i].name);
	}
	snprintf(other, len, "signal %d", sig);

	return (other);
}

/* Returns 1 if the kernel has killed a process for lack of memory since the last call, and this worker was killed. */
static int
memory_killed(int status)
{
	long long	before = kills;

	kills = memory_kills();

	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && kills > before);
}

/* Returns the memory limit in MB, INT64_MIN without one. */
static int64_t
memory_megabytes(void)
{
	long long	limit = memory_limit();

	return (limit == -1 ? INT64_MIN : limit >> 20);
}

/* Notes for the next worker how this one has ended. */
static void
death_note(const struct kore_worker *kw, int status, int out_of_memory)
{
	char	text[128], other[16];
	int64_t	limit = memory_megabytes();

	if (out_of_memory && limit != INT64_MIN)
		snprintf(text, sizeof(text), "ran out of memory (limit %lld MB) and was killed by the kernel (SIGKILL)", (long long)limit);
	else if (out_of_memory)
		snprintf(text, sizeof(text), "was killed by the kernel (SIGKILL), because the memory of the machine was out");
	else if (watch_stopped_sec(kw->id, kw->pid) > 0)
		snprintf(text, sizeof(text), "hung and was restarted");
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "%s (%s)", WTERMSIG(status) == SIGKILL ? "was killed" : "crashed",
		    signal_name(WTERMSIG(status), other, sizeof(other)));
	else
		snprintf(text, sizeof(text), "exited with status %d", WEXITSTATUS(status));
	activity_death(kw->id, text, out_of_memory);
}

static void
death_log(const char *message, const struct kore_worker *kw, int status, int out_of_memory)
{
	struct activity	doing = activity_of(kw->id);
	char		route[256], other[16], stack[STACK_MAX * 20];
	int64_t		stopped = watch_stopped_sec(kw->id, kw->pid);

	snprintf(route, sizeof(route), "%s %s", doing.method != NULL ? doing.method : "", doing.path != NULL ? doing.path : "");
	log_event(LOG_LEVEL_ERROR, message, LOG_I("worker", kw->id), LOG_S("kind", role_of_worker(kw->id)), LOG_I("pid", kw->pid),
	    LOG_S("signal", WIFSIGNALED(status) ? signal_name(WTERMSIG(status), other, sizeof(other)) : NULL),
	    LOG_I("status", WIFEXITED(status) ? WEXITSTATUS(status) : INT64_MIN),
	    LOG_S("route", doing.path != NULL ? route : NULL), LOG_I("job", doing.job != 0 ? doing.job : INT64_MIN),
	    LOG_S("cause", out_of_memory ? "out of memory" : NULL), LOG_I("memory_limit_mb", out_of_memory ? memory_megabytes() : INT64_MIN),
	    LOG_I("stopped_sec", stopped > 0 ? stopped : INT64_MIN), LOG_S("stack", watch_stack(kw->id, stack, sizeof(stack))));
}

/* A worker that exits with 0 was told to end. One that is told so before it can listen dies of the signal. */
static void
worker_ended(pid_t pid, int status)
{
	struct kore_worker	*kw;
	u_int8_t		i;
	int			out_of_memory;

	if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	    (kore_quit != KORE_QUIT_NONE && WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGQUIT)))
		return;
	out_of_memory = memory_killed(status);
	for (i = 0; i < worker_count; i++) {
		if ((kw = kore_worker_data(i))->pid != pid)
			continue;
		if (kore_quit != KORE_QUIT_NONE) {
			death_log("worker died during shutdown", kw, status, out_of_memory);
			return;
		}
		replacing = 1;
		counter_add(COUNTER_WORKER_RESTARTS, 1);
		death_log("worker died; another is started", kw, status, out_of_memory);
		death_note(kw, status, out_of_memory);
		return;
	}
}

/* Kore waits for its workers only, in the parent; it asks again when it has started another. */
pid_t
__wrap_waitpid(pid_t which, int *status, int options)
{
	pid_t	pid;

	replacing = 0;
	pid = __real_waitpid(which, status, options);
	if (pid > 0 && worker == NULL)
		worker_ended(pid, *status);

	return (pid);
}

/* Kore's own lines, as of a bad bind address. It has several for a worker that dies, which has been logged by then. */
void
__wrap_kore_log(int prio, const char *fmt, ...)
{
	char		text[1024];
	va_list		args;
	enum log_level	level;

	if ((replacing && worker == NULL && prio == LOG_NOTICE) || !strcmp(fmt, MORE_WORKERS))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	if (prio <= LOG_ERR)
		level = LOG_LEVEL_ERROR;
	else if (prio <= LOG_NOTICE)
		level = LOG_LEVEL_WARN;
	else
		level = LOG_LEVEL_INFO;
	log_event(level, text, LOG_S("from", "kore"));
}
