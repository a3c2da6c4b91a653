/*
 * Gives up uploads that nobody has gone on with for a week.
 */
#include "jobs/job.h"

JOB_SQL("upload-reaper", CONF_UPLOAD_REAPER_CRON, "uploads/reap", "Gives up uploads that nobody has gone on with for a week.");
