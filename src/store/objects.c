/*
 * Argument checks, and dispatch to the configured back end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "store/objects.h"
#include "store/objects_backend.h"

#define ABORTS_MAX	100	/* limit of uploads to one key that a call aborts */

/* The first one whose variable is set is used. */
static const struct objects_backend *const	backends[] = { &objects_s3, &objects_local };
static const struct objects_backend		*backend = NULL;

const char *
objects_configure(void)
{
	size_t	i;

	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		if (*conf_str(backends[i]->chosen_by) != '\0') {
			backend = backends[i];
			return (backend->configure());
		}
	}

	return (NULL);
}

int
objects_enabled(void)
{
	return (backend != NULL);
}

int
objects_key_readable(const char *key)
{
	return (backend != NULL && backend->keys_are_paths ? objects_key_ok(key) : objects_key_possible(key));
}

/* Checks configuration, key and upload ID. Returns 0 with the error in call. */
static int
call_valid(struct objects_call *call, const char *key, const char *upload)
{
	*call->error = '\0';
	call->no_space = 0;
	if (backend == NULL)
		(void)objects_fail(call, OBJECTS_REFUSED, "object storage is not configured: neither S3_BUCKET nor MEDIA_DIR is set");
	else if (key != NULL && !objects_key_ok(key))
		(void)objects_fail(call, OBJECTS_REFUSED, "invalid object key");
	else if (upload != NULL && (*upload == '\0' || strlen(upload) >= OBJECTS_UPLOAD_MAX))
		(void)objects_fail(call, OBJECTS_REFUSED, "invalid upload ID");

	return (*call->error == '\0');
}

/* Counts the time of a call of the back end that began at begun (counter_clock()), and returns its result. */
static enum objects_result
call_timed(int64_t begun, enum objects_result result)
{
	counter_time(COUNTER_STORE_TIME, begun);

	return (result);
}

enum objects_result
objects_head(const char *key, struct objects_stat *stat, struct objects_call *call)
{
	int64_t	begun = counter_clock();

	memset(stat, 0, sizeof(*stat));

	return (call_valid(call, key, NULL) ? call_timed(begun, backend->head(key, stat, call)) : OBJECTS_REFUSED);
}

enum objects_result
objects_read(const char *key, const char *etag, uint64_t offset, void *buf, size_t len, size_t *got, struct objects_call *call)
{
	int64_t	begun = counter_clock();

	*got = 0;
	if (!call_valid(call, key, NULL))
		return (OBJECTS_REFUSED);
	if (offset > INT64_MAX - (uint64_t)len)
		return (objects_fail(call, OBJECTS_REFUSED, "invalid range: the offset is too large"));

	return (len > 0 ? call_timed(begun, backend->read(key, etag, offset, buf, len, got, call)) : OBJECTS_OK);
}

enum objects_result
objects_put(const char *key, const char *type, const void *data, size_t len, char etag[OBJECTS_ETAG_MAX],
    struct objects_call *call)
{
	char	ignored[OBJECTS_ETAG_MAX];
	int64_t	begun = counter_clock();

	if (!call_valid(call, key, NULL))
		return (OBJECTS_REFUSED);

	return (call_timed(begun, backend->put(key, type, data, len, etag != NULL ? etag : ignored, call)));
}

/* Aborts the uploads to a key, except one; "" is all. */
static enum objects_result
uploads_abort(const char *key, const char *except, struct objects_call *call)
{
	enum objects_result	result;
	char			upload[OBJECTS_UPLOAD_MAX];
	int			left = ABORTS_MAX;

	while ((result = backend->upload(key, except, upload, call)) == OBJECTS_OK) {
		if (left-- == 0)
			return (objects_fail(call, OBJECTS_LATER, "the key still has multipart uploads after %d were aborted", ABORTS_MAX));
		if ((result = backend->abort(key, upload, call)) != OBJECTS_OK)
			return (result);
	}
	if (result != OBJECTS_MISSING)
		return (result);
	*call->error = '\0';

	return (OBJECTS_OK);
}

/*
 * Starts an upload. If the request was sent more than once, aborts the uploads
 * of the earlier attempts. That needs a permission; without it the bucket's
 * lifecycle rule deletes them.
 */
enum objects_result
objects_begin(const char *key, const char *type, char upload[OBJECTS_UPLOAD_MAX], struct objects_call *call)
{
	enum objects_result	result;

	*upload = '\0';
	if (!call_valid(call, key, NULL))
		return (OBJECTS_REFUSED);
	result = backend->begin(key, type, upload, call);
	if (result == OBJECTS_OK && call->repeated)
		(void)uploads_abort(key, upload, call);

	return (result);
}

enum objects_result
objects_part(const char *key, const char *upload, int number, const void *data, size_t len, char etag[OBJECTS_ETAG_MAX],
    struct objects_call *call)
{
	int64_t	begun = counter_clock();

	if (!call_valid(call, key, upload))
		return (OBJECTS_REFUSED);
	if (number < 1 || number > OBJECTS_PARTS_MAX || len > INT32_MAX)
		return (objects_fail(call, OBJECTS_REFUSED, "invalid part %d of %zu bytes: allowed are numbers from 1 to %d and at most 2 GiB", number, len, OBJECTS_PARTS_MAX));

	return (call_timed(begun, backend->part(key, upload, number, data, len, etag, call)));
}

