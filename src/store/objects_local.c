/*
 * Objects in a local directory:
 *
 *	objects/<key>			what is there for everybody
 *	parts/<upload>/key		the key of a multipart upload
 *	parts/<upload>/<number>		its parts
 *	tmp/				what is being written; old things in it are leftovers of a crash
 *
 * A file gets its place by rename(2) after it is on the disk, so that whoever
 * looks sees all of it or nothing, whenever the power fails. An etag is made
 * of inode, size and time of change of the file: it survives the rename and no
 * byte needs to be read for it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "store/localurl.h"
#include "store/objects_backend.h"
#include "store/objects_local.h"

#define ROOT_MAX	1024
#define PATH_BYTES	(ROOT_MAX + OBJECTS_KEY_MAX + 64)
#define COPY_BYTES	(8u << 20)
#define LEFTOVER_SEC	86400
#define TRIES		8	/* against somebody who removes the empty directories that we have just made */
#define NAME_HEX	32

static char		root[ROOT_MAX] = "";

static int
dir_make(const char *path)
{
	return (mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* Removes what processes that were killed have left behind. */
static void
leftovers_remove(const char *folder)
{
	char		path[PATH_BYTES + 256];
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
objects_local_configure(void)
{
	static const char	*folders[] = { "", "/objects", "/parts", "/tmp" };
	static char		error[PATH_BYTES + 128];
	char			path[PATH_BYTES];
	size_t			i;

	if (strlen(conf_str(CONF_MEDIA_DIR)) >= sizeof(root) - 1)
		return ("MEDIA_DIR is too long; allowed are 1022 bytes");
	snprintf(root, sizeof(root), "%s", conf_str(CONF_MEDIA_DIR));
	while (strlen(root) > 1 && root[strlen(root) - 1] == '/')
		root[strlen(root) - 1] = '\0';
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		if (!dir_make(path) || access(path, R_OK | W_OK | X_OK) != 0) {
			snprintf(error, sizeof(error), "MEDIA_DIR cannot be used: %s: %s", path, strerror(errno));
			return (error);
		}
	}
	snprintf(path, sizeof(path), "%s/tmp", root);
	leftovers_remove(path);
	localurl_init();

	return (NULL);
}

int
local_enabled(void)
{
	return (*root != '\0');
}

/* What errno says about a file, as a result. */
static enum objects_result
failed(struct objects_call *call, const char *what)
{
	enum objects_result	result = OBJECTS_LATER;

	if (errno == ENOENT || errno == ENOTDIR)
		result = OBJECTS_MISSING;
	else if (errno == EISDIR || errno == ENAMETOOLONG || errno == EACCES || errno == EROFS || errno == EEXIST || errno == ENOTEMPTY)
		result = OBJECTS_REFUSED;

	return (objects_fail(call, result, "%s: %s", what, strerror(errno)));
}

static void
object_path(char path[PATH_BYTES], const char *key)
{
	snprintf(path, PATH_BYTES, "%s/objects/%s", root, key);
}

static void
name_random(char out[NAME_HEX + 1])
{
	unsigned char	bytes[NAME_HEX / 2] = { 0 };
	size_t		i;

	(void)getrandom(bytes, sizeof(bytes), 0);
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void
tmp_path(char path[PATH_BYTES])
{
	char	name[NAME_HEX + 1];

	name_random(name);
	snprintf(path, PATH_BYTES, "%s/tmp/%s", root, name);
}

static void
etag_make(char etag[OBJECTS_ETAG_MAX], const struct stat *st)
{
	snprintf(etag, OBJECTS_ETAG_MAX, "\"%llx-%llx-%llx\"", (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
	    (unsigned long long)st->st_mtim.tv_sec * 1000000000ULL + (unsigned long long)st->st_mtim.tv_nsec);
}

int
local_open(const char *key, struct objects_stat *stat)
{
	char		path[PATH_BYTES];
	struct stat	st;
	int		fd;

	object_path(path, key);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return (-1);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		errno = ENOENT;
		return (-1);
	}
	stat->size = (uint64_t)st.st_size;
	etag_make(stat->etag, &st);

	return (fd);
}

static enum objects_result
local_head(const char *key, struct objects_stat *stat, struct objects_call *call)
{
	int	fd;

	if ((fd = local_open(key, stat)) == -1)
		return (failed(call, "the object cannot be opened"));
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
		return (failed(call, "the object cannot be opened"));
	if (etag != NULL && !objects_etag_same(etag, stat.etag))
		result = objects_fail(call, OBJECTS_CHANGED, "the object has been replaced");
	while (result == OBJECTS_OK && *got < len) {
		if ((n = pread(fd, (char *)buf + *got, len - *got, (off_t)(offset + *got))) > 0)
			*got += (size_t)n;
		else if (n == 0)
			break;
		else if (errno != EINTR)
			result = failed(call, "the object cannot be read");
	}
	(void)close(fd);

	return (result);
}

/* Makes a change of names in a directory last. */
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

/* Syncs the directory that a path is in. */
static int
parent_sync(const char *path)
{
	char	parent[PATH_BYTES];

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);

	return (dir_sync(parent));
}

/* Makes the directories of an object that are not there. */
static int
parents_make(const char *path)
{
	char	dir[PATH_BYTES];
	size_t	base = strlen(root) + strlen("/objects/");
	char	*slash;

	snprintf(dir, sizeof(dir), "%s", path);
	for (slash = strchr(dir + base, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0755) == 0)
			(void)parent_sync(dir);
		else if (errno != EEXIST)
			return (0);
		*slash = '/';
	}

	return (1);
}

/* Gives a finished file its place as an object. */
static enum objects_result
object_place(const char *tmp, const char *key, struct objects_call *call)
{
	char	path[PATH_BYTES];
	int	try, ok = 0;

	object_path(path, key);
	for (try = 0; !ok && try < TRIES; try++) {
		ok = parents_make(path) && rename(tmp, path) == 0;
		if (!ok && errno != ENOENT)
			break;
	}
	/* A key in the way: "a" is an object where "a/b" would want a directory, or the other way round. */
	if (!ok && (errno == ENOTDIR || errno == EISDIR || errno == EEXIST))
		return (objects_fail(call, OBJECTS_REFUSED, "another key is in the way of this one"));
	if (!ok)
		return (failed(call, "the object cannot be put in its place"));
	/* Two names of one file are left as they are by rename. */
	(void)unlink(tmp);
	if (!parent_sync(path))
		return (failed(call, "the object's directory cannot be synced"));

	return (OBJECTS_OK);
}

static void
upload_path(char path[PATH_BYTES], const char *upload, const char *name)
{
	snprintf(path, PATH_BYTES, "%s/parts/%s%s%s", root, upload, *name != '\0' ? "/" : "", name);
}

/* Whether there is an upload of that id for that key. */
static enum objects_result
upload_check(const char *key, const char *upload, struct objects_call *call)
{
	char	path[PATH_BYTES], text[OBJECTS_KEY_MAX + 1];
	ssize_t	n = -1;
	int	fd;

	if (strlen(upload) == NAME_HEX && strspn(upload, "0123456789abcdef") == NAME_HEX) {
		upload_path(path, upload, "key");
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) != -1) {
			n = read(fd, text, sizeof(text));
			(void)close(fd);
		}
	}
	if (n < 0 || (size_t)n != strlen(key) || memcmp(text, key, (size_t)n))
		return (objects_fail(call, OBJECTS_MISSING, "there is no such upload"));

	return (OBJECTS_OK);
}

