/*
 * Files embedded in the binary: everything under sql/ and assets/.
 */
#ifndef WANZAMI_EMBED_H
#define WANZAMI_EMBED_H

#include <stddef.h>

struct embed_file {
	const char	*name;		/* path from the top of the tree, such as "sql/schema/0001_contract.sql" */
	const char	*data;		/* followed by a NUL that is not counted in len */
	size_t		len;
};

/* Returns the file with that name, or NULL. Any thread. */
const struct embed_file	*embed_find(const char *name);

/* Returns the first of the files whose names begin with prefix, sorted by name, and their count; NULL if there is none. Any thread. */
const struct embed_file	*embed_prefix(const char *prefix, size_t *count);

#endif
