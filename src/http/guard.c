/*
 * Reads bearer tokens.
 */
#include <string.h>

#include "base/conf.h"
#include "http/guard.h"
#include "http/reply.h"
#include "http/route.h"
#include "http/token.h"

#define BEARER	"Bearer "

int
guard_token(struct request *r)
{
	const char	*header;
	struct token	token;

	if (!http_request_header(r->kore, "authorization", &header) || strncmp(header, BEARER, strlen(BEARER))) {
		reply_message(r->kore, 401, "Missing access token");
		return (0);
	}
	if (!token_verify(TOKEN_ACCESS, header + strlen(BEARER), &token)) {
		reply_message(r->kore, 401, "Invalid or expired token");
		return (0);
	}
	r->user_id = request_copy(r, token.user_id);
	r->device_id = request_copy(r, token.device_id);
	token_free(&token);

	return (1);
}

const char *
guard_need(const struct route *route)
{
	if (route->guard != NULL && route->strict && strcmp(conf_str(CONF_ADMIN_PERMISSIONS), "strict"))
		return (GUARD_ADMIN);

	return (route->guard);
}
