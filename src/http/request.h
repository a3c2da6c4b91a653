/*
 * One request of the API from its first byte read to its answer: what is known
 * about it, and the memory that goes with it. Event loop only, all of it.
 */
#ifndef WANZAMI_REQUEST_H
#define WANZAMI_REQUEST_H

#include <stdint.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "base/json.h"

#define REQUEST_ARGS_MAX	2

struct route;

struct request {
	struct http_request	*kore;		/* NULL once the client has gone; then nothing can be answered */
	const struct route	*route;
	char			*args[REQUEST_ARGS_MAX];	/* the ":" segments of the path, percent-decoded */
	char			*user_id;	/* of a verified token, else NULL */
	char			*device_id;
	struct json		json;		/* the body; count is 0 without one */
	void			*state;		/* what a handler keeps between its steps; from request_alloc */
	const char		*body;		/* the body as the declaration wants it, "{}" without one */
	char			id[33];		/* names the request in the log */
	char			trace[48];	/* names what it is part of elsewhere; "" when nobody said */

	/* request.c's own */
	struct kore_buf		extra;
	int			waits;
	int			counted;	/* among those in flight (http/load.h) */
	int			refusal_status;
	const char		*refusal_body;
	u_int64_t		since;
	struct block		*blocks;
};

/* Kore's one route ends here, and its requests end in request_forget. */
int	request_entry(struct http_request *);
void	request_forget(struct http_request *);

/* Memory that is gone with the request; never NULL, zeroed. */
void	*request_alloc(struct request *, size_t);
char	*request_copy(struct request *, const char *);
char	*request_format(struct request *, const char *, ...) __attribute__((format(printf, 2, 3)));

/* Path and query as they were asked for. Belongs to the request. */
const char	*request_url(struct request *);

/* The body's text field of that name, without escapes; NULL without it. Belongs to the request. */
const char	*request_text(struct request *, const char *field);

/* Adds a text (NULL is null) to what statements see as $1 ->> 'name'. */
void	request_tell(struct request *, const char *name, const char *value);

/*
 * For what ends later: the request sleeps after request_wait. When it is
 * over, request_resume tells whether anybody is still there to answer; if not,
 * the request is gone and must not be touched.
 */
void	request_wait(struct request *);
int	request_resume(struct request *);
/* The same for what somebody else takes as long as they like for: how long it lasts is no sign of too much work here (http/load.h). */
void	request_wait_outside(struct request *);
/* After the continuation has run: lets Kore go on when it has replied. */
void	request_settle(struct request *);

#endif
