#include <stdio.h>
#include <string.h>

#include <kore/kore.h>

#include "base/embed.h"
#include "base/log.h"
#include "store/pg_files.h"
#include "store/script.h"

static struct pg_file	*files;
static size_t		nfiles;
static char		**statements;
static size_t		nstatements;

static void
file_load(struct pg_file *f)
{
	const char	*text = f->source->data;
	char		*statement;

	f->first = nstatements;
	while ((statement = script_next(&text)) != NULL) {
		statements = kore_realloc(statements, (nstatements + 1) * sizeof(*statements));
		statements[nstatements++] = statement;
	}
	f->count = nstatements - f->first;
}

/*
 * Loads a file at its first use, and a file of SQL_DIR again that has changed. The statements of a changed file become new ones; the old ones stay
 * prepared and are not used any more.
 */
static void
file_refresh(struct pg_file *f)
{
	int	changed = embed_reload(f->source);

	if (f->count > 0 && !changed)
		return;
	file_load(f);
	if (changed)
		log_event(LOG_LEVEL_INFO, "statement read again", LOG_S("statement", f->name));
}

void
pg_files_list(void)
{
	const struct embed_file	*sources = embed_prefix(SCRIPT_FOLDER, &nfiles);
	size_t			i;

	files = kore_calloc(nfiles, sizeof(*files));
	for (i = 0; i < nfiles; i++) {
		files[i].source = &sources[i];
		files[i].name = sources[i].name + strlen(SCRIPT_FOLDER);
	}
}

/* Finds a file by binary search, since files are sorted by name. */
static struct pg_file *
file_search(const char *name)
{
	size_t	low = 0, high = nfiles, middle, len = strlen(name);
	int	order;

	while (low < high) {
		middle = (low + high) / 2;
		order = strncmp(name, files[middle].name, len);
		if (order == 0)
			order = strcmp(".sql", files[middle].name + len);
		if (order == 0)
			return (&files[middle]);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	fatalx(SCRIPT_FOLDER "%s.sql does not exist", name);
}

const struct pg_file *
pg_file_find(const char *name)
{
	struct pg_file	*f = file_search(name);

	file_refresh(f);

	return (f);
}

const char *
pg_statement(size_t number)
{
	return (statements[number]);
}

size_t
pg_statement_count(void)
{
	return (nstatements);
}
