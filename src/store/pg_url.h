/*
 * DATABASE_URL as other clients write it, made fit for libpq.
 */
#ifndef WANZAMI_PG_URL_H
#define WANZAMI_PG_URL_H

/*
 * Copies url without the parameters that libpq does not know (Prisma's
 * connection_limit and the like); schema=NAME is put into schema (default
 * "public"). The caller frees the copy. NULL when url is not a postgres URL.
 */
char	*pg_url_clean(const char *url, char *schema, unsigned long schema_len);

#endif
