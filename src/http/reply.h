/*
 * Responses: headers, JSON bodies, redirects. If the client has disconnected,
 * these functions do nothing. Event loop only.
 */
#ifndef WANZAMI_REPLY_H
#define WANZAMI_REPLY_H

#include <kore/kore.h>
#include <kore/http.h>

struct request;

/* The CORS headers that all responses share, to be appended to another header's value (docs/compatibility.md#cors). */
#define REPLY_CORS_FOR(headers)									\
	"\r\nvary: Origin\r\naccess-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS\r\naccess-control-allow-headers: " headers
#define REPLY_CORS	REPLY_CORS_FOR("Content-Type, Authorization")

/*
 * Adds the headers of every response: Strict-Transport-Security and, while the
 * process drains, Connection: close. The functions below call it. A handler
 * that calls http_response() itself must call it first.
 */
void	reply_begin(struct request *);

/* Answers with a JSON document, which is copied. With status 204 no body is sent. */
void	reply_json(struct request *, int status, const void *body, size_t len);

/* Sends the header section of a JSON document of unknown length (200), chunked or up to the end of the connection; the caller sends the body. */
void	reply_stream(struct request *, int chunked);

/* Answers 304 with the headers added so far, and without Content-Length, which would be that of a 200 response (RFC 9110 §8.6). */
void	reply_not_modified(struct request *);

/* Answers 304 and returns 1 if the client has the ETag (http/etag.h) or has disconnected. Returns 0 otherwise. */
int	reply_unchanged(struct request *, const char *etag);

/* A body that is sent without being copied. It stays valid until sent() has been called with the netbuf, whose member extra is arg. */
struct reply_body {
	void	*data;
	size_t	len;
	int	gzip;	/* it has the gzip content coding */
	const char	*type;	/* Content-Type; NULL: JSON */
	int	(*sent)(struct netbuf *);
	void	*arg;
};

/* Answers with a body. etag is "" for none. Calls body->sent() exactly once. */
void	reply_shared(struct request *, int status, const char *etag, const struct reply_body *body);

/* Returns 1 if a response with that status and body length is to be compressed (http/encoding.h). */
int	reply_compresses(struct request *, int status, size_t len);

/* Answers with {"message":text}. Quotes, backslashes and control characters in text are escaped. */
void	reply_message(struct request *, int status, const char *text);

/* Adds the ETag and the CORS headers that browsers need for objects; they equal those of the S3 bucket (docs/compatibility.md#bucket-cors). */
void	reply_object_headers(struct request *, const char *etag);

/* Answers 302 to url, without a body and with no-store. */
void	reply_redirect(struct request *, const char *url);

/* Answers an OPTIONS request: 204 with the CORS headers (docs/compatibility.md#cors), which allow more for a local object (#bucket-cors). */
void	reply_preflight(struct request *, int local_object);

#endif
