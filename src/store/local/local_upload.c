/*
 * Multipart uploads of the local object store: a directory for each, which holds
 * the key and the parts.
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

/* Returns OBJECTS_OK if an upload with this ID exists for the key. */
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
		return (objects_fail(call, OBJECTS_MISSING, "NoSuchUpload: the upload does not exist"));

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
		return (localfile_failed(call, "cannot rename the file to its part"));
	if (!localfile_sync_parent(path))
		return (localfile_failed(call, "cannot sync the part's directory"));

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
		return (localfile_failed(call, "cannot create the upload"));
	(void)localfile_sync_parent(path);
	upload_path(path, upload, "key");
	result = localfile_write(path, key, strlen(key), etag, call);
	(void)localfile_sync_parent(path);
	if (result != OBJECTS_OK) {
		upload_path(path, upload, "");
		(void)rmdir(path);
	}

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

/* Opens a part and checks its ETag and size. Returns a descriptor, or -1 with the error in call. */
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
		(void)objects_fail(call, OBJECTS_REFUSED, "InvalidPart: part %d has another ETag", part->number);
	else if (!last && *size < OBJECTS_PART_MIN)
		(void)objects_fail(call, OBJECTS_REFUSED, "EntityTooSmall: part %d is smaller than 5 MiB and not the last", part->number);
	else
		return (fd);
	(void)close(fd);

	return (-1);
}

/* Copies with read(2) and write(2), for file systems without copy_file_range(2). */
static ssize_t
chunk_copy(int from, int to, size_t len)
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
	static int	kernel_copies = 1;
	uint64_t	left = size;
	ssize_t		n;

	while (left > 0) {
		if (objects_canceled(call))
			return (objects_fail(call, OBJECTS_CANCELED, "canceled"));
		n = -1;
		if (kernel_copies && (n = copy_file_range(from, NULL, to, NULL, left < COPY_BYTES ? (size_t)left : COPY_BYTES, 0)) < 0 &&
		    (errno == ENOSYS || errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == EPERM))
			kernel_copies = 0;
		if (!kernel_copies)
			n = chunk_copy(from, to, (size_t)(left < COPY_BYTES ? left : COPY_BYTES));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (n == 0 ? objects_fail(call, OBJECTS_LATER, "a part was truncated while it was copied") : localfile_failed(call, "cannot copy a part"));
		left -= (uint64_t)n;
	}

	return (OBJECTS_OK);
}

/* Concatenates the parts into a new file and syncs it. */
static enum objects_result
parts_join(const char *tmp, const char *upload, const struct objects_part *parts, size_t count, char *etag, struct objects_call *call)
{
	enum objects_result	result = OBJECTS_OK;
	uint64_t		size;
	size_t			i;
	int			to, from;

	if ((to = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) == -1)
		return (localfile_failed(call, "cannot create a file"));
	for (i = 0; i < count && result == OBJECTS_OK; i++) {
		if ((from = part_open(upload, &parts[i], i + 1 == count, &size, call)) == -1) {
			result = OBJECTS_REFUSED;
			break;
		}
		result = part_append(from, to, size, call);
		(void)close(from);
	}
	if (result == OBJECTS_OK)
		result = localfile_sync(to, etag, call);
	(void)close(to);

	return (localfile_done(tmp, result));
}

/* Makes the only part of an upload the complete file by a hard link. Returns 0 if it must be copied instead. */
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

/* Deletes an upload. Deletes the file key first: without it the upload does not exist, even if this function is interrupted. */
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
	/* Repeat if a part has arrived meanwhile. */
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

	return (localfile_failed(call, "cannot delete the upload"));
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
		return (localfile_failed(call, "cannot list the uploads"));
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
		return (localfile_failed(call, "cannot list the upload's parts"));
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
	if (result != OBJECTS_OK) {
		free(*parts);
		*parts = NULL;
		*count = 0;
	}

	return (result);
}
