/*
 * A request of the API: its properties, its memory, and its lifetime if the
 * client disconnects while work is in progress. Event loop only.
 *
 * A handler that has to wait calls request_wait() and returns. The callback
 * that ends the wait calls request_resume() first and request_settle() last.
 * request_resume() is the only place that decides if the handler continues.
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
	struct http_request	*kore;		/* NULL after Kore has freed it; see request_present() */
	const struct route	*route;		/* NULL: no route has this method and path */
	size_t			body_max;	/* limit of the body in bytes, also after decompression */
	struct client		client;
	const char		*path;		/* as the client sent it, without the query string */
	char			*args[REQUEST_ARGS_MAX];	/* the ":" segments of the path, percent-decoded */
	char			*user_id;	/* from a verified access token, otherwise NULL */
	char			*device_id;	/* from the same token */
	char			*session;	/* from the same token, or NULL (http/token.h) */
	int64_t			issued;		/* from the same token, or -1 */
	struct json		json;		/* the parsed body; count is 0 without one */
	void			*state;		/* the handler's own data between its steps; allocate it with request_alloc() */
	const char		*cache;		/* Cache-Control of the response; NULL: docs/compatibility.md#cache-headers */
	const char		*vary;		/* further request headers that decide about the response to an audience: ", NAME"; NULL: none */
	const char		*body;		/* the checked body as JSON, "{}" without one */
	const char		*query;		/* the declared query parameters as JSON (query_check()), "{}" without any */
	char			id[33];		/* request id: X-Request-ID if valid, otherwise generated */
	char			trace[48];	/* trace id of the load balancer or client; "" without one */
	uint64_t		bytes;		/* of the response's body, for the log; 0 without one */

	/* private to request.c */
	struct kore_buf		extra;		/* members of $1 that request_param() has added */
	const char		*url;
	int			waits;		/* waits in progress */
	int			persists;	/* request_persist() was called */
	int			answered;	/* the response has been handed to Kore */
	int			counted;	/* counted as in flight (http/admission.h) */
	u_int64_t		since;		/* when the whole request had arrived, in ms of kore_time_ms(); 0 before */
	struct block		*blocks;

	int			guessed;	/* private to limit.c: the account-wide count includes this attempt */

	/* private to sql.c */
	const char		*known;		/* the part of $1 that is the same for all statements of the request */
	int			refusal_status;
	const char		*refusal_body;
#if defined(HANGUP_HOOK)
	int			awaits;		/* request_wait() calls so far (http/hangup.h) */
#endif
};

/*
 * Creates the request for a Kore request whose header has been received, with
 * the route that its header has been found to name and the limit of its body.
 */
void	request_new(struct http_request *, const struct route *, size_t body_max);

/* Begins the work on a request whose body has been received, too: the time is measured from here. */
void	request_begin(struct request *);

/* Returns the number of requests in this worker's memory, including those whose client has disconnected while work is in progress. */
int	request_open(void);

/* Kore's on_free callback: detaches the request from its Kore request. The request is freed when its last wait has ended. */
void	request_forget(struct http_request *);

/* Allocates zeroed memory that is freed with the request. Never returns NULL. */
void	*request_alloc(struct request *, size_t);

/* Copies or formats a text into memory of the request. */
char	*request_copy(struct request *, const char *);
char	*request_format(struct request *, const char *, ...) __attribute__((format(printf, 2, 3)));

/* Returns path and query string as the client sent them; owned by the request. */
const char	*request_url(struct request *);

/* Returns the path for the log: as the client sent it, or that of the declaration if it has a token (route.h, bearer). */
const char	*request_log_path(const struct request *);

/* Returns a string field of the body, unescaped and owned by the request. Returns NULL if the field is missing or not a string. */
const char	*request_text(struct request *, const char *field);

/* Adds a string to $1 of the request's later statements, which read it as $1 ->> 'name'. NULL is added as JSON null. */
void	request_param(struct request *, const char *name, const char *value);

/* Returns 1 while a response can be sent: until Kore begins to close the connection or has freed the request. */
int	request_present(const struct request *);

/* Begins a wait. Exactly one request_resume() must follow, from the event loop. */
void	request_wait(struct request *);

/*
 * Begins a wait for another server, or in a queue with a limit of its own. The request no longer counts as in flight, and its duration is
 * not measured (http/admission.h).
 */
void	request_wait_outside(struct request *);

/*
 * Ends a wait. Returns 1 if the handler continues. Returns 0 if the client has
 * disconnected; the request may then have been freed and must not be used.
 */
int	request_resume(struct request *);

/*
 * Lets the handler run to its end even if the client disconnects, so that a
 * change outside the database is completed: request_resume() then returns 1
 * and responses are dropped. r->kore may be NULL from then on. Call sql_query()
 * or sql_call() once before, because the first call builds $1 from the Kore
 * request.
 */
void	request_persist(struct request *);

/* Ends a step after request_resume() has returned 1: passes a response to Kore. The request may have been freed afterwards. */
void	request_settle(struct request *);

#endif
