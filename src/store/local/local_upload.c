/*
 * Multipart uploads to the local store: a directory for each, with the key and
 * the parts in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "store/local/local_file.h"
#include "store/local/local_upload.h"

#define COPY_BYTES	(8u << 20)

static void
upload_path(char path[LOCALFILE_PATH_MAX], const char *upload, const char *name)
{
	char	inside[OBJECTS_UPLOAD_MAX + LOCALFILE_NAME];

	snprintf(inside, sizeof(inside), "%s%s%s", upload, *name != '\0' ? "/" : "", name);
	(void)localfile_path(path, LOCALFILE_PARTS, inside);
}

/* Whether there is an upload of that id for that key. */
static enum objects_result
upload_check(const char *key, const char *upload, struct objects_call *call)
{
	char	path[LOCALFILE_PATH_MAX], text[OBJECTS_KEY_MAX + 1];
	ssize_t	n = -1;
	int	fd;

	if (strlen(upload) == LOCALFILE_NAME && strspn(upload, "0123456789abcdef") == LOCALFILE_NAME) {
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
	char			path[LOCALFILE_PATH_MAX], name[16];
	enum objects_result	result;

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	snprintf(name, sizeof(name), "%05d", number);
	upload_path(path, upload, name);
	if (rename(tmp, path) != 0)
		return (localfile_failed(call, "the part cannot be put in its place"));
	if (!localfile_sync_parent(path))
		return (localfile_failed(call, "the part's directory cannot be synced"));

	return (OBJECTS_OK);
}

enum objects_result
localupload_place(const char *tmp, const char *key, const char *upload, int number, struct objects_call *call)
{
	return (localfile_done(tmp, part_place(tmp, key, upload, number, call)));
}

enum objects_result
localupload_begin(const char *key, const char *type, char *upload, struct objects_call *call)
{
	char			path[LOCALFILE_PATH_MAX], etag[OBJECTS_ETAG_MAX];
	enum objects_result	result;

	(void)type;
	random_hex(upload, LOCALFILE_NAME / 2);
	upload_path(path, upload, "");
	if (mkdir(path, 0755) != 0)
		return (localfile_failed(call, "the upload cannot be made"));
	(void)localfile_sync_parent(path);
	upload_path(path, upload, "key");
	result = localfile_write(path, key, strlen(key), etag, call);
	(void)localfile_sync_parent(path);

	return (result);
}

enum objects_result
localupload_part(const char *key, const char *upload, int number, const void *data, size_t len, char *etag, struct objects_call *call)
{
	char			tmp[LOCALFILE_PATH_MAX];
	enum objects_result	result;

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	localfile_tmp(tmp);
	result = localfile_write(tmp, data, len, etag, call);

	return (result == OBJECTS_OK ? localupload_place(tmp, key, upload, number, call) : result);
}

/* Opens a part and checks it against what the caller believes it is. */
static int
part_open(const char *upload, const struct objects_part *part, int last, uint64_t *size, struct objects_call *call)
{
	char		path[LOCALFILE_PATH_MAX], name[16], etag[OBJECTS_ETAG_MAX];
	struct stat	st;
	int		fd;

	snprintf(name, sizeof(name), "%05d", part->number);
	upload_path(path, upload, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 || fstat(fd, &st) != 0) {
		(void)objects_fail(call, OBJECTS_REFUSED, "InvalidPart: part %d has not been uploaded", part->number);
		return (-1);
	}
	localfile_etag(etag, &st);
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
			return (n == 0 ? objects_fail(call, OBJECTS_LATER, "a part became shorter") : localfile_failed(call, "a part cannot be copied"));
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
		return (localfile_failed(call, "a file cannot be made"));
	for (i = 0; i < count && result == OBJECTS_OK; i++) {
		if ((from = part_open(upload, &parts[i], i + 1 == count, &size, call)) == -1) {
			result = OBJECTS_REFUSED;
			break;
		}
		result = part_append(from, to, size, call);
		(void)close(from);
	}
	if (result == OBJECTS_OK)
		result = localfile_settle(to, etag, call);
	(void)close(to);

	return (localfile_done(tmp, result));
}

/* An upload of one part is that part under another name; 0 when it has to be copied after all. */
static int
part_link(const char *tmp, const char *upload, const struct objects_part *part, char *etag, struct objects_call *call)
{
	char		path[LOCALFILE_PATH_MAX], name[16];
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
		localfile_etag(etag, &st);

	return (ok);
}

/* The key goes first: from then on the upload is not there, whatever stops us. */
static enum objects_result
upload_remove(const char *upload, struct objects_call *call)
{
	char		dir[LOCALFILE_PATH_MAX], path[LOCALFILE_PATH_MAX + 256];
	struct dirent	*e;
	DIR		*d;
	int		try;

	upload_path(path, upload, "key");
	(void)unlink(path);
	upload_path(dir, upload, "");
	/* Again, when a part has arrived meanwhile. */
	for (try = 0; try < LOCALFILE_TRIES; try++) {
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

	return (localfile_failed(call, "the upload cannot be removed"));
}

enum objects_result
localupload_complete(const char *key, const char *upload, const struct objects_part *parts, size_t count, char *etag,
    struct objects_call *call)
{
	char			tmp[LOCALFILE_PATH_MAX];
	enum objects_result	result;
	struct objects_call	ignored = { 0 };

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	localfile_tmp(tmp);
	if (count != 1 || !part_link(tmp, upload, parts, etag, call)) {
		*call->error = '\0';
		result = parts_join(tmp, upload, parts, count, etag, call);
	}
	if (result == OBJECTS_OK)
		result = localfile_place(tmp, key, call);
	if (result == OBJECTS_OK)
		(void)upload_remove(upload, &ignored);

	return (result);
}

enum objects_result
localupload_abort(const char *key, const char *upload, struct objects_call *call)
{
	if (upload_check(key, upload, call) != OBJECTS_OK) {
		*call->error = '\0';
		return (OBJECTS_OK);
	}

	return (upload_remove(upload, call));
}

enum objects_result
localupload_find(const char *key, const char *except, char *upload, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_MISSING;
	char			dir[LOCALFILE_PATH_MAX];
	struct dirent		*e;
	DIR			*d;

	upload_path(dir, "", "");
	if ((d = opendir(dir)) == NULL)
		return (localfile_failed(call, "the uploads cannot be read"));
	while (result != OBJECTS_OK && (e = readdir(d)) != NULL) {
		if (*e->d_name == '.' || strlen(e->d_name) >= OBJECTS_UPLOAD_MAX || !strcmp(e->d_name, except))
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

enum objects_result
localupload_parts(const char *key, const char *upload, struct objects_part **parts, size_t *count, struct objects_call *call)
{
	char			dir[LOCALFILE_PATH_MAX], path[LOCALFILE_PATH_MAX + 256];
	enum objects_result	result;
	struct objects_part	*grown;
	struct dirent		*e;
	struct stat		st;
	DIR			*d;

	if ((result = upload_check(key, upload, call)) != OBJECTS_OK)
		return (result);
	upload_path(dir, upload, "");
	if ((d = opendir(dir)) == NULL)
		return (localfile_failed(call, "the upload cannot be read"));
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
		localfile_etag(grown[(*count)++].etag, &st);
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
