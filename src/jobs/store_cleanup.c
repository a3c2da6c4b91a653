/*
 * Removes what waits in wanzami.object_trash from the object store, one object
 * after the other. What was never finished has its multipart uploads ended
 * first; what something else shows as well stays.
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

/* A store that cannot be reached now is left alone until the next run; what it refuses to remove holds up nothing else. */
JOB("store-cleanup", CONF_STORE_CLEANUP_CRON, store_cleanup, "Removes what nothing refers to any more from the object store.");

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
			return (job_failed(run, "what is to be removed cannot be read"));
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
			refused++, log_event(LOG_LEVEL_WARN, "an object could not be removed", LOG_S("key", key), LOG_S("error", call.error));
		if (job_sql(run, "trash/settle", 2, outcome) == NULL)
			return (job_failed(run, "that an object is removed cannot be written down"));
	}
	job_count(run, "removed", removed);
	if (refused > 0)
		job_count(run, "refused", refused);

	return (result == OBJECTS_LATER ? job_failed(run, "the store is away: %s", call.error) : JOB_OK);
}
