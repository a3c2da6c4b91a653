/*
 * Looks files up in the sorted table that build/embed.sh makes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"

extern const struct embed_file	embed_table[];
extern const size_t		embed_count;

static int
name_compare(const void *name, const void *file)
{
	return (strcmp(name, ((const struct embed_file *)file)->name));
}

const struct embed_file *
embed_find(const char *name)
{
	return (bsearch(name, embed_table, embed_count, sizeof(*embed_table), name_compare));
}

const struct embed_file *
embed_prefix(const char *prefix, size_t *count)
{
	size_t	i, first, len;

	len = strlen(prefix);
	for (first = 0; first < embed_count; first++) {
		if (!strncmp(embed_table[first].name, prefix, len))
			break;
	}
	for (i = first; i < embed_count && !strncmp(embed_table[i].name, prefix, len); i++)
		continue;
	*count = i - first;

	return (*count > 0 ? &embed_table[first] : NULL);
}
