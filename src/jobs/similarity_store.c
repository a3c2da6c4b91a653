/*
 * Sends lists of similar titles to the database.
 */
#include "jobs/similarity_store.h"

int
similarity_store(struct job_run *run, const char *statement, struct kore_buf *list, const char *rationale)
{
	int	ok;

	if (list->offset == 0)
		kore_buf_append(list, "[", 1);
	kore_buf_append(list, "]", 1);
	ok = job_sql(run, statement, 2, (const char *[]){ kore_buf_stringify(list, NULL), rationale }) != NULL;
	kore_buf_reset(list);

	return (ok);
}
