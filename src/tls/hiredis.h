/*
 * TLS for hiredis connections, with hiredis's redisContextFuncs.
 */
#ifndef WANZAMI_HIREDIS_H
#define WANZAMI_HIREDIS_H

#include <hiredis/async.h>

#include "tls/roots.h"

/*
 * Starts TLS on a connected or connecting context on which nothing has been
 * sent yet: c of a synchronous one, &ac->c of an asynchronous one. The server's
 * certificate must be for host. roots must outlive the connection; NULL means
 * roots_all(). The handshake runs in the read and write callbacks; if it fails,
 * the connection fails. redisReconnect() does not support TLS: create a new
 * connection instead. Returns REDIS_OK, or REDIS_ERR with c->err set. Call on
 * the connection's thread.
 */
int	hiredis_tls(redisContext *c, const char *host, const struct roots *);

/* Returns the whole error of a connection (c->errstr is cut at 127 bytes). Valid until the connection is freed, also in its last callback. */
const char	*hiredis_tls_error(const redisContext *c);

#endif
