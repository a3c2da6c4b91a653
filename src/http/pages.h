/*
 * Long lists: a response that is sent while its rows are read, so that neither
 * the worker nor PostgreSQL holds all of it. Event loop only.
 *
 * The statement of a route with .pages returns, besides status and body, the
 * column next. NULL: body is the whole response, and is answered as by
 * sql_reply(). Otherwise body is the beginning of the response, and the statement
 * runs again with next as $1 ->> 'after' when it has been sent: body is then what
 * follows, up to the row whose next is NULL. A page is to have some hundred
 * kilobytes. Each page is a transaction: go on by the key of the last row, not by
 * an offset.
 */
#ifndef WANZAMI_PAGES_H
#define WANZAMI_PAGES_H

#include "http/request.h"

/*
 * Answers with the route's statement. A response of several pages has the
 * chunked transfer coding (RFC 9112 §7.1), or ends with the connection if the
 * client wants it closed, as HTTP/1.0 clients do. It has no ETag and is not
 * compressed. If a later page fails, the connection is closed before the end of
 * the response.
 */
void	pages_reply(struct request *);

#endif
