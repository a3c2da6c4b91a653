/*
 * What recommendations stand on, worked out in SQL alone
 * (docs/compatibility.md#recommendation-jobs), and the watch on the experiment
 * behind them.
 */
#include "cron/cron_job.h"

JOB_SQL("popularity", CONF_POPULARITY_CRON, "recs/compute-popularity", "Finds the most played titles of each country.");
JOB_SQL("preferences", CONF_PREFERENCES_CRON, "recs/compute-preferences", "Finds the genres that each profile likes.",
    CONF_PREF_WINDOW_DAYS);
JOB_SQL("recent-views", CONF_RECENT_VIEWS_CRON, "recs/compute-recent-views", "Finds the titles that each profile watched last.",
    CONF_RECENT_VIEWS_DAYS, CONF_RECENT_VIEWS_LIMIT);
JOB_SQL("guardrails", CONF_GUARDRAILS_CRON, "events/guardrails", "Fails when the experiment crosses one of its limits.",
    CONF_AB_EXPERIMENT_KEY, CONF_GUARDRAIL_WINDOW_HOURS, CONF_GUARDRAIL_MIN_COMPLETION, CONF_GUARDRAIL_MAX_SKIPS, CONF_GUARDRAIL_MAX_SKEW);
