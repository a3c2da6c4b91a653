/*
 * Kore can write a body to a temporary file. Its mkstemp and unlink lead to
 * the local store (kore/memory_files.h), so that the file is where it has to be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/local_body.h"
#include "http/query.h"
#include "kore/memory_files.h"
#include "store/local/local_objects.h"

void
local_body_start(void)
{
	if (!local_enabled())
		return;
	/* Not in kore.conf: there Kore would make a directory of that name. */
	http_body_disk_path = (char *)(uintptr_t)LOCAL_RECEIVED;
	http_body_disk_offload = LOCALBODY_MEMORY_MAX;
	http_body_max = OBJECTS_PART_MAX;
	memory_files_hook(LOCAL_RECEIVED, local_receive, local_forget);
}

/* One parameter of a query; 0 when it is absent. One that does not fit or decode becomes empty, which is never right. */
static int
parameter(const char *query, const char *name, char *out, size_t size)
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
local_body_allows(const char *method, const char *path, const char *query, struct local_body_address *a)
{
	struct local_grant	g = { .method = method, .key = a->key, .allowed = a->allowed, .expires = a->expires };
	size_t			prefix = strlen(LOCAL_PATH);

	if (!local_enabled() || strncasecmp(path, LOCAL_PATH, prefix) || strlen(path + prefix) >= 3 * sizeof(a->key) ||
	    !query_decode(path + prefix, strlen(path + prefix), 0, a->key, sizeof(a->key)))
		return (0);
	(void)parameter(query, "method", a->allowed, sizeof(a->allowed));
	(void)parameter(query, "expires", a->expires, sizeof(a->expires));
	a->has_upload = parameter(query, "upload", a->upload, sizeof(a->upload));
	a->has_part = parameter(query, "part", a->part, sizeof(a->part));
	a->has_sig = parameter(query, "sig", a->sig, sizeof(a->sig));
	g.upload = a->has_upload ? a->upload : NULL;
	g.part = a->has_part ? a->part : NULL;
	g.sig = a->has_sig ? a->sig : NULL;

	return (local_allows(&g, time(NULL)));
}

size_t
local_body_max(const char *line, size_t len)
{
	struct local_body_address	a;
	char				copy[HTTP_URI_LEN + 8], *path = copy + strlen("PUT "), *query;

	if (!local_enabled() || len < strlen("PUT " LOCAL_PATH) || strncasecmp(line, "PUT " LOCAL_PATH, strlen("PUT " LOCAL_PATH)) ||
	    len >= sizeof(copy))
		return (LOCALBODY_MEMORY_MAX);
	memcpy(copy, line, len);
	copy[len] = '\0';
	path[strcspn(path, " \r\n")] = '\0';
	if ((query = strchr(path, '?')) != NULL)
		*query++ = '\0';

	return (local_body_allows("PUT", path, query, &a) ? OBJECTS_PART_MAX : 0);
}
