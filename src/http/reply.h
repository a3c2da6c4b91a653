/*
 * The one place that writes responses. If the client has disconnected, these
 * functions do nothing. Event loop only.
 */
#ifndef WANZAMI_REPLY_H
#define WANZAMI_REPLY_H

#include <kore/kore.h>
#include <kore/http.h>

struct request;

/* The CORS headers that all responses share, for behind another header's value (docs/compatibility.md#cors). */
#define REPLY_CORS_FOR(headers)									\
	"\r\nvary: Origin\r\naccess-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS\r\naccess-control-allow-headers: " headers
#define REPLY_CORS	REPLY_CORS_FOR("Content-Type, Authorization")

/* What every answer says of its connection. The functions below do it; whoever answers without them calls it first. */
void	reply_begin(struct request *);

/* A finished JSON document, copied; with status 204 there is none. Event loop only. */
void	reply_json(struct request *, int status, const void *body, size_t len);

/* 304 with the headers given so far; a length would be that of the document, which is not sent (RFC 9110 section 8.6). */
void	reply_not_modified(struct request *);

/* Answers 304 and returns 1 if the client has what the tag (http/etag.h) names. Event loop only. */
int	reply_unchanged(struct request *, const char *etag);

/*
 * The same as reply_json without a copy: etag is "" for none, and body must
 * stay until sent, whose argument is the netbuf with arg in its extra, is
 * called, which happens once. Event loop only.
 */
void	reply_shared_json(struct request *, int status, const char *etag, void *body, size_t len, int (*sent)(struct netbuf *), void *arg);

/* Replies {"message":text}; quotes, backslashes and control characters in text are escaped. */
void	reply_message(struct request *, int status, const char *text);

/* The headers of an answer that is or concerns an object, as browsers want them of S3 (docs/compatibility.md#bucket-cors). */
void	reply_object_headers(struct request *, const char *etag);

/* 302 to an address of today, without a body. */
void	reply_redirect(struct request *, const char *url);

/* The answer to every OPTIONS (docs/compatibility.md#cors). */
void	reply_preflight(struct request *);

#endif
