/*
 * The route table. A route is declared where it is written, with everything
 * that decides about it in one place; the declarations are collected from a
 * linker section and matched here, not by Kore.
 *
 *	static const struct field label_fields[] = { ... };
 *
 *	ROUTE_SQL(POST, "/api/auth/device-label", "auth/device-label",
 *	    .guard = GUARD_USER, .fields = label_fields);
 *
 *	ROUTE(POST, "/api/auth/login", auth_login, .fields = login_fields)
 *	{
 *		sql_query(r, "auth/login-find", login_found);
 *	}
 */
#ifndef WANZAMI_ROUTE_H
#define WANZAMI_ROUTE_H

#include "base/role.h"
#include "http/body.h"
#include "http/guard.h"
#include "http/request.h"

struct route {
	int			method;		/* HTTP_METHOD_*; GET answers HEAD too */
	const char		*path;		/* without a slash at the end; ":name" stands for one segment, "*" at the end for all that follows */
	/* Exactly one of the two: it replies, now or later; or the statement that makes the answer (http/sql.h). */
	void			(*handler)(struct request *);
	const char		*statement;

	int			roles;		/* the ROLE_* that serve it; 0 is ROLE_API */
	const char		*guard;		/* NULL: public; else GUARD_* or a permission (http/guard.h) */
	int			strict;		/* the permission counts with ADMIN_PERMISSIONS=strict only, else any admin will do */
	int			asks_country;	/* ?country= goes before what headers say of it */
	int			shared;		/* the statement looks at path, country, audience and part only (http/response_cache.h) */
	int			vital;		/* answered however busy the process is */
	int			password;	/* it hashes one, which takes a processor for long: refused when too many wait for that */
	int			mails;		/* what it does may leave a mail in the outbox: it goes out at once */
	int			slow;		/* a report over many rows: its statement does not share a connection with quick ones */
	const char		*limit;		/* attempts count under this name (http/limit.h); too many are refused */
	const char		*id;		/* the first ":" segment is the id of such a thing: "title" */
	const char		*id_wrong;	/* what is said of one that is none; NULL: "Invalid title id", "Missing title id" */
	const struct field	*fields;	/* of the body; NULL: it is passed on as it came */
	const char		*issues;	/* complaints about them are a list of issues under this message; NULL: texts by field */
	const char		*unstorable;	/* what is said of a body with U+0000, which no column takes; NULL: "Invalid request" */
	int			raw;		/* the body is none of JSON's, whatever its type says */
	size_t			body_max;	/* bytes; 0 is BODY_MAX */
};

#define ROUTE_NAME_(a, b)	a##b
#define ROUTE_NAME(a, b)	ROUTE_NAME_(a, b)
#define ROUTE_ENTRY(n, m, p, ...)					\
	static const struct route ROUTE_NAME(route_, n) = {		\
		.method = HTTP_METHOD_##m, .path = p, __VA_ARGS__ };	\
	static const struct route *const ROUTE_NAME(route_entry_, n)	\
	    __attribute__((used, section("routes"))) = &ROUTE_NAME(route_, n)
#define ROUTE_DECLARE(m, p, ...)	ROUTE_ENTRY(__COUNTER__, m, p, __VA_ARGS__)

#define ROUTE_SQL(m, p, s, ...)	ROUTE_DECLARE(m, p, .statement = s, ##__VA_ARGS__)
#define ROUTE(m, p, fn, ...)						\
	static void	fn(struct request *);				\
	ROUTE_DECLARE(m, p, .handler = fn, ##__VA_ARGS__);		\
	static void							\
	fn(struct request *r)

/* Finds the route and decodes its segments; answers 404 or 400 and returns 0 when it cannot. */
int	route_find(struct request *);

/* How many bytes the body of this request may have, before its route is looked for. */
size_t	route_body_max(const struct http_request *);

/*
 * The same for a request of which only the head has come. A guarded route takes
 * more than BODY_MAX of nobody who shows no token: memory is not for strangers.
 */
size_t	route_head_max(const char *head, size_t len);

/* What is said of a body with U+0000, before the route is looked for (docs/compatibility.md#unstorable-text). */
const char	*route_unstorable(const struct http_request *);

/* Whether the route of this request leaves its body alone. */
int	route_is_raw(const struct http_request *);

/* Whether the id is one (docs/compatibility.md#path-ids); if not, the refusal is noted (http/sql.h). */
int	route_args_check(struct request *);

#endif
