/*
 * TLS session cache in memory shared by all workers, so that a client can
 * resume its session in any worker. Sessions live for an hour.
 */
#ifndef WANZAMI_SESSION_CACHE_H
#define WANZAMI_SESSION_CACHE_H

#include <bearssl.h>

/* Maps the shared memory. Call once, in the parent, before the workers start; ends the process if that fails. */
void				sessions_init(void);

/* Returns the cache for br_ssl_server_set_cache(). Event loop only. */
const br_ssl_session_cache_class	**sessions_cache(void);

#endif
