/*
 * The command `wanzami admin create`.
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

#endif
