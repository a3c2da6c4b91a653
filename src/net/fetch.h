/*
 * One HTTP or HTTPS request to another server and its answer, over libcurl.
 */
#ifndef WANZAMI_FETCH_H
#define WANZAMI_FETCH_H

#include <stddef.h>
#include <stdint.h>

#define FETCH_HEADERS_MAX	8192
#define FETCH_ANSWER_MAX	(4u << 20)

struct fetch {
	/* The question. */
	const char		*method;
	const char		*url;
	const char		*const *headers;	/* "name: value" each, ended by NULL; may be NULL */
	const void		*body;			/* NULL: none */
	size_t			body_len;
	void			*into;			/* takes the body of an answer 2xx instead of answer; may be NULL */
	size_t			into_size;
	int			tries;			/* 0 and 1: once; more only for what may safely be repeated */
	int			seconds;		/* bound of it all; 0 is 30 */
	int			(*canceled)(void *);	/* may be NULL; asked at least once a second, on the calling thread */
	void			*ctx;

	/* The answer. */
	int			status;			/* 0 when there is none */
	int			sent;			/* requests that were sent; an earlier one may have been obeyed, too */
	int			was_canceled;
	int			into_full;		/* the answer did not fit into */
	size_t			into_len;
	char			*answer;		/* with a NUL behind answer_len; at most FETCH_ANSWER_MAX */
	size_t			answer_len;
	char			headers_got[FETCH_HEADERS_MAX];
	size_t			headers_len;
	char			error[256];		/* why there is no answer, in one line */
};

/*
 * Asks and waits for the whole answer. Redirects are not followed. A lost
 * connection, a time-out, and the statuses 429, 500, 502, 503 and 504 are
 * tried again with growing pauses, as far as tries and seconds allow. Returns
 * 1 when there is an answer, whatever its status. fetch_free either way.
 *
 * Any thread but the event loop's; each thread keeps its own connections for
 * its next calls. The certificate of an https server must name the host, be it a
 * name or an address, and come from an authority of roots_all() (tls/roots.h).
 */
int	fetch_perform(struct fetch *);
void	fetch_free(struct fetch *);

/* A header of the answer, without blanks around its value. Returns 0 without it, or when it does not fit. */
int	fetch_header(const struct fetch *, const char *name, char *value, size_t size);

#endif
