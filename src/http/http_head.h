/*
 * The header section of a request (RFC 9112 §3, §5) before Kore parses it.
 * Pure: any thread.
 */
#ifndef WANZAMI_HTTP_HEAD_H
#define WANZAMI_HTTP_HEAD_H

#include <stddef.h>

#define HTTP_HEAD_ORIGIN_MAX	256	/* bytes of an Origin that a refusal repeats, its NUL included */

struct http_head {
	size_t		len;		/* of the rewritten header section, with its empty line */
	size_t		body;		/* Content-Length, 0 without one */
	int		close;		/* the client wants the connection closed: Connection: close, or HTTP/1.0 */
	int		reads_body;	/* Kore reads a body after this method */
};

/*
 * Rewrites the header section (request line, header lines, empty line) of len
 * bytes in place: drops headers that the service does not read and those with
 * an empty value, and gives a POST, PUT or PATCH without a body a
 * Content-Length of 0. size is the room in the buffer; body_max limits
 * Content-Length. Returns 0 and fills out, or returns the status of the refusal.
 */
int	http_head_rewrite(char *head, size_t len, size_t size, size_t body_max, struct http_head *out);

/* Copies the value of Origin from the part of a header section that has arrived; "*" if it has none that can be repeated. */
void	http_head_origin(const char *head, size_t len, char out[HTTP_HEAD_ORIGIN_MAX]);

#endif
