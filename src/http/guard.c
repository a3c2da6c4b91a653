/*
 * Bearer tokens in the Authorization header.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/token.h"
#include "http/token_cache.h"

#define BEARER		"Bearer "
#define HEADER		"authorization:"
#define GUARD_TOKEN_MAX	8192

static int
bearer_read(struct request *r, const char *bearer)
{
	const struct token	*token = token_cache_verify(bearer);

	if (token == NULL)
		return (0);
	r->user_id = request_copy(r, token->user_id);
	r->device_id = request_copy(r, token->device_id);
	r->session = token->session != NULL ? request_copy(r, token->session) : NULL;
	r->issued = token->issued;

	return (1);
}

/* Returns the text after "Bearer " in the header, or NULL. */
static const char *
bearer_get(struct request *r)
{
	const char	*header;

	if (!http_request_header(r->kore, "authorization", &header) || strncmp(header, BEARER, strlen(BEARER)))
		return (NULL);

	return (header + strlen(BEARER));
}

int
guard_token(struct request *r)
{
	const char	*bearer = bearer_get(r);

	if (bearer == NULL)
		reply_message(r, 401, "Missing access token");
	else if (!bearer_read(r, bearer))
		reply_message(r, 401, "Invalid or expired token");

	return (r->user_id != NULL);
}

int
guard_head(const char *head, size_t len)
{
	const char	*line, *end = head + len;
	char		text[GUARD_TOKEN_MAX];

	for (line = head; line != NULL && line < end; line = memmem(line, (size_t)(end - line), "\r\n", 2)) {
		line += *line == '\r' ? 2 : 0;
		if ((size_t)(end - line) < strlen(HEADER) || strncasecmp(line, HEADER, strlen(HEADER)))
			continue;
		line += strlen(HEADER);
		line += strspn(line, " \t");
		if (strncmp(line, BEARER, strlen(BEARER)))
			return (0);
		line += strlen(BEARER);
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, " \t\r"), line);
		return (token_cache_verify(text) != NULL);
	}

	return (0);
}

void
guard_optional(struct request *r)
{
	const char	*bearer = bearer_get(r);

	if (bearer != NULL)
		(void)bearer_read(r, bearer);
}

const char *
guard_need(const struct route *route)
{
	if (route->guard != NULL && route->strict && strcmp(conf_str(CONF_ADMIN_PERMISSIONS), "strict"))
		return (GUARD_ADMIN);

	return (route->guard);
}
