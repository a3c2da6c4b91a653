/*
 * The command `wanzami database url --libpq`.
 */
#ifndef WANZAMI_DATABASE_URL_H
#define WANZAMI_DATABASE_URL_H

/*
 * Prints DATABASE_URL for programs that use libpq (psql, pg_dump): without the
 * parameters that only Prisma knows, and with the CA of the server as a file. If
 * DATABASE_CA_PEM is set, its certificates are written to ca_file, which must not
 * be NULL. Returns the exit status: 0, or 1 after an error message on standard
 * error.
 */
int	database_url_print(const char *ca_file);

#endif
