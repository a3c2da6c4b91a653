/*
 * Route table. Each route is declared in the file of its resource (src/api);
 * the linker collects the declarations in the section "routes", which this
 * module searches. Kore knows one route only (kore.conf). docs/routes.md is a
 * guide. Two declarations, from src/api/auth.c and src/api/titles.c:
 *
 *	ROUTE_SQL(POST, "/api/auth/verify-email", "auth/verify-email", .limit = "verify", .fields = verify_fields);
 *
 *	ROUTE(GET, "/api/titles/:id", title_detail, .query = audience_query, .id = "title");
 *
 *	static void
 *	title_detail(struct request *r)
 *	{
 *		title_reply(r, "titles/detail");
 *	}
 */
#ifndef WANZAMI_ROUTE_H
#define WANZAMI_ROUTE_H

#include "base/role.h"
#include "http/body.h"
#include "http/guard.h"
#include "http/query.h"
#include "http/request.h"

struct route {
	int			method;		/* HTTP_METHOD_*; a GET route also answers HEAD */
	const char		*path;		/* without a trailing slash; ":name" matches one segment, "*" at the end the rest of the path */
	/* Exactly one of the next two is set. */
	void			(*handler)(struct request *);	/* answers the request, at once or after waits */
	const char		*statement;	/* file of sql/query whose result is the response (http/sql.h) */

	int			roles;		/* the ROLE_* that serve the route; 0: ROLE_API */
	const char		*guard;		/* NULL: public; otherwise GUARD_* or a permission (http/guard.h) */
	int			strict;		/* the permission is required with ADMIN_PERMISSIONS=strict only; otherwise every administrator may use the route */
	int			shared;		/* the response is cached (http/response_cache.h) */
	int			pages;		/* the response can be long: it is sent page by page (http/pages.h) */
	int			vital;		/* exempt from the limit of requests in flight (http/admission.h) */
	int			password;	/* hashes a password; answers 503 while password threads have a long queue (MAX_PASSWORD_WAIT_MS) */
	int			mails;		/* a statement may add a mail to the outbox; the mail sender is woken after it */
	int			bearer;		/* the path has a token that suffices to use the URL: the log has the path of the declaration */
	int			slow;		/* reads many rows; its statements use the connection for slow statements (PG_SLOW, store/pg.h) */
	const char		*limit;		/* name of the rate limit (http/limit.h); NULL: none */
	const char		*id;		/* noun of the id in the first ":" segment, for error messages: "title"; NULL: the segment is not checked */
	const char		*id_wrong;	/* error message for an invalid id; NULL: "Invalid title id", "Missing title id" */
	const struct param	*query;		/* query parameters (http/query.h); NULL: the route reads none */
	const struct field	*fields;	/* fields of the body; NULL: the body is not checked */
	const char		*issues;	/* message of a response that lists field errors as issues; NULL: errors by field */
	const char		*unstorable;	/* error message for a body with U+0000, which PostgreSQL cannot store; NULL: "Invalid request" */
	int			raw;		/* the body is not parsed as JSON, regardless of its Content-Type */
	size_t			body_max;	/* limit of the body in bytes; 0: BODY_MAX */
};

#define ROUTE_NAME_(a, b)	a##b
#define ROUTE_NAME(a, b)	ROUTE_NAME_(a, b)
#define ROUTE_ENTRY(n, m, p, ...)					\
	static const struct route ROUTE_NAME(route_, n) = {		\
		.method = HTTP_METHOD_##m, .path = p, __VA_ARGS__ };	\
	static const struct route *const ROUTE_NAME(route_entry_, n)	\
	    __attribute__((used, section("routes"))) = &ROUTE_NAME(route_, n)
#define ROUTE_DECLARE(m, p, ...)	ROUTE_ENTRY(__COUNTER__, m, p, __VA_ARGS__)

/* Declares a route that a statement answers. */
#define ROUTE_SQL(m, p, s, ...)	ROUTE_DECLARE(m, p, .statement = s, ##__VA_ARGS__)

/* Declares a route that the function fn answers. fn is defined in the same file. */
#define ROUTE(m, p, fn, ...)						\
	static void	fn(struct request *);				\
	ROUTE_DECLARE(m, p, .handler = fn, ##__VA_ARGS__)

/*
 * Returns the route that the request line at the beginning of a request header
 * names, or NULL. http_input.c calls this once for each request and keeps the
 * result in the request. The header is complete, so that it has a line end.
 */
const struct route	*route_find(const char *head);

/*
 * Returns the limit of the body of a request to this route (NULL: to no route),
 * in bytes. head is its header, len bytes as received: without a valid access
 * token the limit of a guarded route is BODY_MAX, so that anonymous clients
 * cannot fill the memory.
 */
size_t	route_body_max(const struct route *, const char *head, size_t len);

/* Sets args of the request, which has a route. On error answers 400 and returns 0. */
int	route_args(struct request *);

/* Checks the id in the path (docs/compatibility.md#path-ids). On error returns 0 and stores the refusal with sql_refusal(). */
int	route_args_check(struct request *);

#endif
