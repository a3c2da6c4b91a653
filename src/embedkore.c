/*
 * Kore looks functions up with dlsym and writes its configuration to a
 * temporary file; a static binary in an empty root has neither. This file
 * gives it a table of names and memory files instead, and sees to it that a
 * signal to end is not forgotten.
 */
#include <sys/mman.h>
#include <sys/shm.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <kore/kore.h>

#include "base/log.h"
#include "embedkore.h"
#include "store/objects_local.h"

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

/* Kore's own lines: a worker that dies and is restarted, a bad bind address. */
void
__wrap_kore_log(int prio, const char *fmt, ...)
{
	char		text[1024];
	va_list		args;
	enum log_level	level;

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
