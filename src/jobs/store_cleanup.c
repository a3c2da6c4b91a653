/*
 * Deletion of the objects in wanzami.object_trash that are due, one after the
 * other. Aborts the multipart uploads of unfinished objects first. Keeps an object
 * that a row still refers to.
 */
#include "base/log.h"
#include "cron/cron_job.h"
#include "store/objects.h"

static enum objects_result
object_remove(const char *key, int unfinished, struct objects_call *call)
{
	enum objects_result	result = unfinished ? objects_abort_all(key, call) : OBJECTS_OK;

	return (result == OBJECTS_OK ? objects_delete(key, call) : result);
}

/* If object storage cannot be reached, ends the run. If it refuses to delete an object, continues with the next one. */
JOB("store-cleanup", CONF_STORE_CLEANUP_CRON, store_cleanup, "Deletes objects that no row refers to from object storage.",
    .standby = 1);

static enum job_outcome
store_cleanup(struct job_run *run)
{
	struct objects_call	call = { .canceled = job_canceled, .ctx = run };
	enum objects_result	result = OBJECTS_OK;
	const PGresult		*due;
	const char		*outcome[2];
	char			key[OBJECTS_KEY_MAX + 1];
	int			removed = 0, refused = 0, shown;

	while (result != OBJECTS_LATER && objects_enabled() && !job_canceled(run)) {
		if ((due = job_sql(run, "trash/claim", 0, NULL)) == NULL)
			return (job_failed(run, "the objects to delete cannot be read"));
		if (PQntuples(due) == 0)
			break;
		snprintf(key, sizeof(key), "%s", PQgetvalue(due, 0, 0));
		shown = *PQgetvalue(due, 0, 2) == 't';
		result = shown ? OBJECTS_OK : object_remove(key, *PQgetvalue(due, 0, 1) == 't', &call);
		outcome[0] = key;
		outcome[1] = result == OBJECTS_OK ? NULL : call.error;
		if (result == OBJECTS_OK)
			removed += !shown;
		else
			refused++, log_event(LOG_LEVEL_WARN, "object cannot be deleted", LOG_S("key", key), LOG_S("error", call.error));
		if (job_sql(run, "trash/settle", 2, outcome) == NULL)
			return (job_failed(run, "the result of a deletion cannot be stored"));
	}
	job_count(run, "removed", removed);
	if (refused > 0)
		job_count(run, "refused", refused);

	return (result == OBJECTS_LATER ? job_failed(run, "object storage cannot be reached: %s", call.error) : JOB_OK);
}
