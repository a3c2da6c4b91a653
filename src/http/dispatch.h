/*
 * Request dispatcher: parses the body, applies admission control, guard, checks
 * and rate limit, and runs the handler or statement of the request's route.
 * Event loop only.
 */
#ifndef WANZAMI_DISPATCH_H
#define WANZAMI_DISPATCH_H

#include <kore/kore.h>
#include <kore/http.h>

/* Handles Kore's only route (kore.conf). Kore calls it when a request is complete, and again each time the request is woken. */
int	dispatch_request(struct http_request *);

#endif
