/*
 * Objects in a local directory; local_objects.h describes its files.
 *
 * An ETag consists of a file's inode, size and time of modification: a rename
 * keeps it, and computing it reads no data.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "store/local/local_file.h"
#include "store/local/local_upload.h"
#include "store/local/local_url.h"
#include "store/objects_backend.h"
#include "store/local/local_objects.h"

static const char *
configure(void)
{
	const char	*error = localfile_configure();

	localurl_init();

	return (error);
}

int
local_enabled(void)
{
	return (localfile_ready());
}

int
local_open(const char *key, struct objects_stat *stat)
{
	char		path[LOCALFILE_PATH_MAX];
	struct stat	st;
	int		fd;

	(void)localfile_path(path, LOCALFILE_OBJECTS, key);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return (-1);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		errno = ENOENT;
		return (-1);
	}
	stat->size = (uint64_t)st.st_size;
	localfile_etag(stat->etag, &st);

	return (fd);
}

static enum objects_result
local_head(const char *key, struct objects_stat *stat, struct objects_call *call)
{
	int	fd;

	if ((fd = local_open(key, stat)) == -1)
		return (localfile_failed(call, "cannot open the object"));
	(void)close(fd);

	return (OBJECTS_OK);
}

static enum objects_result
local_read(const char *key, const char *etag, uint64_t offset, void *buf, size_t len, size_t *got, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_OK;
	struct objects_stat	stat;
	ssize_t			n;
	int			fd;

	if ((fd = local_open(key, &stat)) == -1)
		return (localfile_failed(call, "cannot open the object"));
	if (etag != NULL && !objects_etag_same(etag, stat.etag))
		result = objects_fail(call, OBJECTS_CHANGED, "the object has been replaced: its ETag has changed");
	while (result == OBJECTS_OK && *got < len) {
		if ((n = pread(fd, (char *)buf + *got, len - *got, (off_t)(offset + *got))) > 0)
			*got += (size_t)n;
		else if (n == 0)
			break;
		else if (errno != EINTR)
			result = localfile_failed(call, "cannot read the object");
	}
	(void)close(fd);

	return (result);
}

static enum objects_result
local_put(const char *key, const char *type, const void *data, size_t len, char *etag, struct objects_call *call)
{
	char			tmp[LOCALFILE_PATH_MAX];
	enum objects_result	result;

	(void)type;
	localfile_tmp(tmp);
	result = localfile_write(tmp, data, len, etag, call);

	return (result == OBJECTS_OK ? localfile_place(tmp, key, call) : result);
}

static enum objects_result
local_delete(const char *key, struct objects_call *call)
{
	char	path[LOCALFILE_PATH_MAX];
	size_t	base = localfile_path(path, LOCALFILE_OBJECTS, key);
	char	*slash;

	if (unlink(path) != 0)
		return (errno == ENOENT || errno == ENOTDIR || errno == EISDIR ? OBJECTS_OK : localfile_failed(call, "cannot delete the object"));
	(void)localfile_sync_parent(path);
	/* Delete the directories that are now empty. */
	while ((slash = strrchr(path + base, '/')) != NULL) {
		*slash = '\0';
		if (rmdir(path) != 0)
			break;
	}

	return (OBJECTS_OK);
}

/* State of a walk over the objects. */
struct walk {
	const char		*prefix;
	int			(*each)(void *, const char *, uint64_t);
	void			*ctx;
	struct objects_call	*call;
	char			path[LOCALFILE_PATH_MAX + 256];
	size_t			base;	/* offset of the key in path */
};

/* Returns 1 if a key at or below this path can have the prefix. */
static int
walk_matches(const struct walk *w)
{
	const char	*key = w->path + w->base;
	size_t		n = strlen(key), p = strlen(w->prefix);

	return (!strncmp(key, w->prefix, n < p ? n : p));
}

