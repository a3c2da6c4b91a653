/*
 * The commands `wanzami admin create` and `wanzami admin unlock`.
 */
#ifndef WANZAMI_ADMIN_H
#define WANZAMI_ADMIN_H

/*
 * Creates an administrator's account in the database. The password is the first
 * line of standard input; without one, a password is generated and printed to
 * standard output. Blocks. Returns the exit status: 0, or 1 after an error
 * message on standard error.
 */
int	admin_create(const char *database_url, const char *email, const char *name, const char *role);

/*
 * Deletes the counters of attempts on an account from Valkey (http/limit.h), so
 * that no network is refused or delayed any more. Blocks. Returns the exit
 * status: 0, or 1 after an error message on standard error.
 */
int	admin_unlock(const char *email);

#endif