static enum objects_result
part_place(const char *tmp, const char *key, const char *upload, int number, struct objects_call *call)
{
	char			path[PATH_BYTES], name[16];
	enum objects_result	result;

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	snprintf(name, sizeof(name), "%05d", number);
	upload_path(path, upload, name);
	if (rename(tmp, path) != 0)
		return (failed(call, "the part cannot be put in its place"));
	if (!parent_sync(path))
		return (failed(call, "the part's directory cannot be synced"));

	return (OBJECTS_OK);
}

/* What was written is on the disk; its etag. */
static enum objects_result
file_settle(int fd, char *etag, struct objects_call *call)
{
	struct stat	st;

	if (fsync(fd) != 0 || fstat(fd, &st) != 0)
		return (failed(call, "a file cannot be synced"));
	etag_make(etag, &st);

	return (OBJECTS_OK);
}

/* Writes buffer to a new file at path and syncs it; its etag. */
static enum objects_result
file_write(const char *path, const void *data, size_t len, char *etag, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_OK;
	const char		*p = data;
	ssize_t			n;
	int			fd;

	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) == -1)
		return (failed(call, "a file cannot be made"));
	while (len > 0 && result == OBJECTS_OK) {
		if ((n = write(fd, p, len)) >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno != EINTR) {
			result = failed(call, "a file cannot be written");
		}
	}
	if (result == OBJECTS_OK)
		result = file_settle(fd, etag, call);
	(void)close(fd);
	if (result != OBJECTS_OK)
		(void)unlink(path);

	return (result);
}

