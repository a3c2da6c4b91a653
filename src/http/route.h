/*
 * The route table. A handler is declared where it is written; the declarations
 * are collected from a linker section and matched here, not by Kore.
 */
#ifndef WANZAMI_ROUTE_H
#define WANZAMI_ROUTE_H

#include <kore/kore.h>
#include <kore/http.h>

struct route {
	const char	*method;	/* as http_method_text() says it; GET answers HEAD too */
	const char	*path;		/* exact, without a slash at the end */
	int		roles;		/* the ROLE_* that serve it */
	int		(*handler)(struct http_request *);	/* KORE_RESULT_OK when it has replied, else what sql_reply() returns */
};

#define ROUTE(fn, m, p, r)						\
	static int	fn(struct http_request *);			\
	static const struct route route_##fn				\
	    __attribute__((used, section("routes"))) = { m, p, r, fn };	\
	static int	fn(struct http_request *req)

/* Kore's one route ends here. Event loop only. */
int	route_entry(struct http_request *);

#endif
