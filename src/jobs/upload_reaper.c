/*
 * Expiry of uploads that have made no progress for a week, and of source files that
 * are older than SOURCE_RETENTION_DAYS.
 */
#include "cron/cron_job.h"

JOB_SQL("upload-reaper", CONF_UPLOAD_REAPER_CRON, "uploads/reap", "Expires uploads without progress for a week, and old source files.",
    CONF_SOURCE_RETENTION_DAYS);
