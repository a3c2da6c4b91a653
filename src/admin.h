/*
 * The command `wanzami admin create`.
 */
#ifndef WANZAMI_ADMIN_H
#define WANZAMI_ADMIN_H

/*
 * Makes an administrator's account in the database. The password is the first
 * line of standard input; when there is none it is made up and printed, once.
 * Blocks. Returns the exit status, having said on standard error what was wrong.
 */
int	admin_create(const char *database_url, const char *email, const char *name, const char *role);

#endif
