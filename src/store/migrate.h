/*
 * Brings a database to the schema that the binary carries in sql/schema.
 */
#ifndef WANZAMI_MIGRATE_H
#define WANZAMI_MIGRATE_H

/*
 * Applies every numbered file that wanzami.migration does not name yet, each in
 * a transaction of its own, all under one advisory lock: several processes may
 * start at once. Adopts a database that already holds the old service's tables
 * (docs/compatibility.md#database-adoption). Blocks; never call it from an
 * event loop. Returns 0, or 1 after a log line that says which file failed and
 * why.
 */
int	migrate_run(const char *database_url);

#endif