/* What is written to tmp is placed as an object or a part, or is gone. */
static enum objects_result
place(const char *tmp, const char *key, const char *upload, int number, struct objects_call *call)
{
	enum objects_result	result;

	result = upload != NULL ? part_place(tmp, key, upload, number, call) : object_place(tmp, key, call);
	if (result != OBJECTS_OK)
		(void)unlink(tmp);

	return (result);
}

static enum objects_result
local_put(const char *key, const char *type, const void *data, size_t len, char *etag, struct objects_call *call)
{
	char			tmp[PATH_BYTES];
	enum objects_result	result;

	(void)type;
	tmp_path(tmp);
	result = file_write(tmp, data, len, etag, call);

	return (result == OBJECTS_OK ? place(tmp, key, NULL, 0, call) : result);
}

static enum objects_result
local_begin(const char *key, const char *type, char *upload, struct objects_call *call)
{
	char			path[PATH_BYTES], etag[OBJECTS_ETAG_MAX];
	enum objects_result	result;

	(void)type;
	name_random(upload);
	upload_path(path, upload, "");
	if (mkdir(path, 0755) != 0)
		return (failed(call, "the upload cannot be made"));
	(void)parent_sync(path);
	upload_path(path, upload, "key");
	result = file_write(path, key, strlen(key), etag, call);
	(void)parent_sync(path);

	return (result);
}

static enum objects_result
local_part(const char *key, const char *upload, int number, const void *data, size_t len, char *etag, struct objects_call *call)
{
	char			tmp[PATH_BYTES];
	enum objects_result	result;

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	tmp_path(tmp);
	result = file_write(tmp, data, len, etag, call);

	return (result == OBJECTS_OK ? place(tmp, key, upload, number, call) : result);
}

/* Opens a part and checks it against what the caller believes it is. */
static int
part_open(const char *upload, const struct objects_part *part, int last, uint64_t *size, struct objects_call *call)
{
	char		path[PATH_BYTES], name[16], etag[OBJECTS_ETAG_MAX];
	struct stat	st;
	int		fd;

	snprintf(name, sizeof(name), "%05d", part->number);
	upload_path(path, upload, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 || fstat(fd, &st) != 0) {
		(void)objects_fail(call, OBJECTS_REFUSED, "InvalidPart: part %d has not been uploaded", part->number);
		return (-1);
	}
	etag_make(etag, &st);
	*size = (uint64_t)st.st_size;
	if (!objects_etag_same(etag, part->etag))
		(void)objects_fail(call, OBJECTS_REFUSED, "InvalidPart: part %d has another etag", part->number);
	else if (!last && *size < OBJECTS_PART_MIN)
		(void)objects_fail(call, OBJECTS_REFUSED, "EntityTooSmall: part %d is smaller than 5 MiB and not the last", part->number);
	else
		return (fd);
	(void)close(fd);

	return (-1);
}

/* Copies with read and write, where the kernel cannot do it by itself. */
static ssize_t
piece_copy(int from, int to, size_t len)
{
	static __thread char	buf[65536];
	ssize_t			n, done, w;

	if ((n = read(from, buf, len < sizeof(buf) ? len : sizeof(buf))) <= 0)
		return (n);
	for (done = 0; done < n; done += w) {
		if ((w = write(to, buf + done, (size_t)(n - done))) < 0)
			return (-1);
	}

	return (n);
}

static enum objects_result
part_append(int from, int to, uint64_t size, struct objects_call *call)
{
	static int	by_kernel = 1;
	uint64_t	left = size;
	ssize_t		n;

	while (left > 0) {
		if (objects_canceled(call))
			return (objects_fail(call, OBJECTS_CANCELED, "canceled"));
		n = -1;
		if (by_kernel && (n = copy_file_range(from, NULL, to, NULL, left < COPY_BYTES ? (size_t)left : COPY_BYTES, 0)) < 0 &&
		    (errno == ENOSYS || errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == EPERM))
			by_kernel = 0;
		if (!by_kernel)
			n = piece_copy(from, to, (size_t)(left < COPY_BYTES ? left : COPY_BYTES));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (n == 0 ? objects_fail(call, OBJECTS_LATER, "a part became shorter") : failed(call, "a part cannot be copied"));
		left -= (uint64_t)n;
	}

	return (OBJECTS_OK);
}

