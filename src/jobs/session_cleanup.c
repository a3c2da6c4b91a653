/*
 * Forgets sessions that no token can stand for any more.
 */
#include "cron/cron_job.h"

JOB_SQL("session-cleanup", CONF_SESSION_CLEANUP_CRON, "sessions/purge", "Forgets sessions that have ended with every token of theirs.",
    CONF_ACCESS_TOKEN_EXPIRES_IN, CONF_ADMIN_ACCESS_TOKEN_EXPIRES_IN);
