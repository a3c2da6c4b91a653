/*
 * The route table. A handler is declared where it is written; the declarations
 * are collected from a linker section and matched here, not by Kore.
 */
#ifndef WANZAMI_ROUTE_H
#define WANZAMI_ROUTE_H

#include <kore/kore.h>
#include <kore/http.h>

/* What the path said where the declaration has ":id"; part of the request. */
struct route_args {
	const char	*id;
	size_t		len;
};

struct route {
	const char	*method;	/* as http_method_text() says it; GET answers HEAD too */
	const char	*path;		/* exact but for one ":id" segment, without a slash at the end */
	int		roles;		/* the ROLE_* that serve it */
	/* KORE_RESULT_OK when it has replied, else what sql_reply() returns. */
	int		(*handler)(struct http_request *, const struct route_args *);
};

#define ROUTE(fn, m, p, r)						\
	static int	fn(struct http_request *, const struct route_args *);	\
	static const struct route route_##fn				\
	    __attribute__((used, section("routes"))) = { m, p, r, fn };	\
	static int	fn(struct http_request *req, const struct route_args *args)

#define ROUTE_ID_MAX	24

/*
 * The id of the path as decimal text. When it is none (contract README 19) it
 * answers 400 "Invalid <what> id" or "Missing <what> id" and returns 0.
 */
int	route_id(struct http_request *, const struct route_args *, const char *what, char out[ROUTE_ID_MAX]);

/* Kore's one route ends here. Event loop only. */
int	route_entry(struct http_request *);

#endif
