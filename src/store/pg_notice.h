/*
 * Notices and warnings of the PostgreSQL server, which libpq would print as they are.
 */
#ifndef WANZAMI_PG_NOTICE_H
#define WANZAMI_PG_NOTICE_H

#include <libpq-fe.h>

/* Logs the notices of a connection from now on, on the thread that uses it. A connection that is NULL is ignored. */
void	pg_notice_log(PGconn *db);

#endif