/* Every part, one behind the other, into a new file that is then on the disk. */
static enum objects_result
parts_join(const char *tmp, const char *upload, const struct objects_part *parts, size_t count, char *etag, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_OK;
	uint64_t		size;
	size_t			i;
	int			to, from;

	if ((to = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) == -1)
		return (failed(call, "a file cannot be made"));
	for (i = 0; i < count && result == OBJECTS_OK; i++) {
		if ((from = part_open(upload, &parts[i], i + 1 == count, &size, call)) == -1) {
			result = OBJECTS_REFUSED;
			break;
		}
		result = part_append(from, to, size, call);
		(void)close(from);
	}
	if (result == OBJECTS_OK)
		result = file_settle(to, etag, call);
	(void)close(to);
	if (result != OBJECTS_OK)
		(void)unlink(tmp);

	return (result);
}

/* An upload of one part is that part under another name; 0 when it has to be copied after all. */
static int
part_link(const char *tmp, const char *upload, const struct objects_part *part, char *etag, struct objects_call *call)
{
	char		path[PATH_BYTES], name[16];
	struct stat	st;
	uint64_t	size;
	int		fd, ok;

	if ((fd = part_open(upload, part, 1, &size, call)) == -1)
		return (0);
	snprintf(name, sizeof(name), "%05d", part->number);
	upload_path(path, upload, name);
	ok = fstat(fd, &st) == 0 && link(path, tmp) == 0;
	(void)close(fd);
	if (ok)
		etag_make(etag, &st);

	return (ok);
}

/* The key goes first: from then on the upload is not there, whatever stops us. */
static enum objects_result
upload_remove(const char *upload, struct objects_call *call)
{
	char		dir[PATH_BYTES], path[PATH_BYTES + 256];
	struct dirent	*e;
	DIR		*d;
	int		try;

	upload_path(path, upload, "key");
	(void)unlink(path);
	upload_path(dir, upload, "");
	/* Again, when a part has arrived meanwhile. */
	for (try = 0; try < TRIES; try++) {
		if ((d = opendir(dir)) == NULL)
			return (OBJECTS_OK);
		while ((e = readdir(d)) != NULL) {
			snprintf(path, sizeof(path), "%s/%.255s", dir, e->d_name);
			(void)unlink(path);
		}
		(void)closedir(d);
		if (rmdir(dir) == 0 || errno == ENOENT)
			return (OBJECTS_OK);
	}

	return (failed(call, "the upload cannot be removed"));
}

static enum objects_result
local_complete(const char *key, const char *upload, const struct objects_part *parts, size_t count, char *etag,
    struct objects_call *call)
{
	char			tmp[PATH_BYTES];
	enum objects_result	result;
	struct objects_call	ignored = { 0 };

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	tmp_path(tmp);
	if (count != 1 || !part_link(tmp, upload, parts, etag, call)) {
		*call->error = '\0';
		result = parts_join(tmp, upload, parts, count, etag, call);
	}
	if (result == OBJECTS_OK)
		result = place(tmp, key, NULL, 0, call);
	if (result == OBJECTS_OK)
		(void)upload_remove(upload, &ignored);

	return (result);
}

static enum objects_result
local_abort(const char *key, const char *upload, struct objects_call *call)
{
	if (upload_check(key, upload, call) != OBJECTS_OK) {
		*call->error = '\0';
		return (OBJECTS_OK);
	}

	return (upload_remove(upload, call));
}

static enum objects_result
local_upload(const char *key, char *upload, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_MISSING;
	char			dir[PATH_BYTES];
	struct dirent		*e;
	DIR			*d;

	upload_path(dir, "", "");
	if ((d = opendir(dir)) == NULL)
		return (failed(call, "the uploads cannot be read"));
	while (result != OBJECTS_OK && (e = readdir(d)) != NULL) {
		if (*e->d_name == '.' || strlen(e->d_name) >= OBJECTS_UPLOAD_MAX)
			continue;
		result = upload_check(key, e->d_name, call) == OBJECTS_OK ? OBJECTS_OK : OBJECTS_MISSING;
		if (result == OBJECTS_OK)
			snprintf(upload, OBJECTS_UPLOAD_MAX, "%s", e->d_name);
	}
	(void)closedir(d);

	return (result);
}

static int
part_compare(const void *a, const void *b)
{
	return (((const struct objects_part *)a)->number - ((const struct objects_part *)b)->number);
}

