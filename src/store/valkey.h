/*
 * Valkey (or Redis) for the event loop of one worker. It only ever carries
 * hints: when it is away everything is slower and nothing is wrong, so nobody
 * waits for it and nothing here blocks.
 *
 * All keys share the hash tag {q}, and only commands are used that a managed
 * serverless Valkey allows. Event loop only.
 */
#ifndef WANZAMI_VALKEY_H
#define WANZAMI_VALKEY_H

#include <stddef.h>

#include <hiredis/hiredis.h>

struct valkey;

/* The reply, hiredis's and gone after the call; NULL when the server did not answer. */
typedef void	(*valkey_done)(void *arg, const redisReply *reply);

/* Reads REDIS_URL. Returns NULL, or one line (static storage) that says what is wrong. Once, in the parent. */
const char	*valkey_configure(void);

/*
 * A connection that is made again, after growing pauses, for as long as the
 * worker lives. An answer that takes longer than patience_ms ends it. up
 * (may be NULL) is called each time it is there.
 */
struct valkey	*valkey_open(int patience_ms, void (*up)(void *arg), void *arg);

/* The one connection of this worker for commands that are answered at once; made with the first call. */
struct valkey	*valkey_shared(void);

/* Sends a command of argc words (copied). done (may be NULL) is called exactly once; at once, with NULL, when there is no connection. */
void	valkey_command(struct valkey *, valkey_done done, void *arg, int argc, const char *const *argv);

/* Connects, signs in and asks once, and waits for it, ten seconds at most. 1 and what the server is, or 0 and why not. No event loop. */
int	valkey_check(char *why, size_t len);

#endif
