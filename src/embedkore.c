/*
 * Kore looks functions up with dlsym and writes its configuration to a
 * temporary file; a static binary in an empty root has neither. This file
 * gives it a table of names and memory files instead, sees to it that a
 * signal to end is not forgotten, and counts and logs workers that die.
 */
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <kore/kore.h>

#include "base/activity.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/role.h"
#include "embedkore.h"
#include "store/local/local_objects.h"

/* A path that begins so is a memory file: KORE_TMPDIR of our build of Kore, and pidfile in kore.conf. */
#define MEMORY_MARKER	"memfd:"

int	__real_mkstemp(char *);
int	__wrap_mkstemp(char *);
FILE	*__real_fopen(const char *, const char *);
FILE	*__wrap_fopen(const char *, const char *);
int	__real_unlink(const char *);
int	__wrap_unlink(const char *);
int	__wrap_shmget(key_t, size_t, int);
void	*__wrap_shmat(int, const void *, int);
int	__wrap_shmctl(int, int, struct shmid_ds *);
int	__real_sigaction(int, const struct sigaction *, struct sigaction *);
int	__wrap_sigaction(int, const struct sigaction *, struct sigaction *);
pid_t	__real_waitpid(pid_t, int *, int);
pid_t	__wrap_waitpid(pid_t, int *, int);
void	__wrap_kore_log(int, const char *, ...) __attribute__((format(printf, 2, 3)));

extern struct kore_module_functions	kore_native_module;
extern const struct kore_symbol		__start_kore_symbols[], __stop_kore_symbols[];

static void
symbols_load(struct kore_module *module)
{
	(void)module;
}

static void
symbols_free(struct kore_module *module)
{
	kore_free(module);
}

static void *
symbols_get(struct kore_module *module, const char *name)
{
	const struct kore_symbol	*s;

	(void)module;
	for (s = __start_kore_symbols; s < __stop_kore_symbols; s++) {
		if (!strcmp(s->name, name))
			return (s->address);
	}

	return (NULL);
}

__attribute__((constructor))
static void
symbols_install(void)
{
	kore_native_module.load = symbols_load;
	kore_native_module.reload = symbols_load;
	kore_native_module.free = symbols_free;
	kore_native_module.getsym = symbols_get;
}

/* A body that Kore writes to disk, for the local store. */
static int
is_received(const char *path)
{
	return (!strncmp(path, LOCAL_RECEIVED, sizeof(LOCAL_RECEIVED) - 1));
}

static int
is_memory(const char *path)
{
	return (!strncmp(path, MEMORY_MARKER, sizeof(MEMORY_MARKER) - 1));
}

int
__wrap_mkstemp(char *path)
{
	if (is_memory(path))
		return (memfd_create(path, MFD_CLOEXEC));
	if (is_received(path))
		return (local_receive(path));

	return (__real_mkstemp(path));
}

FILE *
__wrap_fopen(const char *path, const char *mode)
{
	FILE	*fp;
	int	fd;

	if (!is_memory(path))
		return (__real_fopen(path, mode));
	if ((fd = memfd_create(path, MFD_CLOEXEC)) == -1)
		return (NULL);
	if ((fp = fdopen(fd, mode)) == NULL)
		close(fd);

	return (fp);
}

int
__wrap_unlink(const char *path)
{
	if (is_received(path))
		return (local_forget(path));

	return (is_memory(path) ? 0 : __real_unlink(path));
}

/*
 * What Kore's processes share is one segment of System V's shared memory,
 * which outlives a process that is killed; there are only so many in a
 * machine. Anonymous memory goes with the last who has it.
 */
static size_t	shared_size;

int
__wrap_shmget(key_t key, size_t size, int flags)
{
	(void)key;
	(void)flags;
	shared_size = size;

	return (0);
}

void *
__wrap_shmat(int id, const void *address, int flags)
{
	(void)id;
	(void)address;
	(void)flags;

	return (mmap(NULL, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

int
__wrap_shmctl(int id, int command, struct shmid_ds *buf)
{
	(void)id;
	(void)command;
	(void)buf;

	return (0);
}

/*
 * Kore remembers the last signal only. When a worker ends at the moment at
 * which we are asked to, as when both are sent the signal, the worker's end
 * would be all that it remembers, and the parent wait for ever. And it looks
 * for signals before it waits for events: one in between is noticed when
 * something else happens, so the parent is reminded.
 */
static void
signal_note(int sig)
{
	static volatile sig_atomic_t	asked = 0;

	if (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT)
		asked = sig;
	sig_recv = asked != 0 ? asked : sig;
	if (asked != 0 && worker == NULL)
		(void)alarm(1);
}

int
__wrap_sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
	struct sigaction	ours;

	if (new == NULL || new->sa_handler != kore_signal)
		return (__real_sigaction(sig, new, old));
	ours = *new;
	ours.sa_handler = signal_note;
	(void)__real_sigaction(SIGALRM, &ours, NULL);

	return (__real_sigaction(sig, &ours, old));
}

/* Set from the death of a worker until Kore, in the parent, has started another. */
static int	replacing = 0;

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

static void
death_log(const char *message, const struct kore_worker *kw, int status)
{
	struct activity	doing = activity_of(kw->id);
	char		route[256], other[16];

	snprintf(route, sizeof(route), "%s %s", doing.method != NULL ? doing.method : "", doing.path != NULL ? doing.path : "");
	log_event(LOG_LEVEL_ERROR, message, LOG_I("worker", kw->id), LOG_S("kind", role_of_worker(kw->id)), LOG_I("pid", kw->pid),
	    LOG_S("signal", WIFSIGNALED(status) ? signal_name(WTERMSIG(status), other, sizeof(other)) : NULL),
	    LOG_I("status", WIFEXITED(status) ? WEXITSTATUS(status) : INT64_MIN),
	    LOG_S("route", doing.path != NULL ? route : NULL), LOG_I("job", doing.job != 0 ? doing.job : INT64_MIN));
}

/* A worker that exits with 0 was told to end. One that is told so before it can listen dies of the signal. */
static void
worker_ended(pid_t pid, int status)
{
	struct kore_worker	*kw;
	u_int8_t		i;

	if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	    (kore_quit != KORE_QUIT_NONE && WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGQUIT)))
		return;
	for (i = 0; i < worker_count; i++) {
		if ((kw = kore_worker_data(i))->pid != pid)
			continue;
		if (kore_quit != KORE_QUIT_NONE) {
			death_log("worker died during shutdown", kw, status);
			return;
		}
		replacing = 1;
		counter_add(COUNTER_WORKER_RESTARTS, 1);
		death_log("worker died; another is started", kw, status);
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

	if (replacing && worker == NULL && prio == LOG_NOTICE)
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
