/*
 * hiredis over TLS, by the functions that a hiredis connection lets one set.
 */
#ifndef WANZAMI_HIREDIS_H
#define WANZAMI_HIREDIS_H

#include <hiredis/async.h>

#include "tls/roots.h"

/*
 * Puts TLS on a connection, or one that is being made, on which nothing has
 * been sent yet: c of a synchronous one, &ac->c of an asynchronous one. The
 * server's certificate must name host. roots must outlive the connection;
 * NULL: roots_all(). The handshake goes on with reading and writing; when it
 * fails the connection does. Not for redisReconnect(), which knows no TLS:
 * make a new connection. Returns REDIS_OK, or REDIS_ERR with c->err set. The
 * thread of the connection.
 */
int	hiredis_tls(redisContext *c, const char *host, const struct roots *);

/* Why a connection failed, in full: c->errstr is cut at 127 bytes. Valid as long as the connection, also in its last callback. */
const char	*hiredis_tls_error(const redisContext *c);

#endif
