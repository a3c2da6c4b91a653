/*
 * The files that the binary carries: everything under sql/ and assets/.
 */
#ifndef WANZAMI_EMBED_H
#define WANZAMI_EMBED_H

#include <stddef.h>

struct embed_file {
	const char	*name;		/* path from the top of the tree, such as "sql/schema/0001_contract.sql" */
	const char	*data;		/* followed by a NUL that len does not count */
	size_t		len;
};

/* The file of that name, or NULL. Any thread. */
const struct embed_file	*embed_find(const char *name);

/* The first file whose name begins with prefix, and how many follow each other that do; sorted by name. */
const struct embed_file	*embed_prefix(const char *prefix, size_t *count);

#endif
