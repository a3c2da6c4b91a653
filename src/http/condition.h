/*
 * If-Match and If-None-Match of requests for stored objects (RFC 9110 §13.1).
 * etag.h has If-None-Match of JSON responses. Any thread.
 */
#ifndef WANZAMI_CONDITION_H
#define WANZAMI_CONDITION_H

#define CONDITION_STRONG	0	/* If-Match: a weak ETag never matches (RFC 9110 §8.8.3.2) */
#define CONDITION_WEAK		1	/* If-None-Match: W/ is ignored */

/*
 * Returns 1 if a list of ETags, the value of one of these headers, has the
 * object's ETag or is "*". etag is with its quotes, or NULL if there is no
 * object, which nothing matches. An ETag in the list may lack its quotes, as
 * S3 allows.
 */
int	condition_matches(const char *list, const char *etag, int comparison);

#endif
