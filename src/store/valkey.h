/*
 * Asynchronous Valkey (or Redis) client for the event loop of a worker. Valkey
 * holds nothing that must survive: without it the service is slower, but
 * correct. Nothing here blocks, except valkey_check() and valkey_delete().
 *
 * All keys share the hash tag {q}. Only commands of managed serverless Valkey
 * are used. Event loop only.
 */
#ifndef WANZAMI_VALKEY_H
#define WANZAMI_VALKEY_H

#include <stddef.h>

#include <hiredis/hiredis.h>

struct valkey;

/* The reply belongs to hiredis and is valid until the callback returns; NULL if there is no connection or it failed. */
typedef void	(*valkey_done)(void *arg, const redisReply *reply);

/* Reads REDIS_URL. Returns NULL, or one line (static storage) that says what is wrong. Once, in the parent. */
const char	*valkey_configure(void);

/*
 * Opens a connection that lasts as long as the worker and reconnects after
 * growing pauses (0.1 s to 5 s). A command without a reply within timeout_ms
 * closes it. up (may be NULL) is called each time it is established. Without
 * up, commands wait for the end of the first attempt to connect, at most five
 * seconds, so that a worker that has just started does not count for itself what
 * all processes count.
 */
struct valkey	*valkey_open(int timeout_ms, void (*up)(void *arg), void *arg);

/* Returns this worker's shared connection, for commands that do not block in the server. The first call opens it. */
struct valkey	*valkey_shared(void);

/* Sends a command of argc words (copied). Calls done (may be NULL) exactly once; immediately, with NULL, after the connection is lost. */
void	valkey_command(struct valkey *, valkey_done done, void *arg, int argc, const char *const *argv);

/*
 * Connects, authenticates and sends PING; blocks, with a timeout of five seconds
 * for each step. Returns 1 and describes the server in why, or 0 with the error.
 * Not on the event loop.
 */
int	valkey_check(char *why, size_t len);

/*
 * Deletes the keys that match a pattern of SCAN. Connects and blocks like
 * valkey_check(); reads the names of all keys. Returns the number of deleted
 * keys, or -1 with the error in why. Not on the event loop.
 */
long	valkey_delete(const char *pattern, char *why, size_t len);

#endif
