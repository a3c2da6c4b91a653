/*
 * The header section of a request (RFC 9112 §3, §5) before Kore parses it.
 * Any thread.
 */
#ifndef WANZAMI_HTTP_HEAD_H
#define WANZAMI_HTTP_HEAD_H

#include <stddef.h>

#define HTTP_HEAD_ORIGIN_MAX	256	/* bytes of an Origin that a refusal repeats, its NUL included */

#define HTTP_HEAD_GROWTH	24	/* bytes by which http_head_rewrite() may lengthen a header section */

struct http_head {
	size_t		len;		/* of the rewritten header section, with its empty line */
	size_t		body;		/* Content-Length, 0 without one */
	int		measured;	/* the request has a Content-Length */
	int		close;		/* the client wants the connection closed: Connection: close, or HTTP/1.0 */
	int		reads_body;	/* Kore reads a body after this method */
	int		chunked;	/* the body has the chunked transfer coding (http/chunked.h) */
	int		expects;	/* the client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1) */
};

/*
 * Brings a header section (request line, header lines, empty line) of len bytes
 * into the form that Kore reads: an absolute-form target becomes Host and a
 * path (RFC 9112 §3.2.2), "OPTIONS *" a path, and HTTP/1.0 becomes HTTP/1.1
 * with Host and Connection: close. Returns 0 if it has this form already, or if
 * http_head_rewrite() will refuse it; otherwise returns 1 and sets out to a text
 * of out_len bytes, which the caller frees with kore_free().
 */
int	http_head_normalize(const char *head, size_t len, char **out, size_t *out_len);

/*
 * Rewrites the header section (request line, header lines, empty line) of len
 * bytes in place: drops headers that the service does not read and those with
 * an empty value, and gives a POST, PUT or PATCH without a body a
 * Content-Length of 0. A chunked body gets none. size is the room in the
 * buffer; body_max limits Content-Length. Returns 0 and fills out, or returns the status of the refusal.
 */
int	http_head_rewrite(char *head, size_t len, size_t size, size_t body_max, struct http_head *out);

/* Copies the value of Origin from the part of a header section that has arrived; "*" if it has none that can be repeated. */
void	http_head_origin(const char *head, size_t len, char out[HTTP_HEAD_ORIGIN_MAX]);

#endif
