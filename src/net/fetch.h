/*
 * One HTTP or HTTPS request to another server and its response, over libcurl.
 */
#ifndef WANZAMI_FETCH_H
#define WANZAMI_FETCH_H

#include <stddef.h>
#include <stdint.h>

#define FETCH_HEADERS_MAX	8192		/* bytes; a header line that does not fit is dropped */
#define FETCH_RESPONSE_MAX	(4u << 20)	/* bytes; a longer response is an error */

struct fetch {
	/* Request, set by the caller. */
	const char		*method;
	const char		*url;
	const char		*const *headers;	/* "name: value" each, ended by NULL; may be NULL */
	const void		*body;			/* NULL: none */
	size_t			body_len;
	void			*into;			/* receives the body of a 2xx response instead of response; may be NULL */
	size_t			into_size;
	int			tries;			/* attempts; 0 is 1. More than 1 only for idempotent requests */
	int			seconds;		/* limit for all attempts and pauses; 0 is 30 */
	int			(*canceled)(void *);	/* may be NULL; called at least once a second, on the calling thread */
	void			*ctx;

	/* Response. */
	int			status;			/* 0 if no response was received */
	int			sent;			/* requests sent; if more than 1, the server may have executed several */
	int			was_canceled;
	int			into_full;		/* the response body was larger than into_size */
	size_t			into_len;
	char			*response;		/* body, followed by a NUL that response_len does not count */
	size_t			response_len;
	char			response_headers[FETCH_HEADERS_MAX];
	size_t			response_headers_len;
	char			error[256];		/* one line; set if no response was received */
};

/*
 * Sends the request and blocks until the whole response has been received.
 * Does not follow redirects. Repeats the request after a connection error, a
 * timeout or a status of 429, 500, 502, 503 or 504, with growing pauses, within
 * tries and seconds. Returns 1 if a response was received, whatever its status;
 * else 0 with error set. Call fetch_free() in both cases.
 *
 * Any thread except the event loop's. Each thread keeps its connections for its
 * next calls. The certificate of an https server must be issued by a CA of
 * roots_all() (tls/roots.h) for the host name or IP address of the URL.
 */
int	fetch_perform(struct fetch *);
void	fetch_free(struct fetch *);

/* Copies a response header's value without surrounding blanks. Returns 0 if the header is missing or does not fit. */
int	fetch_header(const struct fetch *, const char *name, char *value, size_t size);

#endif
