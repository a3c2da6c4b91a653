/*
 * Bodies that Kore writes to a temporary file. kore/memory_files.h hands Kore's
 * mkstemp() and unlink() of that file to the local object storage, so that the
 * file is created in its directory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/log.h"
#include "http/local_body.h"
#include "http/query.h"
#include "http/request.h"
#include "kore/memory_files.h"
#include "store/local/local_objects.h"

/* The file of the next body; fd is -1 if there is none. */
static struct {
	int	fd;
	char	name[HTTP_BODY_PATH_MAX];
} next = { .fd = -1 };

/* Stands for mkstemp() of Kore, whose path has the same length. */
static int
next_take(char *path)
{
	int	fd = next.fd;

	if (fd == -1)
		return (local_receive(path));
	memcpy(path, next.name, strlen(path));
	next.fd = -1;

	return (fd);
}

void
local_body_full(const char *id, const char *error)
{
	log_event(LOG_LEVEL_ERROR, "MEDIA_DIR is full: an upload was refused; free space there or enlarge its file system, then repeat the upload",
	    LOG_S("id", id), LOG_S("folder", conf_str(CONF_MEDIA_DIR)), LOG_S("error", error));
}

/* Logs why a body cannot be written. Returns the status of the refusal. */
static int
body_failed(const char *id, int error)
{
	if (error == ENOSPC || error == EDQUOT) {
		local_body_full(id, strerror(error));
		return (507);
	}
	log_event(LOG_LEVEL_ERROR, "object storage error: cannot write a request body", LOG_S("id", id),
	    LOG_S("folder", conf_str(CONF_MEDIA_DIR)), LOG_S("error", strerror(error)));

	return (503);
}

int
local_body_create(void)
{
	snprintf(next.name, sizeof(next.name), "%s/http_body.XXXXXX", LOCAL_RECEIVED);
	next.fd = local_receive(next.name);

	return (next.fd != -1 ? 0 : body_failed(NULL, errno));
}

void
local_body_release(void)
{
	if (next.fd == -1)
		return;
	(void)close(next.fd);
	(void)local_forget(next.name);
	next.fd = -1;
}

int
local_body_write(const struct http_request *req, const void *data, size_t len)
{
	const struct request	*r = req->hdlr_extra;
	const char		*p = data;
	ssize_t			n;

	while (len > 0) {
		if ((n = write(req->http_body_fd, p, len)) >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno != EINTR) {
			return (body_failed(r->id, errno));
		}
	}

	return (0);
}

void
local_body_start(void)
{
	if (!local_enabled())
		return;
	/* Set here and not in kore.conf, because Kore would create the directory. */
	http_body_disk_path = (char *)(uintptr_t)LOCAL_RECEIVED;
	http_body_disk_offload = LOCALBODY_MEMORY_MAX;
	http_body_max = OBJECTS_PART_MAX;
	memory_files_hook(LOCAL_RECEIVED, next_take, local_forget);
}

int
local_body_path(const char *path)
{
	return (local_enabled() && !strncasecmp(path, LOCAL_PATH, strlen(LOCAL_PATH)));
}

/* Reads a query parameter. Returns 0 if it is missing. A value that is too long or malformed becomes "", which is never valid. */
static int
query_param(const char *query, const char *name, char *out, size_t size)
{
	const char	*p;
	size_t		len, n = strlen(name);

	*out = '\0';
	for (p = query; p != NULL; p = *(p + strcspn(p, "&")) == '&' ? p + strcspn(p, "&") + 1 : NULL) {
		len = strcspn(p, "&");
		if (len <= n || strncmp(p, name, n) || p[n] != '=')
			continue;
		if (len - n - 1 >= size || !query_decode(p + n + 1, len - n - 1, 1, out, size))
			*out = '\0';
		return (1);
	}

	return (0);
}

int
local_body_allows(const char *method, const char *path, const char *query, struct local_body_url *url)
{
	struct local_grant	g = { .method = method, .key = url->key, .allowed = url->allowed, .expires = url->expires };
	size_t			prefix = strlen(LOCAL_PATH);

	if (!local_body_path(path) || strlen(path + prefix) >= 3 * sizeof(url->key) ||
	    !query_decode(path + prefix, strlen(path + prefix), 0, url->key, sizeof(url->key)))
		return (0);
	(void)query_param(query, "method", url->allowed, sizeof(url->allowed));
	(void)query_param(query, "expires", url->expires, sizeof(url->expires));
	url->has_upload = query_param(query, "upload", url->upload, sizeof(url->upload));
	url->has_part = query_param(query, "part", url->part, sizeof(url->part));
	url->has_sig = query_param(query, "sig", url->sig, sizeof(url->sig));
	g.upload = url->has_upload ? url->upload : NULL;
	g.part = url->has_part ? url->part : NULL;
	g.sig = url->has_sig ? url->sig : NULL;

	return (local_allows(&g, time(NULL)));
}

size_t
local_body_max(const char *line, size_t len)
{
	struct local_body_url	url;
	char				copy[HTTP_URI_LEN + 8], *path = copy + strlen("PUT "), *query;
	size_t				n;

	if (!local_enabled() || len < strlen("PUT " LOCAL_PATH) || strncasecmp(line, "PUT " LOCAL_PATH, strlen("PUT " LOCAL_PATH)))
		return (LOCALBODY_MEMORY_MAX);
	n = (size_t)((const char *)memchr(line, '\n', len) - line);
	if (n >= sizeof(copy))
		return (0);
	memcpy(copy, line, n);
	copy[n] = '\0';
	path[strcspn(path, " \r")] = '\0';
	if ((query = strchr(path, '?')) != NULL)
		*query++ = '\0';

	return (local_body_allows("PUT", path, query, &url) ? OBJECTS_PART_MAX : 0);
}
