/*
 * Password hashes: bcrypt, cost 10 (docs/compatibility.md#passwords), computed
 * by musl's crypt on a Kore task thread.
 */
#ifndef WANZAMI_PASSWORD_H
#define WANZAMI_PASSWORD_H

#include "http/request.h"

#define PASSWORD_HASH_MAX	64
#define PASSWORD_WEAK		"Password too weak. Use at least 8 chars, upper, lower, number, and symbol."

/*
 * Both functions answer 503 instead of queueing if the oldest task of the
 * client's network has waited longer than MAX_PASSWORD_WAIT_MS for a thread.
 * Networks take turns.
 */

/*
 * Hashes the password on a thread, then calls next with the hash, which is
 * valid until next returns. If the client disconnects meanwhile, next is not
 * called. Event loop only.
 */
void	password_hash(struct request *, const char *password, void (*next)(struct request *, const char *hash));

/*
 * Compares text with each of count bcrypt hashes of any version on a thread,
 * then calls next with the index of the first match, or -1. The hashes are
 * copied. With count 0 it takes as long as with one hash, so that the duration
 * does not reveal if an account exists. If the client disconnects meanwhile,
 * next is not called. Event loop only.
 */
void	password_check(struct request *, const char *text, const char *const *hashes, int count,
	    void (*next)(struct request *, int index));

/* Returns 1 if the password is strong (docs/compatibility.md#passwords). Any thread. */
int	password_strong(const char *);

/* Hashes a password and blocks meanwhile; for commands. Returns 0 if bcrypt fails. */
int	password_make(const char *password, char out[PASSWORD_HASH_MAX]);

#endif
