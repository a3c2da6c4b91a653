/*
 * Search of the route table. A linear search is fast enough: most comparisons
 * end at the first letters, and a search takes less than a microsecond.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/guard.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/sql.h"

extern const struct route *const	__start_routes[], *const __stop_routes[];

struct segment {
	const char	*text;
	size_t		len;
};

static int
lower(char c)
{
	return (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Matches a path, ignoring case and one trailing slash (docs/compatibility.md#http-paths). */
static int
path_matches(const char *pattern, const char *path, struct segment *args)
{
	for (; *pattern != '\0'; pattern++, path++) {
		if (*pattern == '*') {
			args->text = path;
			args->len = strlen(path);
			return (args->len > 0);
		}
		if (*pattern == ':') {
			args->text = path;
			args->len = strcspn(path, "/");
			if (args->len == 0)
				return (0);
			path += args->len;
			pattern += strcspn(pattern, "/");
			args++;
		}
		if (lower(*pattern) != lower(*path))
			break;
		if (*pattern == '\0')
			return (1);
	}

	return (*pattern == '\0' && (*path == '\0' || (path[0] == '/' && path[1] == '\0')));
}

static const struct route *
table_find(int method, const char *path, struct segment *args)
{
	const struct route *const	*entry;
	const struct route		*route;

	if (method == HTTP_METHOD_HEAD)
		method = HTTP_METHOD_GET;
	for (entry = __start_routes; entry < __stop_routes; entry++) {
		route = *entry;
		if (route->method == method && ((route->roles != 0 ? route->roles : ROLE_API) & role_get()) &&
		    path_matches(route->path, path, args))
			return (route);
	}

	return (NULL);
}

size_t
route_body_max(const struct http_request *kore)
{
	struct segment		args[REQUEST_ARGS_MAX];
	const struct route	*route = table_find(kore->method, kore->path, args);

	return (route != NULL && route->body_max != 0 ? route->body_max : BODY_MAX);
}

size_t
route_head_max(const char *head, size_t len)
{
	static const struct { const char *word; int method; } methods[] = {
		{ "POST ", HTTP_METHOD_POST }, { "PUT ", HTTP_METHOD_PUT }, { "PATCH ", HTTP_METHOD_PATCH },
	};
	struct segment		args[REQUEST_ARGS_MAX];
	const struct route	*route = NULL;
	const char		*line = head;
	char			path[HTTP_URI_LEN];
	size_t			i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (strncasecmp(line, methods[i].word, strlen(methods[i].word)))
			continue;
		line += strlen(methods[i].word);
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(line, " ?\r\n"), line);
		route = table_find(methods[i].method, path, args);
		break;
	}

	if (route == NULL || route->body_max == 0 || (route->guard != NULL && !guard_head(head, len)))
		return (BODY_MAX);

	return (route->body_max);
}

const char *
route_unstorable(const struct http_request *kore)
{
	struct segment		args[REQUEST_ARGS_MAX];
	const struct route	*route = table_find(kore->method, kore->path, args);

	return (route != NULL && route->unstorable != NULL ? route->unstorable : "Invalid request");
}

int
route_is_raw(const struct http_request *kore)
{
	struct segment		args[REQUEST_ARGS_MAX];
	const struct route	*route = table_find(kore->method, kore->path, args);

	return (route != NULL && route->raw);
}

int
route_find(struct request *r)
{
	struct segment	args[REQUEST_ARGS_MAX] = { 0 };
	size_t		i;

	if ((r->route = table_find(r->kore->method, r->kore->path, args)) == NULL) {
		reply_message(r, 404, "Not found");
		return (0);
	}
	for (i = 0; i < REQUEST_ARGS_MAX && args[i].text != NULL; i++) {
		r->args[i] = request_alloc(r, args[i].len + 1);
		if (!query_decode(args[i].text, args[i].len, 0, r->args[i], args[i].len + 1)) {
			reply_message(r, 400, "Invalid path");
			return (0);
		}
	}

	return (1);
}

int
route_args_check(struct request *r)
{
	const char	*what = NULL;
	unsigned long	n;

	if (r->route->id == NULL)
		return (1);
	errno = 0;
	n = strtoul(r->args[0], NULL, 10);
	if (strspn(r->args[0], "0123456789") != strlen(r->args[0]) || errno != 0 || n > INT64_MAX)
		what = "Invalid";
	else if (n == 0)
		what = "Missing";
	if (what == NULL) {
		/* Remove leading zeros, so that responses and the audit log show the usual form. */
		r->args[0] += strspn(r->args[0], "0");
		return (1);
	}
	if (r->route->id_wrong != NULL)
		sql_refusal(r, 400, request_format(r, "{\"message\":\"%s\"}", r->route->id_wrong));
	else
		sql_refusal(r, 400, request_format(r, "{\"message\":\"%s %s id\"}", what, r->route->id));

	return (0);
}
