/*
 * Deletion of sessions of which all tokens have expired.
 */
#include "cron/cron_job.h"

JOB_SQL("session-cleanup", CONF_SESSION_CLEANUP_CRON, "sessions/purge", "Deletes sessions of which all tokens have expired.",
    CONF_ACCESS_TOKEN_EXPIRES_IN, CONF_ADMIN_ACCESS_TOKEN_EXPIRES_IN);
