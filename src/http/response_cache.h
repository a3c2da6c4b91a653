/*
 * Response cache for public GET routes. Concurrent and repeated requests with
 * the same key share one statement and one response body.
 */
#ifndef WANZAMI_RESPONSE_CACHE_H
#define WANZAMI_RESPONSE_CACHE_H

#include "http/request.h"

#define RESPONSE_CACHE_MS	100	/* time to live; a change by a worker of the same parent invalidates all entries at once */

/*
 * Answers from the cache, or with the route's statement as sql_reply() does.
 * The key is: base URL, statement, first segment of the path, country,
 * maturity, and the query parameters that the route declares. The statement
 * must not depend on anything else of the request. Event loop only.
 */
void	response_cache_reply(struct request *);

#endif
