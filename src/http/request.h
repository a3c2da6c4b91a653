/*
 * One request of the API: what is known about it, the memory that goes with
 * it, and its life when client and work end in either order. Event loop only,
 * all of it.
 *
 * A handler that has to wait calls request_wait() and returns. The callback
 * that ends the wait calls request_resume(), and at its end request_settle().
 * request_resume() is the only way back into a request, and the only place
 * that decides if somebody still waits for the response.
 */
#ifndef WANZAMI_REQUEST_H
#define WANZAMI_REQUEST_H

#include <stdint.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "base/json.h"
#include "http/client.h"

#define REQUEST_ARGS_MAX	2

struct route;

struct request {
	struct http_request	*kore;		/* NULL after Kore has freed its half; see request_present() */
	const struct route	*route;
	struct client		client;
	const char		*path;		/* as the client sent it, without the query string */
	char			*args[REQUEST_ARGS_MAX];	/* the ":" segments of the path, percent-decoded */
	char			*user_id;	/* of a verified token, else NULL */
	char			*device_id;
	struct json		json;		/* the body; count is 0 without one */
	void			*state;		/* what a handler keeps between its steps; from request_alloc */
	const char		*body;		/* the body as the declaration wants it, "{}" without one */
	char			id[33];		/* names the request in the log */
	char			trace[48];	/* the trace of a load balancer or client that it belongs to; "" without one */

	/* request.c's own */
	struct kore_buf		extra;
	const char		*url;
	int			waits;
	int			persists;
	int			answered;	/* the response has been handed to Kore */
	int			counted;	/* among those in flight (http/admission.h) */
	u_int64_t		since;
	struct block		*blocks;

	/* sql.c's own */
	const char		*known;		/* the part of $1 that no step of the handler changes */
	int			refusal_status;
	const char		*refusal_body;
#if defined(HANGUP_HOOK)
	int			awaits;		/* request_wait() calls so far (http/hangup.h) */
#endif
};

/* Makes the request of a Kore request whose head and body have been received. */
struct request	*request_new(struct http_request *);

/* Number of requests of this worker that are not over, with those whose client has disconnected while work goes on. */
int	request_open(void);

/* Kore's on_free callback: Kore frees its half; ours lives until the last wait is over. */
void	request_forget(struct http_request *);

/* Memory that is gone with the request; never NULL, zeroed. */
void	*request_alloc(struct request *, size_t);
char	*request_copy(struct request *, const char *);
char	*request_format(struct request *, const char *, ...) __attribute__((format(printf, 2, 3)));

/* Returns path and query string as the client sent them. Belongs to the request. */
const char	*request_url(struct request *);

/* The body's text field of that name, without escapes; NULL without it. Belongs to the request. */
const char	*request_text(struct request *, const char *field);

/* Adds a text (NULL is null) to what statements see as $1 ->> 'name'. */
void	request_param(struct request *, const char *name, const char *value);

/* Returns 1 while the client can still be sent a response: until Kore closes its connection or has freed the request. */
int	request_present(const struct request *);

/* Begins a wait. Exactly one request_resume() must follow, from the event loop. */
void	request_wait(struct request *);

/* Begins a wait for another server, whose duration says nothing about the load of this process (http/admission.h). */
void	request_wait_outside(struct request *);

/*
 * Ends a wait. Returns 1 if the handler goes on. Returns 0 if the client has
 * disconnected: the request may then have been freed and must not be touched.
 */
int	request_resume(struct request *);

/*
 * From here on the handler runs to its end even if the client disconnects, so
 * that a change which has begun outside the database is finished:
 * request_resume() returns 1 and responses are dropped. r->kore may then be
 * NULL; call sql_query() or sql_call() once before, which reads from the Kore
 * request what statements see of it.
 */
void	request_persist(struct request *);

/* Ends a step after request_resume() returned 1: passes a response on to Kore. The request may be gone afterwards. */
void	request_settle(struct request *);

#endif
