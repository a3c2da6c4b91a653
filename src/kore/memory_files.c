/*
 * Kore writes its embedded configuration to a temporary file and its pid to
 * another. The image has no directory to write to (build/wraps).
 */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kore/memory_files.h"

/* A path that begins so is a memory file: KORE_TMPDIR of our build of Kore, and pidfile in kore.conf. */
#define MEMORY_MARKER	"memfd:"

int	__real_mkstemp(char *);
int	__wrap_mkstemp(char *);
FILE	*__real_fopen(const char *, const char *);
FILE	*__wrap_fopen(const char *, const char *);
int	__real_unlink(const char *);
int	__wrap_unlink(const char *);

static struct {
	const char	*prefix;
	int		(*create)(char *);
	int		(*remove)(const char *);
} hook;

void
memory_files_hook(const char *prefix, int (*create)(char *), int (*remove)(const char *))
{
	hook.prefix = prefix;
	hook.create = create;
	hook.remove = remove;
}

static int
is_hooked(const char *path)
{
	return (hook.prefix != NULL && !strncmp(path, hook.prefix, strlen(hook.prefix)));
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
	if (is_hooked(path))
		return (hook.create(path));

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
	if (is_hooked(path))
		return (hook.remove(path));

	return (is_memory(path) ? 0 : __real_unlink(path));
}
