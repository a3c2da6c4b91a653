/*
 * Inputs of recommendations, computed in SQL
 * (docs/compatibility.md#recommendation-jobs), and the guardrails of the A/B
 * experiment.
 */
#include "cron/cron_job.h"

JOB_SQL("popularity", CONF_POPULARITY_CRON, "recs/compute-popularity", "Computes the most played titles of each country.");
JOB_SQL("preferences", CONF_PREFERENCES_CRON, "recs/compute-preferences", "Computes the preferred genres of each profile.",
    CONF_PREF_WINDOW_DAYS);
JOB_SQL("recent-views", CONF_RECENT_VIEWS_CRON, "recs/compute-recent-views", "Computes the titles that each profile has watched last.",
    CONF_RECENT_VIEWS_DAYS, CONF_RECENT_VIEWS_LIMIT);
JOB_SQL("guardrails", CONF_GUARDRAILS_CRON, "events/guardrails", "Fails if the A/B experiment exceeds one of its limits.",
    CONF_AB_EXPERIMENT_KEY, CONF_GUARDRAIL_WINDOW_HOURS, CONF_GUARDRAIL_MIN_COMPLETION, CONF_GUARDRAIL_MAX_SKIPS, CONF_GUARDRAIL_MAX_SKEW);
