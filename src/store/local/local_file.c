/*
 * Atomic, durable writes: a file is written to tmp/, synced, and renamed to its
 * place, so that readers see the whole file or none, also after a power failure.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/random.h"
#include "store/local/local_file.h"

#define LEFTOVER_SEC	86400

static char		root[LOCALFILE_ROOT_MAX] = "";

static int
dir_make(const char *path)
{
	return (mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* Deletes files in tmp/ that killed processes left there more than a day ago. */
static void
leftovers_remove(const char *folder)
{
	char		path[LOCALFILE_PATH_MAX + 256];
	struct dirent	*e;
	struct stat	st;
	DIR		*dir;

	if ((dir = opendir(folder)) == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%.255s", folder, e->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < time(NULL) - LEFTOVER_SEC)
			(void)unlink(path);
	}
	(void)closedir(dir);
}

const char *
localfile_configure(void)
{
	static const char	*folders[] = { "", "/" LOCALFILE_OBJECTS, "/" LOCALFILE_PARTS, "/" LOCALFILE_TMP };
	static char		error[LOCALFILE_PATH_MAX + 128];
	char			path[LOCALFILE_PATH_MAX];
	size_t			i;

	if (strlen(conf_str(CONF_MEDIA_DIR)) >= sizeof(root) - 1)
		return ("MEDIA_DIR is too long; allowed are 1022 bytes");
	snprintf(root, sizeof(root), "%s", conf_str(CONF_MEDIA_DIR));
	while (strlen(root) > 1 && root[strlen(root) - 1] == '/')
		root[strlen(root) - 1] = '\0';
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		if (!dir_make(path) || access(path, R_OK | W_OK | X_OK) != 0) {
			snprintf(error, sizeof(error), "MEDIA_DIR is not usable: cannot create or access %s: %s", path, strerror(errno));
			return (error);
		}
	}
	snprintf(path, sizeof(path), "%s/tmp", root);
	leftovers_remove(path);

	return (NULL);
}

int
localfile_ready(void)
{
	return (*root != '\0');
}

enum objects_result
localfile_failed(struct objects_call *call, const char *what)
{
	enum objects_result	result = OBJECTS_LATER;

	call->no_space = errno == ENOSPC || errno == EDQUOT;
	if (errno == ENOENT || errno == ENOTDIR)
		result = OBJECTS_MISSING;
	else if (errno == EISDIR || errno == ENAMETOOLONG || errno == EACCES || errno == EROFS || errno == EEXIST || errno == ENOTEMPTY)
		result = OBJECTS_REFUSED;

	return (objects_fail(call, result, "%s: %s", what, strerror(errno)));
}

size_t
localfile_path(char path[LOCALFILE_PATH_MAX], const char *folder, const char *name)
{
	snprintf(path, LOCALFILE_PATH_MAX, "%s/%s/%s", root, folder, name);

	return (strlen(root) + strlen(folder) + 2);
}

void
localfile_tmp(char path[LOCALFILE_PATH_MAX])
{
	char	name[LOCALFILE_NAME + 1];

	random_hex(name, LOCALFILE_NAME / 2);
	(void)localfile_path(path, LOCALFILE_TMP, name);
}

void
localfile_etag(char etag[OBJECTS_ETAG_MAX], const struct stat *st)
{
	snprintf(etag, OBJECTS_ETAG_MAX, "\"%llx-%llx-%llx\"", (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
	    (unsigned long long)st->st_mtim.tv_sec * 1000000000ULL + (unsigned long long)st->st_mtim.tv_nsec);
}

/* Syncs a directory, so that created, renamed and deleted names are durable. */
static int
dir_sync(const char *path)
{
	int	fd, ok;

	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (0);
	ok = fsync(fd) == 0;
	(void)close(fd);

	return (ok);
}

int
localfile_sync_parent(const char *path)
{
	char	parent[LOCALFILE_PATH_MAX];

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);

	return (dir_sync(parent));
}

/* Creates the missing directories of an object, whose key begins at base. */
static int
parents_make(const char *path, size_t base)
{
	char	dir[LOCALFILE_PATH_MAX];
	char	*slash;

	snprintf(dir, sizeof(dir), "%s", path);
	for (slash = strchr(dir + base, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0755) == 0)
			(void)localfile_sync_parent(dir);
		else if (errno != EEXIST)
			return (0);
		*slash = '/';
	}

	return (1);
}

/* Gives the file its place only if there is none yet, in one step. Returns 0 with EEXIST if there is. */
static int
file_create(const char *tmp, const char *path)
{
	struct stat	st;

	if (link(tmp, path) == 0)
		return (1);
	/* A file system without hard links: two clients at the same moment may both succeed. */
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return (0);
	if (stat(path, &st) == 0) {
		errno = EEXIST;
		return (0);
	}

	return (rename(tmp, path) == 0);
}

static int
is_file(const char *path)
{
	struct stat	st;

	return (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

static enum objects_result
object_place(const char *tmp, const char *key, struct objects_call *call)
{
	char	path[LOCALFILE_PATH_MAX];
	size_t	base = localfile_path(path, LOCALFILE_OBJECTS, key);
	int	try, ok = 0;

	for (try = 0; !ok && try < LOCALFILE_TRIES; try++) {
		ok = parents_make(path, base) && (call->create ? file_create(tmp, path) : rename(tmp, path) == 0);
		if (!ok && errno != ENOENT)
			break;
	}
	if (!ok && call->create && errno == EEXIST && is_file(path))
		return (objects_fail(call, OBJECTS_CHANGED, "the object exists"));
	/* Two keys conflict if one is a folder of the other: "a" and "a/b". */
	if (!ok && (errno == ENOTDIR || errno == EISDIR || errno == EEXIST))
		return (objects_fail(call, OBJECTS_REFUSED, "the key conflicts with another object: one key is a folder of the other"));
	if (!ok)
		return (localfile_failed(call, "cannot rename the file to its object"));
	/* rename(2) does nothing if both names are links to the same file. */
	(void)unlink(tmp);
	if (!localfile_sync_parent(path))
		return (localfile_failed(call, "cannot sync the object's directory"));

	return (OBJECTS_OK);
}

enum objects_result
localfile_place(const char *tmp, const char *key, struct objects_call *call)
{
	return (localfile_done(tmp, object_place(tmp, key, call)));
}

enum objects_result
localfile_done(const char *path, enum objects_result result)
{
	if (result != OBJECTS_OK)
		(void)unlink(path);

	return (result);
}

enum objects_result
localfile_sync(int fd, char *etag, struct objects_call *call)
{
	struct stat	st;

	if (fsync(fd) != 0 || fstat(fd, &st) != 0)
		return (localfile_failed(call, "cannot sync a file"));
	localfile_etag(etag, &st);

	return (OBJECTS_OK);
}

enum objects_result
localfile_write(const char *path, const void *data, size_t len, char *etag, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_OK;
	const char		*p = data;
	ssize_t			n;
	int			fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) == -1)
		return (localfile_failed(call, "cannot create a file"));
	while (len > 0 && result == OBJECTS_OK) {
		if ((n = write(fd, p, len)) >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno != EINTR) {
			result = localfile_failed(call, "cannot write a file");
		}
	}
	if (result == OBJECTS_OK)
		result = localfile_sync(fd, etag, call);
	(void)close(fd);

	return (localfile_done(path, result));
}
