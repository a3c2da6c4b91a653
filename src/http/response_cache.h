/*
 * Response cache for public GET routes. Concurrent and repeated requests with
 * the same key share one statement and one response body, until the catalogue
 * changes (http/generation.h).
 */
#ifndef WANZAMI_RESPONSE_CACHE_H
#define WANZAMI_RESPONSE_CACHE_H

#include "http/request.h"

#define RESPONSE_CACHE_SEC	60	/* presigned URLs in a response lose at most so much of their time */

/*
 * Answers from the cache, or with a statement as sql_reply() does. The key is:
 * origin of URLs, statement, first segment of the path, country, maturity, the
 * query parameters that the route declares, and those of request_param(). The
 * statement must not depend on anything else of the request but its user, nor
 * on the time. seconds: for how long its result may be used, RESPONSE_CACHE_SEC
 * at most; 0: always run it.
 *
 * The statement runs without a user. If the request has one and the column
 * "everyone" of the result is false, it runs again for the user, and that
 * result is not cached. Event loop only.
 */
void	response_cache_reply(struct request *, const char *statement, int seconds);

#endif