static enum objects_result
local_parts(const char *key, const char *upload, struct objects_part **parts, size_t *count, struct objects_call *call)
{
	char			dir[PATH_BYTES], path[PATH_BYTES + 256];
	enum objects_result	result;
	struct objects_part	*grown;
	struct dirent		*e;
	struct stat		st;
	DIR			*d;

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	upload_path(dir, upload, "");
	if ((d = opendir(dir)) == NULL)
		return (failed(call, "the upload cannot be read"));
	while ((e = readdir(d)) != NULL && result == OBJECTS_OK) {
		snprintf(path, sizeof(path), "%s/%.255s", dir, e->d_name);
		if (strspn(e->d_name, "0123456789") != 5 || e->d_name[5] != '\0' || stat(path, &st) != 0)
			continue;
		if ((grown = realloc(*parts, (*count + 1) * sizeof(*grown))) == NULL) {
			result = objects_fail(call, OBJECTS_LATER, "out of memory");
			break;
		}
		*parts = grown;
		grown[*count].number = atoi(e->d_name);
		grown[*count].size = (uint64_t)st.st_size;
		etag_make(grown[(*count)++].etag, &st);
	}
	(void)closedir(d);
	if (result == OBJECTS_OK && *count > 0)
		qsort(*parts, *count, sizeof(**parts), part_compare);
	if (result != OBJECTS_OK) {
		free(*parts);
		*parts = NULL;
		*count = 0;
	}

	return (result);
}

static enum objects_result
local_delete(const char *key, struct objects_call *call)
{
	char	path[PATH_BYTES];
	size_t	base = strlen(root) + strlen("/objects/");
	char	*slash;

	object_path(path, key);
	if (unlink(path) != 0)
		return (errno == ENOENT || errno == ENOTDIR || errno == EISDIR ? OBJECTS_OK : failed(call, "the object cannot be removed"));
	(void)parent_sync(path);
	/* Directories are no objects: the empty ones go. */
	while ((slash = strrchr(path + base, '/')) != NULL) {
		*slash = '\0';
		if (rmdir(path) != 0)
			break;
	}

	return (OBJECTS_OK);
}

/* One walk over the objects. */
struct walk {
	const char		*prefix;
	int			(*each)(void *, const char *, uint64_t);
	void			*ctx;
	struct objects_call	*call;
	char			path[PATH_BYTES + 256];
	size_t			base;	/* where the key begins in path */
};

/* Whether something below or at this path can have the prefix. */
static int
walk_wants(const struct walk *w)
{
	const char	*key = w->path + w->base;
	size_t		n = strlen(key), p = strlen(w->prefix);

	return (!strncmp(key, w->prefix, n < p ? n : p));
}

/* Tells everything in the directory at w->path, whose length is len; 0 goes on. */
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
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || len + strlen(e->d_name) + 2 > PATH_BYTES)
			continue;
		snprintf(w->path + len, sizeof(w->path) - len, "/%s", e->d_name);
		if (objects_canceled(w->call)) {
			(void)objects_fail(w->call, OBJECTS_CANCELED, "canceled");
			stop = 1;
		} else if (walk_wants(w) && lstat(w->path, &st) == 0) {
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

	snprintf(w.path, sizeof(w.path), "%s/objects", root);
	w.base = strlen(w.path) + 1;
	(void)walk_dir(&w, strlen(w.path));

	return (*call->error != '\0' ? OBJECTS_CANCELED : OBJECTS_OK);
}

static enum objects_result
local_probe(struct objects_call *call)
{
	char	path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/objects", root);

	return (access(path, R_OK | W_OK | X_OK) == 0 ? OBJECTS_OK : failed(call, "the directory cannot be used"));
}

/* Where the file behind a name of local_receive is. */
static void
received_path(char path[PATH_BYTES], const char *name)
{
	snprintf(path, PATH_BYTES, "%s/tmp/%s", root, strrchr(name, '.') + 1);
}

int
local_receive(char *name)
{
	static const char	letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
	unsigned char		bytes[6];
	char			path[PATH_BYTES];
	size_t			i, len = strlen(name);
	int			try, fd = -1;

	for (try = 0; fd == -1 && try < TRIES; try++) {
		if (*root == '\0' || getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			break;
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
	char	path[PATH_BYTES];

	received_path(path, name);

	return (unlink(path));
}

enum objects_result
local_accept(const char *name, int fd, const char *key, const char *upload, int number, char etag[OBJECTS_ETAG_MAX],
    struct objects_call *call)
{
	char		path[PATH_BYTES];
	struct stat	st;

	*call->error = '\0';
	received_path(path, name);
	if (fsync(fd) != 0 || fstat(fd, &st) != 0)
		return (failed(call, "the body cannot be synced"));
	etag_make(etag, &st);

	return (place(path, key, upload, number, call));
}

const struct objects_backend	objects_local = {
	.head = local_head,
	.read = local_read,
	.put = local_put,
	.begin = local_begin,
	.part = local_part,
	.complete = local_complete,
	.abort = local_abort,
	.upload = local_upload,
	.parts = local_parts,
	.delete = local_delete,
	.list = local_list,
	.probe = local_probe,
	.presign = localurl_presign,
	.url = localurl_plain,
};
