/*
 * Conversion of DATABASE_URL, as Prisma writes it, for libpq.
 */
#ifndef WANZAMI_PG_URL_H
#define WANZAMI_PG_URL_H

/*
 * Returns a copy of url without the parameters that libpq does not know
 * (Prisma's connection_limit and others), which the caller frees; NULL if url
 * is not a postgresql:// URL or memory is out. Writes the value of the parameter
 * schema to schema (default "public").
 */
char	*pg_url_clean(const char *url, char *schema, unsigned long schema_len);

#endif
