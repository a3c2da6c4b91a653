/*
 * Passwords as the existing database keeps them: bcrypt, cost 10
 * (docs/compatibility.md#passwords), by musl's crypt on a Kore task.
 */
#ifndef WANZAMI_PASSWORD_H
#define WANZAMI_PASSWORD_H

#include "http/request.h"

#define PASSWORD_HASH_MAX	64
#define PASSWORD_WEAK		"Password too weak. Use at least 8 chars, upper, lower, number, and symbol."

/*
 * Hashes password, then calls next with the hash, which is gone when it
 * returns; not at all when the client has gone. Event loop only.
 */
void	password_hash(struct request *, const char *password, void (*next)(struct request *, const char *hash));

/*
 * Compares text with each of count hashes of any bcrypt flavour and calls next
 * with the index of the first that fits, or -1. Without any hash it takes as
 * long as with one, so that time does not tell. Event loop only.
 */
void	password_check(struct request *, const char *text, const char *const *hashes, int count,
	    void (*next)(struct request *, int index));

/* Returns 1 if the password is strong (docs/compatibility.md#passwords). Any thread. */
int	password_strong(const char *);

/* The same hash for a command, blocking; 0 when the system gives no randomness. */
int	password_make(const char *password, char out[PASSWORD_HASH_MAX]);

#endif
