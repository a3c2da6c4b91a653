/*
 * What leaves the process: the one place that writes answers.
 */
#ifndef WANZAMI_REPLY_H
#define WANZAMI_REPLY_H

#include <kore/kore.h>
#include <kore/http.h>

/* What every answer says of its connection. The functions below do it; whoever answers without them calls it first. */
void	reply_begin(struct http_request *);

/* A finished JSON document, copied; with status 204 there is none. Event loop only. */
void	reply_json(struct http_request *, int status, const void *body, size_t len);

/* 304 with the headers given so far; a length would be that of the document, which is not sent (RFC 9110 section 8.6). */
void	reply_not_modified(struct http_request *);

/* Answers 304 and returns 1 if the client has what the tag (http/etag.h) names. Event loop only. */
int	reply_unchanged(struct http_request *, const char *etag);

/*
 * The same as reply_json without a copy: etag is "" for none, and body must
 * stay until sent, whose argument is the netbuf with arg in its extra, is
 * called, which happens once. Event loop only.
 */
void	reply_shared_json(struct http_request *, int status, const char *etag, void *body, size_t len, int (*sent)(struct netbuf *), void *arg);

/* {"message":text}; text must need no escaping. */
void	reply_message(struct http_request *, int status, const char *text);

/* The headers of an answer that is or concerns an object, as browsers want them of S3 (contract media §5.5). */
void	reply_object_headers(struct http_request *, const char *etag);

/* 302 to an address of today, without a body. */
void	reply_redirect(struct http_request *, const char *url);

/* The answer to every OPTIONS (contract people §1.2). */
void	reply_preflight(struct http_request *);

#endif
