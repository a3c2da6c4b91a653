/*
 * The TLS sessions that clients may resume, in memory that all workers share:
 * who comes back to another worker is known there too.
 */
#ifndef WANZAMI_SESSION_CACHE_H
#define WANZAMI_SESSION_CACHE_H

#include <bearssl.h>

/* Makes the memory. Once, in the parent, before the workers start; ends the process when there is none. */
void				sessions_init(void);

/* For br_ssl_server_set_cache(). Event loop only. */
const br_ssl_session_cache_class	**sessions_cache(void);

#endif