/* Calls each for the objects in the directory at w->path, whose length is len. Returns non-zero to stop. */
static int
walk_dir(struct walk *w, size_t len)
{
	struct dirent	*e;
	struct stat	st;
	DIR		*d;
	int		stop = 0;

	if ((d = opendir(w->path)) == NULL)
		return (0);
	while (!stop && (e = readdir(d)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || len + strlen(e->d_name) + 2 > LOCALFILE_PATH_MAX)
			continue;
		snprintf(w->path + len, sizeof(w->path) - len, "/%s", e->d_name);
		if (objects_canceled(w->call)) {
			(void)objects_fail(w->call, OBJECTS_CANCELED, "canceled");
			stop = 1;
		} else if (walk_matches(w) && lstat(w->path, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				stop = walk_dir(w, strlen(w->path));
			else if (S_ISREG(st.st_mode) && !strncmp(w->path + w->base, w->prefix, strlen(w->prefix)))
				stop = w->each(w->ctx, w->path + w->base, (uint64_t)st.st_size);
		}
		w->path[len] = '\0';
	}
	(void)closedir(d);

	return (stop);
}

static enum objects_result
local_list(const char *prefix, int (*each)(void *, const char *, uint64_t), void *ctx, struct objects_call *call)
{
	struct walk	w = { .prefix = prefix, .each = each, .ctx = ctx, .call = call };

	w.base = localfile_path(w.path, LOCALFILE_OBJECTS, "");
	w.path[w.base - 1] = '\0';
	(void)walk_dir(&w, strlen(w.path));

	return (*call->error != '\0' ? OBJECTS_CANCELED : OBJECTS_OK);
}

static enum objects_result
local_probe(struct objects_call *call)
{
	char	path[LOCALFILE_PATH_MAX];

	(void)localfile_path(path, LOCALFILE_OBJECTS, "");

	return (access(path, R_OK | W_OK | X_OK) == 0 ? OBJECTS_OK : localfile_failed(call, "MEDIA_DIR/objects is not usable"));
}

/* Writes the path of the file that local_receive() created for name. */
static void
received_path(char path[LOCALFILE_PATH_MAX], const char *name)
{
	(void)localfile_path(path, LOCALFILE_TMP, strrchr(name, '.') + 1);
}

int
local_receive(char *name)
{
	static const char	letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
	unsigned char		bytes[6];
	char			path[LOCALFILE_PATH_MAX];
	size_t			i, len = strlen(name);
	int			try, fd = -1;

	for (try = 0; fd == -1 && try < LOCALFILE_TRIES; try++) {
		if (!localfile_ready())
			break;
		random_bytes(bytes, sizeof(bytes));
		for (i = 0; i < sizeof(bytes); i++)
			name[len - sizeof(bytes) + i] = letters[bytes[i] % 64];
		received_path(path, name);
		if ((fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) == -1 && errno != EEXIST)
			break;
	}

	return (fd);
}

int
local_forget(const char *name)
{
	char	path[LOCALFILE_PATH_MAX];

	received_path(path, name);

	return (unlink(path));
}

enum objects_result
local_accept(const char *name, int fd, const char *key, const char *upload, int number, char etag[OBJECTS_ETAG_MAX],
    struct objects_call *call)
{
	char		path[LOCALFILE_PATH_MAX];
	struct stat	st;

	*call->error = '\0';
	call->no_space = 0;
	received_path(path, name);
	if (fsync(fd) != 0 || fstat(fd, &st) != 0)
		return (localfile_failed(call, "cannot sync the received file"));
	localfile_etag(etag, &st);

	return (upload != NULL ? localupload_place(path, key, upload, number, call) : localfile_place(path, key, call));
}

static const char *
bucket_name(void)
{
	return ("local");
}

const struct objects_backend	objects_local = {
	.chosen_by = CONF_MEDIA_DIR, .keys_are_paths = 1, .configure = configure, .bucket = bucket_name,
	.head = local_head,
	.read = local_read,
	.put = local_put,
	.begin = localupload_begin,
	.part = localupload_part,
	.complete = localupload_complete,
	.abort = localupload_abort,
	.upload = localupload_find,
	.parts = localupload_parts,
	.delete = local_delete,
	.list = local_list,
	.probe = local_probe,
	.presign = localurl_presign,
	.url = localurl_plain,
};
