/*
 * One answer for many: what a public statement returned is handed to all who
 * ask the same within a moment, and they share its bytes.
 */
#ifndef WANZAMI_RESPONSE_CACHE_H
#define WANZAMI_RESPONSE_CACHE_H

#include "http/request.h"

#define RESPONSE_CACHE_MS	100	/* how old an answer may get that others' changes have not reached */

/*
 * Answers with the route's statement as sql_reply does, or with what it
 * returned to somebody else up to RESPONSE_CACHE_MS ago. For statements that look at
 * path, country and audience only, and, where a client names one of them, at
 * limit, offset and q: that answer is for one. Event loop only.
 */
void	response_cache_reply(struct request *);

#endif
