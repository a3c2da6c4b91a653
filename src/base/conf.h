/*
 * Configuration by environment. The table in conf.c is the one home of every
 * variable: parsing, --help and docs/configure.md come from it.
 */
#ifndef WANZAMI_CONF_H
#define WANZAMI_CONF_H

#include <stdint.h>
#include <stdio.h>

enum conf_id {
	CONF_ROLE,
	CONF_PORT,
	CONF_WORKERS,
	CONF_WANZAMI_ENV,
	CONF_DATABASE_URL,
	CONF_MIGRATE_ON_START,
	CONF_JWT_ACCESS_SECRET,
	CONF_JWT_REFRESH_SECRET,
	CONF_ACCESS_TOKEN_EXPIRES_IN,
	CONF_ADMIN_ACCESS_TOKEN_EXPIRES_IN,
	CONF_REFRESH_TOKEN_EXPIRES_IN,
	CONF_DEVICE_LIMIT,
	CONF_ADMIN_PERMISSIONS,
	CONF_S3_BUCKET,
	CONF_S3_REGION,
	CONF_S3_ENDPOINT,
	CONF_S3_ACCESS_KEY,
	CONF_S3_SECRET_KEY,
	CONF_S3_ADDRESSING,
	CONF_AWS_REGION,
	CONF_AWS_ACCESS_KEY_ID,
	CONF_AWS_SECRET_ACCESS_KEY,
	CONF_AWS_SESSION_TOKEN,
	CONF_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
	CONF_AWS_CONTAINER_CREDENTIALS_FULL_URI,
	CONF_AWS_CONTAINER_AUTHORIZATION_TOKEN,
	CONF_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
	CONF_MEDIA_DIR,
	CONF_PUBLIC_API_ORIGIN,
	CONF_PUBLIC_ASSET_BASE,
	CONF_EXTRA_CA_PEM,
	CONF_TRUSTED_PROXIES,
	CONF_TLS_CA_FILE,
	CONF_DATABASE_CA_PEM,
	CONF_TLS_PORT,
	CONF_TLS_CERT_PEM,
	CONF_TLS_CERT_FILE,
	CONF_TLS_KEY_PEM,
	CONF_TLS_KEY_FILE,
	CONF_SMTP_HOST,
	CONF_SMTP_PORT,
	CONF_SMTP_TLS,
	CONF_SMTP_USER,
	CONF_SMTP_PASS,
	CONF_SMTP_FROM,
	CONF_SUPPORT_EMAIL,
	CONF_APP_ORIGIN,
	CONF_ADMIN_APP_ORIGIN,
	CONF_FRONTEND_URL,
	CONF_GOOGLE_CLIENT_ID,
	CONF_GOOGLE_CLIENT_SECRET,
	CONF_GOOGLE_REDIRECT_URI,
	CONF_GOOGLE_AUTH_URL,
	CONF_GOOGLE_TOKEN_URL,
	CONF_GOOGLE_USERINFO_URL,
	CONF_PAYSTACK_SECRET_KEY,
	CONF_PAYSTACK_WEBHOOK_SECRET,
	CONF_PAYSTACK_CALLBACK_URL,
	CONF_PAYSTACK_BASE_URL,
	CONF_FLW_SECRET_KEY,
	CONF_FLW_WEBHOOK_SECRET,
	CONF_FLW_BASE_URL,
	CONF_WEBHOOKS_UNSIGNED,
	CONF_PPV_ACCESS_DAYS,
	CONF_PPV_ENFORCEMENT,
	CONF_PPV_DENIED_STATUS,
	CONF_PPV_STRIKE_PAUSE_SEC,
	CONF_REDIS_URL,
	CONF_TRANSCODE_LEASE_MS,
	CONF_TRANSCODE_RETRY_MS,
	CONF_QUEUE_SWEEP_MS,
	CONF_POPULARITY_CACHE_SEC,
	CONF_REC_CACHE_SEC,
	CONF_KID_RATINGS,
	CONF_CONTINUE_HIDE_FINISHED,
	CONF_POPULARITY_CRON,
	CONF_PREFERENCES_CRON,
	CONF_PREF_WINDOW_DAYS,
	CONF_RECENT_VIEWS_CRON,
	CONF_RECENT_VIEWS_DAYS,
	CONF_RECENT_VIEWS_LIMIT,
	CONF_EMBEDDINGS_CRON,
	CONF_EMBEDDING_BASE_URL,
	CONF_EMBEDDING_API_KEY,
	CONF_OPENAI_API_KEY,
	CONF_EMBEDDING_MODEL,
	CONF_EMBEDDING_BATCH_SIZE,
	CONF_SIMILARITIES_CRON,
	CONF_SIMILARITY_WINDOW_DAYS,
	CONF_SIMILARITY_MAX_ANCHORS,
	CONF_SIMILARITY_MAX_SIMILARS,
	CONF_GUARDRAILS_CRON,
	CONF_AB_EXPERIMENT_KEY,
	CONF_GUARDRAIL_WINDOW_HOURS,
	CONF_GUARDRAIL_MIN_COMPLETION,
	CONF_GUARDRAIL_MAX_SKIPS,
	CONF_GUARDRAIL_MAX_SKEW,
	CONF_EVENT_EXPORT_CRON,
	CONF_EXPORT_DAYS,
	CONF_CRON_TZ,
	CONF_JOB_LEASE_MS,
	CONF_UPLOAD_REAPER_CRON,
	CONF_PAYMENTS_CRON,
	CONF_STORE_CLEANUP_CRON,
	CONF_MAIL_CLEANUP_CRON,
	CONF_SESSION_CLEANUP_CRON,
	CONF_SHUTDOWN_GRACE_SEC,
	CONF_LOG_FORMAT,
	CONF_COUNT
};

/*
 * Reads and checks the whole environment, once, before threads start. Returns
 * NULL, or one line (static storage) that names the first bad variable, what
 * was wrong and what is allowed. An empty value counts as unset.
 */
const char	*conf_load(void);

/* The value as text, never NULL ("" when unset without default); valid for the life of the process. */
const char	*conf_str(enum conf_id);

/* Whether the variable stands in the environment but is empty, which a few of the contract's tell from unset. */
int		conf_is_blank(enum conf_id);

/* Overwrites a secret of the environment that is not needed any more, for /proc/PID/environ as well; from here on it is unset. */
void		conf_wipe(enum conf_id);

/* The value of a number or yes/no variable; seconds of a duration. */
int64_t		conf_int(enum conf_id);

/*
 * Whether the secrets may be used where they are: one line about what is
 * wrong with them (missing, built in, short, equal), or NULL. For processes
 * that check tokens; lenient with WANZAMI_ENV=development.
 */
const char	*conf_check_secrets(void);

/* Writes the table for people: as plain text, or as the Markdown of docs/configure.md. */
void		conf_print_help(FILE *);
void		conf_print_markdown(FILE *);

#endif
