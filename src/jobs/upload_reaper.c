/*
 * Gives up uploads that nobody has gone on with for a week, and what was
 * uploaded when it has been kept long enough.
 */
#include "cron/cron_job.h"

JOB_SQL("upload-reaper", CONF_UPLOAD_REAPER_CRON, "uploads/reap", "Gives up uploads that nobody has gone on with for a week.",
    CONF_SOURCE_RETENTION_DAYS);
