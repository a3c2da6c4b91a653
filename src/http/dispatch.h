/*
 * Takes a request from Kore, finds its route, lets it pass body check, guard
 * and limits, and calls its handler. Event loop only.
 */
#ifndef WANZAMI_DISPATCH_H
#define WANZAMI_DISPATCH_H

#include <kore/kore.h>
#include <kore/http.h>

/* Handler of Kore's only route (kore.conf): called when a request is complete, and again whenever it has been woken. */
int	dispatch_request(struct http_request *);

#endif