enum objects_result
objects_complete(const char *key, const char *upload, const struct objects_part *parts, size_t count,
    char etag[OBJECTS_ETAG_MAX], struct objects_call *call)
{
	char	ignored[OBJECTS_ETAG_MAX];
	size_t	i;

	if (!call_valid(call, key, upload))
		return (OBJECTS_REFUSED);
	if (count < 1 || count > OBJECTS_PARTS_MAX)
		return (objects_fail(call, OBJECTS_REFUSED, "a multipart upload needs 1 to %d parts", OBJECTS_PARTS_MAX));
	for (i = 0; i < count; i++) {
		if (parts[i].number < 1 || parts[i].number > OBJECTS_PARTS_MAX || (i > 0 && parts[i].number <= parts[i - 1].number))
			return (objects_fail(call, OBJECTS_REFUSED, "the parts are not in ascending order"));
		if (*parts[i].etag == '\0' || strpbrk(parts[i].etag, "<>&\r\n") != NULL)
			return (objects_fail(call, OBJECTS_REFUSED, "part %d has no valid ETag", parts[i].number));
	}

	return (backend->complete(key, upload, parts, count, etag != NULL ? etag : ignored, call));
}

enum objects_result
objects_abort(const char *key, const char *upload, struct objects_call *call)
{
	return (call_valid(call, key, upload) ? backend->abort(key, upload, call) : OBJECTS_REFUSED);
}

enum objects_result
objects_abort_all(const char *key, struct objects_call *call)
{
	return (call_valid(call, key, NULL) ? uploads_abort(key, "", call) : OBJECTS_REFUSED);
}

int
objects_part_compare(const void *a, const void *b)
{
	return (((const struct objects_part *)a)->number - ((const struct objects_part *)b)->number);
}

enum objects_result
objects_parts(const char *key, const char *upload, struct objects_part **parts, size_t *count, struct objects_call *call)
{
	enum objects_result	result;

	*parts = NULL;
	*count = 0;
	if (!call_valid(call, key, upload))
		return (OBJECTS_REFUSED);
	result = backend->parts(key, upload, parts, count, call);
	if (*parts != NULL)
		qsort(*parts, *count, sizeof(**parts), objects_part_compare);

	return (result);
}

enum objects_result
objects_delete(const char *key, struct objects_call *call)
{
	return (call_valid(call, key, NULL) ? backend->delete(key, call) : OBJECTS_REFUSED);
}

enum objects_result
objects_list(const char *prefix, int (*each)(void *, const char *, uint64_t), void *ctx, struct objects_call *call)
{
	return (call_valid(call, NULL, NULL) ? backend->list(prefix, each, ctx, call) : OBJECTS_REFUSED);
}

/* State of objects_delete_prefix(). */
struct removal {
	struct objects_call	*call;
	enum objects_result	result;
};

static int
removal_step(void *ctx, const char *key, uint64_t size)
{
	struct removal	*r = ctx;

	(void)size;
	r->result = objects_delete(key, r->call);

	return (r->result != OBJECTS_OK);
}

enum objects_result
objects_delete_prefix(const char *prefix, struct objects_call *call)
{
	struct objects_call	inner = *call;
	struct removal		r = { .call = &inner, .result = OBJECTS_OK };
	enum objects_result	result;

	if (*prefix == '\0' || prefix[strlen(prefix) - 1] != '/')
		return (objects_fail(call, OBJECTS_REFUSED, "the prefix to delete must end with a slash"));
	result = objects_list(prefix, removal_step, &r, call);
	if (result == OBJECTS_OK && r.result != OBJECTS_OK)
		return (objects_fail(call, r.result, "%s", inner.error));

	return (result);
}

enum objects_result
objects_probe(struct objects_call *call)
{
	return (call_valid(call, NULL, NULL) ? backend->probe(call) : OBJECTS_REFUSED);
}

static int
presign(const char *base, const char *method, const char *key, const char *upload, int number, int seconds, time_t from, char *url)
{
	if (backend == NULL || seconds < 1 || seconds > OBJECTS_SECONDS_MAX ||
	    !(strcmp(method, "GET") ? objects_key_ok(key) : objects_key_readable(key)))
		return (0);

	return (backend->presign(base, method, key, upload, number, seconds, from, url));
}

int
objects_presign(const char *base, const char *method, const char *key, int seconds, char url[OBJECTS_URL_MAX])
{
	return (presign(base, method, key, NULL, 0, seconds, time(NULL), url));
}

int
objects_presign_steady(const char *base, const char *key, int seconds, int step, char url[OBJECTS_URL_MAX])
{
	time_t	now = time(NULL);

	return (presign(base, "GET", key, NULL, 0, seconds + step, now - now % step, url));
}

int
objects_presign_seconds(int seconds)
{
	if (backend == NULL)
		return (0);

	return (backend->presign_seconds != NULL ? backend->presign_seconds(seconds) : seconds);
}

int
objects_presign_life(void)
{
	if (backend == NULL)
		return (0);

	return (backend->presign_life != NULL ? backend->presign_life() : OBJECTS_SECONDS_MAX);
}

int
objects_presign_part(const char *base, const char *key, const char *upload, int number, int seconds, char url[OBJECTS_URL_MAX])
{
	if (number < 1 || number > OBJECTS_PARTS_MAX || *upload == '\0' || strlen(upload) >= OBJECTS_UPLOAD_MAX)
		return (0);

	return (presign(base, "PUT", key, upload, number, seconds, time(NULL), url));
}

int
objects_public_url(const char *base, const char *key, char url[OBJECTS_URL_MAX])
{
	return (backend != NULL && objects_key_ok(key) && backend->url(base, key, url));
}

int
objects_uri(const char *key, char *uri, size_t size)
{
	int	len;

	len = snprintf(uri, size, "s3://%s/%s", backend != NULL ? backend->bucket() : "local", key);

	return (len > 0 && (size_t)len < size);
}

void
objects_start(void)
{
	if (backend != NULL && backend->start != NULL)
		backend->start();
}
