/*
 * Brings a database to the release of this binary: sql/migrations and
 * sql/functions.
 */
#ifndef WANZAMI_MIGRATE_H
#define WANZAMI_MIGRATE_H

#define MIGRATE_MIGRATIONS	"sql/migrations/"
#define MIGRATE_FUNCTIONS	"sql/functions/"

/*
 * Applies the migrations that wanzami.migration does not name yet and the
 * functions that have changed, in one transaction; then creates indexes
 * without blocking writers (docs/database.md). Several processes may start at
 * once: one works, the others wait. Blocks; do not call it from an event loop.
 * Returns 0, or 1 after a log line that names the file and the error.
 */
int	migrate_run(const char *database_url);

/*
 * Returns the files of a folder, one of the two above, as the JSON array that
 * sql/migrate.sql takes: objects with "name", relative to the folder, and
 * "text". The caller frees it. Any thread.
 */
char	*migrate_files(const char *folder);

/* Returns the names of the migrations as a JSON array, as in wanzami.migration. The caller frees it. Any thread. */
char	*migrate_names(void);

#endif
