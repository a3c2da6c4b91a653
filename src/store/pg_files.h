/*
 * The files of sql/query and their statements, for the connections of a worker. Main thread.
 */
#ifndef WANZAMI_PG_FILES_H
#define WANZAMI_PG_FILES_H

#include <stddef.h>

/* A file whose statements have the numbers from first, count of them. Valid for the life of the process. */
struct pg_file {
	const struct embed_file	*source;
	const char		*name;		/* without folder; ends with .sql */
	size_t			first;
	size_t			count;		/* 0 before the first use */
};

/* Lists the files. Call once, before the first pg_file_find(). */
void			pg_files_list(void);

/*
 * Returns a file by its name without ".sql", with its statements loaded; ends the
 * process if it does not exist. A file of SQL_DIR that has changed is read again:
 * its statements get new numbers, and the old ones are not used any more.
 */
const struct pg_file	*pg_file_find(const char *name);

/* Returns the text of a statement. Owned by this module; valid for the life of the process. */
const char		*pg_statement(size_t number);

/* Returns the number of statements that have been loaded, which only grows. */
size_t			pg_statement_count(void);

#endif
