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

const struct route *
route_find(const char *head)
{
	static const struct { const char *word; int method; } methods[] = {
		{ "GET ", HTTP_METHOD_GET }, { "HEAD ", HTTP_METHOD_GET }, { "POST ", HTTP_METHOD_POST }, { "PUT ", HTTP_METHOD_PUT },
		{ "PATCH ", HTTP_METHOD_PATCH }, { "DELETE ", HTTP_METHOD_DELETE },
	};
	const struct route *const	*entry;
	struct segment			args[REQUEST_ARGS_MAX];
	const char			*target;
	char				path[HTTP_URI_LEN];
	size_t				i, n = sizeof(methods) / sizeof(*methods);

	for (i = 0; i < n && strncasecmp(head, methods[i].word, strlen(methods[i].word)) != 0; i++)
		;
	if (i == n)
		return (NULL);
	target = head + strlen(methods[i].word);
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(target, " ?\r\n"), target);
	for (entry = __start_routes; entry < __stop_routes; entry++) {
		if ((*entry)->method == methods[i].method && (((*entry)->roles != 0 ? (*entry)->roles : ROLE_API) & role_get()) &&
		    path_matches((*entry)->path, path, args))
			return (*entry);
	}

	return (NULL);
}

size_t
route_body_max(const struct route *route, const char *head, size_t len)
{
	if (route == NULL || route->body_max == 0 || (route->guard != NULL && !guard_head(head, len)))
		return (BODY_MAX);

	return (route->body_max);
}

int
route_args(struct request *r)
{
	struct segment	args[REQUEST_ARGS_MAX] = { 0 };
	size_t		i;

	(void)path_matches(r->route->path, r->path, args);
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
