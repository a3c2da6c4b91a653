/*
 * Files embedded in the binary: everything under sql/ and assets/. In
 * development a folder can take the place of those under sql/ (SQL_DIR).
 */
#ifndef WANZAMI_EMBED_H
#define WANZAMI_EMBED_H

#include <stddef.h>

struct embed_file {
	const char	*name;		/* path from the top of the tree, such as "sql/query/guard.sql" */
	const char	*data;		/* followed by a NUL that is not counted in len */
	size_t		len;
};

/* Returns the file with that name, or NULL. Any thread. */
const struct embed_file	*embed_find(const char *name);

/* Returns the first of the files whose names begin with prefix, sorted by name, and their count; NULL if there is none. Any thread. */
const struct embed_file	*embed_prefix(const char *prefix, size_t *count);

/*
 * Replaces all files whose names begin with prefix by the *.sql files below
 * folder, which are read now. None of the embedded ones may be missing. Call at
 * most once, before threads and workers start; prefix must stay valid. Returns
 * NULL, or one line (static storage) that names what cannot be read.
 */
const char	*embed_overlay(const char *prefix, const char *folder);

/*
 * Reads a file of the overlay again if its modification time or size has
 * changed and it is not empty. Returns 1 if it has been read; the old text stays
 * allocated, since others may still use it. Always 0 for embedded files. Event
 * loop only.
 */
int	embed_reload(const struct embed_file *);

#endif
