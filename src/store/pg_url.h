/*
 * Conversion of DATABASE_URL, as Prisma writes it, for libpq.
 */
#ifndef WANZAMI_PG_URL_H
#define WANZAMI_PG_URL_H

/* target_session_attrs of all connections, unless DATABASE_URL has another: a standby or a read-only primary is not connected to. */
#define PG_SESSION_ATTRS	"read-write"

/* SQLSTATE of a server that refuses to write: the connection is closed, since after a failover the name may lead to the new primary. */
#define PG_READ_ONLY	"25006"

/* SQLSTATE of a server whose disk is full. */
#define PG_DISK_FULL	"53100"

/* Message for a URL that pg_url_clean() refuses. */
#define PG_URL_WRONG	"DATABASE_URL is missing or wrong; it must be postgresql://user:password@host:port/database, " \
			    "with each special character of user and password percent-encoded (%40 for @)"

/*
 * Returns a copy of url without the parameters that libpq does not know
 * (Prisma's connection_limit and others), which the caller frees; NULL if url
 * is not a postgresql:// URL with a valid host, port and database, or memory is
 * out. A message about it must not quote the URL, since parts of a password that
 * is not percent-encoded can be anywhere in it. Writes the value of the parameter
 * schema to schema (default "public").
 */
char	*pg_url_clean(const char *url, char *schema, unsigned long schema_len);

#endif
