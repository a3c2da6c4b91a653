/*
 * The table of environment variables and what reads it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cidr.h"
#include "base/conf.h"
#include "base/cron.h"
#include "base/envfile.h"

#define ENV_FILE		".env"
#define SECRET_MIN_BYTES	32	/* docs/compatibility.md#secrets */

enum conf_type { CONF_TEXT, CONF_NUMBER, CONF_NATURAL, CONF_CHOICE, CONF_CHOICES, CONF_YESNO, CONF_URL, CONF_LINK, CONF_DURATION, CONF_CRON, CONF_ZONE, CONF_NETWORKS };

struct conf_var {
	const char	*name;
	enum conf_type	type;
	const char	*fallback;	/* NULL: unset */
	int64_t		min, max;	/* of a number; a natural one may be 0, too, which is its default */
	const char	*choices;	/* separated by '|' */
	int		secret;		/* its value is never shown */
	const char	*help;
};

static const struct conf_var table[CONF_COUNT] = {
	[CONF_ROLE] = { "ROLE", CONF_CHOICES, "api,transcode,cron", 0, 0, "api|transcode|cron", 0,
	    "What this process does. Without api it listens on loopback only." },
	[CONF_PORT] = { "PORT", CONF_NUMBER, "4000", 1, 65535, NULL, 0,
	    "Port of the API and of the health check." },
	[CONF_WORKERS] = { "WORKERS", CONF_NUMBER, "0", 0, 64, NULL, 0,
	    "Worker processes of the API; 0 is one for each CPU." },
	[CONF_TRUSTED_PROXIES] = { "TRUSTED_PROXIES", CONF_NETWORKS, "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7", 0, 0, NULL, 0,
	    "Networks of the proxies whose X-Forwarded-For, -Proto and -Host are believed: a client is the last address there that is none of them. The default is what a load balancer in a private network has." },
	[CONF_MAX_CONNECTIONS] = { "MAX_CONNECTIONS", CONF_NUMBER, "960", 8, 1000, NULL, 0,
	    "Connections of one API worker; who comes beyond is answered 503. From three quarters on, idle ones are closed." },
	[CONF_MAX_IN_FLIGHT] = { "MAX_IN_FLIGHT", CONF_NUMBER, "512", 1, 1000, NULL, 0,
	    "Requests that one API worker works on at a time; more are answered 503, and so are some before that when answers take long." },
	[CONF_MAX_PASSWORD_WAIT_MS] = { "MAX_PASSWORD_WAIT_MS", CONF_NUMBER, "5000", 100, 60000, NULL, 0,
	    "Signing in and up, and new passwords, are answered 503 while somebody in this API worker waits longer than this for a password to be hashed." },
	[CONF_MAX_BODY_MB] = { "MAX_BODY_MB", CONF_NUMBER, "64", 1, 4096, NULL, 0,
	    "Megabytes of request bodies that one API worker keeps in memory; more are answered 503." },
	[CONF_HEADER_TIMEOUT_SEC] = { "HEADER_TIMEOUT_SEC", CONF_NUMBER, "10", 1, 300, NULL, 0,
	    "Seconds for a TLS handshake, for the first byte of a connection, and for the head of a request from its first byte." },
	[CONF_BODY_TIMEOUT_SEC] = { "BODY_TIMEOUT_SEC", CONF_NUMBER, "60", 1, 3600, NULL, 0,
	    "Seconds for the body of a request, but for parts of films, which may take as long as they go on." },
	[CONF_STALL_TIMEOUT_SEC] = { "STALL_TIMEOUT_SEC", CONF_NUMBER, "30", 1, 3600, NULL, 0,
	    "Seconds in which a client that sends a body or is sent an answer must take a step of 16 KB, or the rest." },
	[CONF_KEEPALIVE_SEC] = { "KEEPALIVE_SEC", CONF_NUMBER, "65", 1, 3600, NULL, 0,
	    "Seconds that a connection may wait for its next request; longer than the idle time-out of a load balancer in front (ALB: 60)." },
	[CONF_HSTS_SEC] = { "HSTS_SEC", CONF_NUMBER, "31536000", 0, 63072000, NULL, 0,
	    "Seconds for which browsers that came over TLS are told to come over nothing else (Strict-Transport-Security); 0 tells them nothing." },
	[CONF_WANZAMI_ENV] = { "WANZAMI_ENV", CONF_CHOICE, "production", 0, 0, "production|test|development", 0,
	    "Where it runs: development is lenient about what production refuses." },
	[CONF_DATABASE_URL] = { "DATABASE_URL", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "PostgreSQL, as postgresql://user:password@host:port/database; required. Parameters that only other clients know are ignored." },
	[CONF_MIGRATE_ON_START] = { "MIGRATE_ON_START", CONF_YESNO, NULL, 0, 0, NULL, 0,
	    "Bring the database schema up to date before serving. Unset: yes in development, no elsewhere." },
	[CONF_JWT_ACCESS_SECRET] = { "JWT_ACCESS_SECRET", CONF_TEXT, "access-secret", 0, 0, NULL, 1,
	    "Signs access tokens; at least 32 bytes. The API refuses the default but in development." },
	[CONF_JWT_REFRESH_SECRET] = { "JWT_REFRESH_SECRET", CONF_TEXT, "refresh-secret", 0, 0, NULL, 1,
	    "Signs refresh tokens; at least 32 bytes, not the other one. The API refuses the default but in development." },
	[CONF_ACCESS_TOKEN_EXPIRES_IN] = { "ACCESS_TOKEN_EXPIRES_IN", CONF_DURATION, "2h", 0, 0, NULL, 0,
	    "Life of an access token from a refresh." },
	[CONF_ADMIN_ACCESS_TOKEN_EXPIRES_IN] = { "ADMIN_ACCESS_TOKEN_EXPIRES_IN", CONF_DURATION, "365d", 0, 0, NULL, 0,
	    "Life of an access token from a login, of administrators and viewers alike." },
	[CONF_REFRESH_TOKEN_EXPIRES_IN] = { "REFRESH_TOKEN_EXPIRES_IN", CONF_DURATION, "365d", 0, 0, NULL, 0,
	    "Life of a refresh token and its session." },
	[CONF_DEVICE_LIMIT] = { "DEVICE_LIMIT", CONF_NUMBER, "4", 0, 1000, NULL, 0,
	    "Devices of one account; a new one pushes out the one unused for longest." },
	[CONF_ADMIN_PERMISSIONS] = { "ADMIN_PERMISSIONS", CONF_CHOICE, "open", 0, 0, "strict|open", 0,
	    "Whether administrators need the permission of their role for everything, or only where the old service asked for it." },
	[CONF_S3_BUCKET] = { "S3_BUCKET", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Bucket of the media. Unset: MEDIA_DIR takes its place." },
	[CONF_S3_REGION] = { "S3_REGION", CONF_TEXT, "us-east-1", 0, 0, NULL, 0,
	    "Region of the bucket. Set but empty: AWS_REGION, else eu-north-1." },
	[CONF_S3_ENDPOINT] = { "S3_ENDPOINT", CONF_URL, NULL, 0, 0, NULL, 0,
	    "An S3 server other than AWS." },
	[CONF_S3_ACCESS_KEY] = { "S3_ACCESS_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Access key of the bucket. Without the pair: the keys of AWS_ACCESS_KEY_ID, else those that ECS gives its tasks." },
	[CONF_S3_SECRET_KEY] = { "S3_SECRET_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Secret key of the bucket." },
	[CONF_S3_ADDRESSING] = { "S3_ADDRESSING", CONF_CHOICE, "auto", 0, 0, "auto|path|virtual", 0,
	    "Where the bucket's name stands in addresses: behind the host (path) or in front of it (virtual); auto is path for S3_ENDPOINT and for names with dots, else virtual." },
	[CONF_AWS_REGION] = { "AWS_REGION", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Region when S3_REGION is set but empty. ECS sets it." },
	[CONF_AWS_ACCESS_KEY_ID] = { "AWS_ACCESS_KEY_ID", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Access key when S3_ACCESS_KEY is unset." },
	[CONF_AWS_SECRET_ACCESS_KEY] = { "AWS_SECRET_ACCESS_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Its secret key." },
	[CONF_AWS_SESSION_TOKEN] = { "AWS_SESSION_TOKEN", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Its session token, if it is a temporary one." },
	[CONF_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI] = { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Path at 169.254.170.2 where a task of ECS finds its keys. ECS sets it." },
	[CONF_AWS_CONTAINER_CREDENTIALS_FULL_URI] = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "The whole address of such keys, where another platform gives them: https, or http on this machine." },
	[CONF_AWS_CONTAINER_AUTHORIZATION_TOKEN] = { "AWS_CONTAINER_AUTHORIZATION_TOKEN", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "What that address wants in the Authorization header." },
	[CONF_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE] = { "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "A file with the same, read anew each time." },
	[CONF_MEDIA_DIR] = { "MEDIA_DIR", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Directory that keeps the media when there is no S3_BUCKET. In production the roles api and transcode need one of the two." },
	[CONF_PUBLIC_API_ORIGIN] = { "PUBLIC_API_ORIGIN", CONF_URL, NULL, 0, 0, NULL, 0,
	    "Where clients reach this API, in the addresses that it hands out. Unset: what the request says." },
	[CONF_PUBLIC_ASSET_BASE] = { "PUBLIC_ASSET_BASE", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "What stands in front of the key in the public addresses of artwork, such as a CDN's. Unset: the bucket itself." },
	[CONF_EXTRA_CA_PEM] = { "EXTRA_CA_PEM", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Authorities (PEM text) whose certificates other servers may show, besides Mozilla's, which the binary carries." },
	[CONF_TLS_CA_FILE] = { "TLS_CA_FILE", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "The same as a file, read at start." },
	[CONF_DATABASE_CA_PEM] = { "DATABASE_CA_PEM", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Authorities (PEM text) that vouch for the database, such as those of RDS: what a file in sslrootcert is to libpq." },
	[CONF_TLS_PORT] = { "TLS_PORT", CONF_NUMBER, "4443", 1, 65535, NULL, 0,
	    "Port on which the API serves HTTPS when it has a certificate, beside PORT." },
	[CONF_TLS_CERT_PEM] = { "TLS_CERT_PEM", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Our certificate, and behind it those between it and its authority (PEM)." },
	[CONF_TLS_CERT_FILE] = { "TLS_CERT_FILE", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "A file with the same; when it and TLS_KEY_FILE change, they are read anew." },
	[CONF_TLS_KEY_PEM] = { "TLS_KEY_PEM", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "The private key of the certificate (PEM, without a password): RSA of 2048 to 4096 bits, EC on P-256 or P-384." },
	[CONF_TLS_KEY_FILE] = { "TLS_KEY_FILE", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "A file with the same." },
	[CONF_SMTP_HOST] = { "SMTP_HOST", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Server that takes our mail. Without it, or without user and password, mail is off: kept, in development shown in the log." },
	[CONF_SMTP_PORT] = { "SMTP_PORT", CONF_NUMBER, "587", 1, 65535, NULL, 0,
	    "Its port." },
	[CONF_SMTP_TLS] = { "SMTP_TLS", CONF_CHOICE, "auto", 0, 0, "auto|implicit|required|off", 0,
	    "TLS from the first byte (implicit; always so on port 465), after STARTTLS or not at all (required), never (off); auto is required, but in development and with a server on this machine STARTTLS where it is offered." },
	[CONF_SMTP_USER] = { "SMTP_USER", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "User at that server." },
	[CONF_SMTP_PASS] = { "SMTP_PASS", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Password of that user." },
	[CONF_SMTP_FROM] = { "SMTP_FROM", CONF_TEXT, "Wanzami <no-reply@wanzami.com>", 0, 0, NULL, 0,
	    "Sender of every mail, as Name <address> or an address alone." },
	[CONF_SUPPORT_EMAIL] = { "SUPPORT_EMAIL", CONF_TEXT, "support@wanzami.com", 0, 0, NULL, 0,
	    "Where new support tickets are announced." },
	[CONF_APP_ORIGIN] = { "APP_ORIGIN", CONF_URL, NULL, 0, 0, NULL, 0,
	    "Where viewers find the web application; links in mails lead there. Unset: http://localhost:3000." },
	[CONF_ADMIN_APP_ORIGIN] = { "ADMIN_APP_ORIGIN", CONF_URL, NULL, 0, 0, NULL, 0,
	    "Where the staff's application is; links in invitations lead there. Unset: http://localhost:3001." },
	[CONF_FRONTEND_URL] = { "FRONTEND_URL", CONF_URL, NULL, 0, 0, NULL, 0,
	    "Where links in the mail about a purchase lead when APP_ORIGIN is unset. Unset: https://wanzami.vercel.app." },
	[CONF_GOOGLE_CLIENT_ID] = { "GOOGLE_CLIENT_ID", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "The client that Google knows us as. Sign-in with Google needs it, its secret and GOOGLE_REDIRECT_URI." },
	[CONF_GOOGLE_CLIENT_SECRET] = { "GOOGLE_CLIENT_SECRET", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Its secret." },
	[CONF_GOOGLE_REDIRECT_URI] = { "GOOGLE_REDIRECT_URI", CONF_LINK, NULL, 0, 0, NULL, 0,
	    "Where Google sends viewers back to. APP_ORIGIN/oauth/google/callback is allowed beside it." },
	[CONF_GOOGLE_AUTH_URL] = { "GOOGLE_AUTH_URL", CONF_LINK, "https://accounts.google.com/o/oauth2/v2/auth", 0, 0, NULL, 0,
	    "Google's page of consent." },
	[CONF_GOOGLE_TOKEN_URL] = { "GOOGLE_TOKEN_URL", CONF_LINK, "https://oauth2.googleapis.com/token", 0, 0, NULL, 0,
	    "Where Google changes codes into tokens." },
	[CONF_GOOGLE_USERINFO_URL] = { "GOOGLE_USERINFO_URL", CONF_LINK, "https://openidconnect.googleapis.com/v1/userinfo", 0, 0, NULL, 0,
	    "Where Google says who somebody is." },
	[CONF_PAYSTACK_SECRET_KEY] = { "PAYSTACK_SECRET_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Our key at Paystack, by which viewers in Africa pay." },
	[CONF_PAYSTACK_WEBHOOK_SECRET] = { "PAYSTACK_WEBHOOK_SECRET", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "What Paystack signs its webhooks with. Unset: PAYSTACK_SECRET_KEY, which is what Paystack does." },
	[CONF_PAYSTACK_CALLBACK_URL] = { "PAYSTACK_CALLBACK_URL", CONF_LINK, NULL, 0, 0, NULL, 0,
	    "Where both gateways send viewers after they have paid: /ppv/success of the web application." },
	[CONF_PAYSTACK_BASE_URL] = { "PAYSTACK_BASE_URL", CONF_URL, "https://api.paystack.co", 0, 0, NULL, 0,
	    "Paystack's API." },
	[CONF_FLW_SECRET_KEY] = { "FLW_SECRET_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Our key at Flutterwave, by which viewers elsewhere pay." },
	[CONF_FLW_WEBHOOK_SECRET] = { "FLW_WEBHOOK_SECRET", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "What Flutterwave's webhooks must know. Unset: they are refused." },
	[CONF_FLW_BASE_URL] = { "FLW_BASE_URL", CONF_URL, "https://api.flutterwave.com", 0, 0, NULL, 0,
	    "Flutterwave's API." },
	[CONF_WEBHOOKS_UNSIGNED] = { "WEBHOOKS_UNSIGNED", CONF_YESNO, "0", 0, 0, NULL, 0,
	    "Believe Paystack's webhooks without a signature when there is no secret to check it with. Anybody can then buy for nothing." },
	[CONF_PPV_ACCESS_DAYS] = { "PPV_ACCESS_DAYS", CONF_NATURAL, "30", 1, 36500, NULL, 0,
	    "Days that a purchase lasts." },
	[CONF_PPV_ENFORCEMENT] = { "PPV_ENFORCEMENT", CONF_CHOICE, "grant", 0, 0, "grant|token|off", 0,
	    "Who gets the media of pay-per-view titles: whoever was found entitled and comes from the same place (grant), who asks with the token of a buyer (token), everybody (off)." },
	[CONF_PPV_DENIED_STATUS] = { "PPV_DENIED_STATUS", CONF_CHOICE, "403", 0, 0, "403|200", 0,
	    "Status of the answer that somebody may not watch a title." },
	[CONF_PPV_STRIKE_PAUSE_SEC] = { "PPV_STRIKE_PAUSE_SEC", CONF_NUMBER, "0", 0, 86400, NULL, 0,
	    "Seconds in which a viewer gets at most one strike for the same title; 0 counts every denial." },
	[CONF_REDIS_URL] = { "REDIS_URL", CONF_TEXT, "redis://localhost:6379", 0, 0, NULL, 1,
	    "Valkey or Redis, as redis://[user:password@]host[:port], or rediss:// for TLS. It wakes who waits for work; without it the same happens later." },
	[CONF_TRANSCODE_LEASE_MS] = { "TRANSCODE_LEASE_MS", CONF_NUMBER, "30000", 500, 3600000, NULL, 0,
	    "Milliseconds after which a transcode worker that has not been heard of counts as dead." },
	[CONF_TRANSCODE_RETRY_MS] = { "TRANSCODE_RETRY_MS", CONF_NUMBER, "5000", 1, 3600000, NULL, 0,
	    "Milliseconds before a transcode job that failed through no fault of the film is tried again; doubled the next time." },
	[CONF_QUEUE_SWEEP_MS] = { "QUEUE_SWEEP_MS", CONF_NUMBER, "10000", 20, 3600000, NULL, 0,
	    "Milliseconds between two looks for transcode jobs that were lost." },
	[CONF_POPULARITY_CACHE_SEC] = { "POPULARITY_CACHE_SEC", CONF_NUMBER, "300", 0, 86400, NULL, 0,
	    "Seconds that a list of popular titles is remembered; 0 remembers none." },
	[CONF_REC_CACHE_SEC] = { "REC_CACHE_SEC", CONF_NUMBER, "120", 0, 86400, NULL, 0,
	    "Seconds that a viewer's recommendations are remembered; 0 remembers none." },
	[CONF_KID_RATINGS] = { "KID_RATINGS", CONF_TEXT, "G,PG,TV-Y,TV-G,TV-PG,PG-13,unrated", 0, 0, NULL, 0,
	    "Maturity ratings that are recommended to children's profiles; unrated stands for titles without one." },
	[CONF_CONTINUE_HIDE_FINISHED] = { "CONTINUE_HIDE_FINISHED", CONF_YESNO, "0", 0, 0, NULL, 0,
	    "Whether films that have only just been begun (1 %) or are as good as over (95 %) are no longer offered to go on with." },
	[CONF_CRON_TZ] = { "CRON_TZ", CONF_ZONE, "UTC", 0, 0, NULL, 0,
	    "Time zone of all schedules." },
	[CONF_JOB_LEASE_MS] = { "JOB_LEASE_MS", CONF_NUMBER, "30000", 500, 3600000, NULL, 0,
	    "Milliseconds after which a process that has not been heard of has lost the job it was running." },
	[CONF_UPLOAD_REAPER_CRON] = { "UPLOAD_REAPER_CRON", CONF_CRON, "10 * * * *", 0, 0, NULL, 0,
	    "When uploads that nobody goes on with are given up." },
	[CONF_SOURCE_RETENTION_DAYS] = { "SOURCE_RETENTION_DAYS", CONF_NUMBER, "0", 0, 36500, NULL, 0,
	    "Days that an uploaded film is kept after its renditions have been made; the same job then removes it. 0 keeps it for ever." },
	[CONF_PAYMENTS_CRON] = { "PAYMENTS_CRON", CONF_CRON, "*/10 * * * *", 0, 0, NULL, 0,
	    "When the gateways are asked about open payments." },
	[CONF_POPULARITY_CRON] = { "POPULARITY_CRON", CONF_CRON, "0 3 * * *", 0, 0, NULL, 0,
	    "When the most played titles of each country are found." },
	[CONF_PREFERENCES_CRON] = { "PREFERENCES_CRON", CONF_CRON, "30 3 * * *", 0, 0, NULL, 0,
	    "When the genres that each profile likes are found." },
	[CONF_PREF_WINDOW_DAYS] = { "PREF_WINDOW_DAYS", CONF_NATURAL, "60", 1, 3650, NULL, 0,
	    "Days of events that they are found from." },
	[CONF_RECENT_VIEWS_CRON] = { "RECENT_VIEWS_CRON", CONF_CRON, "0 4 * * *", 0, 0, NULL, 0,
	    "When the titles that each profile watched last are found." },
	[CONF_RECENT_VIEWS_DAYS] = { "RECENT_VIEWS_DAYS", CONF_NATURAL, "14", 1, 3650, NULL, 0,
	    "Days of events that they are found from." },
	[CONF_RECENT_VIEWS_LIMIT] = { "RECENT_VIEWS_LIMIT", CONF_NATURAL, "50", 1, 1000, NULL, 0,
	    "How many of them are kept." },
	[CONF_EMBEDDINGS_CRON] = { "EMBEDDINGS_CRON", CONF_CRON, "0 2 * * *", 0, 0, NULL, 0,
	    "When new and changed titles get the vectors that say what they are about." },
	[CONF_EMBEDDING_BASE_URL] = { "EMBEDDING_BASE_URL", CONF_TEXT, NULL, 0, 0, NULL, 0,
	    "Service that makes these vectors, as OpenAI does, up to and with /v1. Unset: OpenAI, if there is a key; else the words of the titles are compared." },
	[CONF_EMBEDDING_API_KEY] = { "EMBEDDING_API_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Key of that service." },
	[CONF_OPENAI_API_KEY] = { "OPENAI_API_KEY", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "The same, when EMBEDDING_API_KEY is unset." },
	[CONF_EMBEDDING_MODEL] = { "EMBEDDING_MODEL", CONF_TEXT, "text-embedding-3-small", 0, 0, NULL, 0,
	    "Model that the service is asked for." },
	[CONF_EMBEDDING_BATCH_SIZE] = { "EMBEDDING_BATCH_SIZE", CONF_NUMBER, "20", 1, 50, NULL, 0,
	    "Titles in one question to it." },
	[CONF_SIMILARITIES_CRON] = { "SIMILARITIES_CRON", CONF_CRON, "30 4 * * *", 0, 0, NULL, 0,
	    "When the titles that are alike are found." },
	[CONF_SIMILARITY_WINDOW_DAYS] = { "SIMILARITY_WINDOW_DAYS", CONF_NUMBER, "60", 1, 3650, NULL, 0,
	    "Days of events that they are found from." },
	[CONF_SIMILARITY_MAX_ANCHORS] = { "SIMILARITY_MAX_ANCHORS", CONF_NUMBER, "1000", 1, 100000, NULL, 0,
	    "Titles for which others are found that the same viewers watch." },
	[CONF_SIMILARITY_MAX_SIMILARS] = { "SIMILARITY_MAX_SIMILARS", CONF_NUMBER, "20", 1, 200, NULL, 0,
	    "How many of them are kept for each." },
	[CONF_GUARDRAILS_CRON] = { "GUARDRAILS_CRON", CONF_CRON, "off", 0, 0, NULL, 0,
	    "When the limits of the experiment are checked." },
	[CONF_AB_EXPERIMENT_KEY] = { "AB_EXPERIMENT_KEY", CONF_TEXT, "foryou_v1", 0, 0, NULL, 0,
	    "The experiment that they check." },
	[CONF_GUARDRAIL_WINDOW_HOURS] = { "GUARDRAIL_WINDOW_HOURS", CONF_NUMBER, "24", 1, 8760, NULL, 0,
	    "Hours of events that they look at." },
	[CONF_GUARDRAIL_MIN_COMPLETION] = { "GUARDRAIL_MIN_COMPLETION", CONF_NUMBER, "0", 0, 100, NULL, 0,
	    "Percent of what is played that must be seen; 0 is no limit." },
	[CONF_GUARDRAIL_MAX_SKIPS] = { "GUARDRAIL_MAX_SKIPS", CONF_NUMBER, "0", 0, 2000000000, NULL, 0,
	    "Skips that may happen; 0 is no limit." },
	[CONF_GUARDRAIL_MAX_SKEW] = { "GUARDRAIL_MAX_SKEW", CONF_NUMBER, "0", 0, 100, NULL, 0,
	    "Percent points by which a variant's share of the impressions may differ from an even one; 0 is no limit." },
	[CONF_EVENT_EXPORT_CRON] = { "EVENT_EXPORT_CRON", CONF_CRON, "off", 0, 0, NULL, 0,
	    "When the events of the last days are written to the object store as CSV." },
	[CONF_EXPORT_DAYS] = { "EXPORT_DAYS", CONF_NUMBER, "1", 1, 36500, NULL, 0,
	    "How many days these are." },
	[CONF_STORE_CLEANUP_CRON] = { "STORE_CLEANUP_CRON", CONF_CRON, "@every 1m", 0, 0, NULL, 0,
	    "When objects that nothing refers to any more are removed from the store." },
	[CONF_MAIL_CRON] = { "MAIL_CRON", CONF_CRON, "off", 0, 0, NULL, 0,
	    "When all mail that waits is sent; the roles api and cron send it anyway, as it comes." },
	[CONF_MAIL_CLEANUP_CRON] = { "MAIL_CLEANUP_CRON", CONF_CRON, "20 * * * *", 0, 0, NULL, 0,
	    "When mail that cannot be sent is given up, and old mail forgotten." },
	[CONF_SESSION_CLEANUP_CRON] = { "SESSION_CLEANUP_CRON", CONF_CRON, "40 4 * * *", 0, 0, NULL, 0,
	    "When sessions that have ended are forgotten." },
	[CONF_SHUTDOWN_DELAY_SEC] = { "SHUTDOWN_DELAY_SEC", CONF_NUMBER, "0", 0, 300, NULL, 0,
	    "Seconds after SIGTERM in which requests are still taken while /health fails already: as long as a load balancer needs to see it." },
	[CONF_SHUTDOWN_GRACE_SEC] = { "SHUTDOWN_GRACE_SEC", CONF_NUMBER, "25", 0, 600, NULL, 0,
	    "Seconds that SIGTERM leaves to requests in flight, after that." },
	[CONF_METRICS_TOKEN] = { "METRICS_TOKEN", CONF_TEXT, NULL, 0, 0, NULL, 1,
	    "Bearer token with which GET /metrics is answered to others than this machine. Unset: to nobody else." },
	[CONF_EMF] = { "EMF", CONF_YESNO, "1", 0, 0, NULL, 0,
	    "Write metrics for CloudWatch to standard output, in its embedded metric format; not with LOG_FORMAT=text." },
	[CONF_EMF_SECONDS] = { "EMF_SECONDS", CONF_NUMBER, "60", 1, 3600, NULL, 0,
	    "Seconds between two such lines." },
	[CONF_SLOW_QUERY_MS] = { "SLOW_QUERY_MS", CONF_NUMBER, "1000", 0, 3600000, NULL, 0,
	    "Calls to the database that take so many milliseconds or more are logged; 0 logs none." },
	[CONF_LOG_FORMAT] = { "LOG_FORMAT", CONF_CHOICE, "json", 0, 0, "json|text", 0,
	    "One JSON object a line, or lines for people." },
};

static struct {
	const char	*text;
	int64_t		number;
} values[CONF_COUNT];

static int
choice_known(const char *choices, const char *word, size_t len)
{
	const char	*p, *end;

	for (p = choices; p != NULL; p = (*end == '|') ? end + 1 : NULL) {
		end = p + strcspn(p, "|");
		if ((size_t)(end - p) == len && !strncmp(p, word, len))
			return (1);
	}

	return (0);
}

static int
choices_known(const char *choices, const char *list)
{
	const char	*p;
	size_t		len;

	for (p = list;; p += len + 1) {
		len = strcspn(p, ",");
		if (!choice_known(choices, p, len))
			return (0);
		if (p[len] == '\0')
			return (1);
	}
}

static int
number_parse(const struct conf_var *v, const char *text, int64_t *out)
{
	char	*end;

	if (*text < '0' || *text > '9')
		return (0);
	*out = strtoll(text, &end, 10);

	return (*end == '\0' && *out >= v->min && *out <= v->max);
}

static int
yesno_parse(const char *text, int64_t *out)
{
	*out = !strcmp(text, "1") || !strcasecmp(text, "true") || !strcasecmp(text, "yes");

	return (*out || !strcmp(text, "0") || !strcasecmp(text, "false") || !strcasecmp(text, "no"));
}

/* A whole number of s, m, h or d, without blanks: what both readers of these variables in the old service agree on. */
static int
duration_parse(const char *text, int64_t *out)
{
	static const char	units[] = "smhd";
	static const int	seconds[] = { 1, 60, 3600, 86400 };
	char			*end;

	if (*text < '0' || *text > '9')
		return (0);
	*out = strtoll(text, &end, 10);
	if (*end == '\0' || end[1] != '\0' || strchr(units, *end) == NULL || *out < 1 || *out > 100000000)
		return (0);
	*out *= seconds[strchr(units, *end) - units];

	return (1);
}

/* scheme://host[:port], a slash at the end is forgiven. */
static int
url_ok(const char *text)
{
	const char	*host;
	size_t		len;

	if (strncmp(text, "http://", 7) && strncmp(text, "https://", 8))
		return (0);
	host = strstr(text, "://") + 3;
	len = strcspn(host, "/?# \t");

	return (len > 0 && (host[len] == '\0' || !strcmp(host + len, "/")));
}

/* The same with a path and more. */
static int
link_ok(const char *text)
{
	const char	*host = strstr(text, "://");

	return ((!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8)) && strcspn(host + 3, "/?#") > 0 &&
	    text[strcspn(text, " \t\r\n\"\\")] == '\0');
}

static int
value_ok(enum conf_id id, const char *text)
{
	const struct conf_var	*v = &table[id];

	switch (v->type) {
	case CONF_NUMBER:
	case CONF_NATURAL:
		return (number_parse(v, text, &values[id].number));
	case CONF_YESNO:
		return (yesno_parse(text, &values[id].number));
	case CONF_CHOICE:
		return (choice_known(v->choices, text, strlen(text)));
	case CONF_CHOICES:
		return (choices_known(v->choices, text));
	case CONF_URL:
		return (url_ok(text));
	case CONF_LINK:
		return (link_ok(text));
	case CONF_DURATION:
		return (duration_parse(text, &values[id].number));
	case CONF_CRON:
		return (cron_parse(&(struct cron){ 0 }, text) == NULL);
	case CONF_ZONE:
		return (zone_parse(&(struct zone){ 0 }, text));
	case CONF_NETWORKS:
		return (cidr_list_parse(&(struct cidr_list){ 0 }, text));
	case CONF_TEXT:
		break;
	}

	return (1);
}

static void
allowed_print(char *out, size_t len, const struct conf_var *v)
{
	switch (v->type) {
	case CONF_NUMBER:
		snprintf(out, len, "a whole number from %lld to %lld", (long long)v->min, (long long)v->max);
		break;
	case CONF_NATURAL:
		snprintf(out, len, "a whole number from %lld to %lld, or 0 for the default", (long long)v->min, (long long)v->max);
		break;
	case CONF_YESNO:
		snprintf(out, len, "1 or 0");
		break;
	case CONF_CHOICE:
		snprintf(out, len, "one of %s", v->choices);
		break;
	case CONF_CHOICES:
		snprintf(out, len, "a comma-separated list of %s", v->choices);
		break;
	case CONF_URL:
		snprintf(out, len, "http(s)://host[:port]");
		break;
	case CONF_LINK:
		snprintf(out, len, "http(s)://host[:port][/path]");
		break;
	case CONF_DURATION:
		snprintf(out, len, "a whole number and s, m, h or d, as in 90s or 365d");
		break;
	case CONF_CRON:
		snprintf(out, len, "five fields of crontab, or six with seconds in front, @daily and its like, @every 15m, or off");
		break;
	case CONF_ZONE:
		snprintf(out, len, "a name such as Europe/Berlin, or rules such as EST5EDT,M3.2.0,M11.1.0");
		break;
	case CONF_NETWORKS:
		snprintf(out, len, "a comma-separated list of networks such as 10.0.0.0/8, or none");
		break;
	case CONF_TEXT:
		snprintf(out, len, "text");
		break;
	}
}

/* What the file says last of each variable. */
static char	*filed[CONF_COUNT];

static void
filed_take(const char *name, const char *value)
{
	int	id;

	for (id = 0; id < CONF_COUNT; id++) {
		if (!strcmp(table[id].name, name)) {
			free(filed[id]);
			filed[id] = strdup(value);
		}
	}
}

/* The environment's own variables stay as they are, empty ones too. */
static void
file_load(void)
{
	int	id;

	envfile_read(ENV_FILE, filed_take);
	for (id = 0; id < CONF_COUNT; id++) {
		if (filed[id] == NULL)
			continue;
		(void)setenv(table[id].name, filed[id], 0);
		explicit_bzero(filed[id], strlen(filed[id]));
		free(filed[id]);
		filed[id] = NULL;
	}
}

const char *
conf_load(void)
{
	static char	error[512];
	char		allowed[160];
	const char	*text;
	int		id;

	file_load();
	for (id = 0; id < CONF_COUNT; id++) {
		text = getenv(table[id].name);
		if (text == NULL || *text == '\0' || (table[id].type == CONF_NATURAL && !strcmp(text, "0")))
			text = table[id].fallback;
		values[id].text = text != NULL ? text : "";
		values[id].number = 0;
		if (text == NULL || value_ok(id, text))
			continue;
		allowed_print(allowed, sizeof(allowed), &table[id]);
		snprintf(error, sizeof(error), "%s is %s%.64s%s; allowed is %s", table[id].name,
		    table[id].secret ? "not valid" : "\"", table[id].secret ? "" : text,
		    table[id].secret ? "" : "\"", allowed);
		return (error);
	}

	return (NULL);
}

const char *
conf_str(enum conf_id id)
{
	return (values[id].text);
}

void
conf_wipe(enum conf_id id)
{
	char	*text = getenv(table[id].name);

	if (text != NULL)
		explicit_bzero(text, strlen(text));
	values[id].text = "";
}

int
conf_is_blank(enum conf_id id)
{
	const char	*text = getenv(table[id].name);

	return (text != NULL && text[strspn(text, " \t")] == '\0');
}

int64_t
conf_int(enum conf_id id)
{
	return (values[id].number);
}

static const char *
secret_check(enum conf_id id)
{
	static char	error[160];
	const char	*why = NULL;

	if (!strcmp(conf_str(id), table[id].fallback))
		why = "not set or the built-in default, which everybody knows";
	else if (strlen(conf_str(id)) < SECRET_MIN_BYTES)
		why = "too short";
	if (why == NULL)
		return (NULL);
	snprintf(error, sizeof(error), "%s is %s; allowed is a secret text of at least %d bytes", table[id].name, why, SECRET_MIN_BYTES);

	return (error);
}

const char *
conf_check_secrets(void)
{
	const char	*error;

	if (!strcmp(conf_str(CONF_WANZAMI_ENV), "development"))
		return (NULL);
	if ((error = secret_check(CONF_JWT_ACCESS_SECRET)) != NULL || (error = secret_check(CONF_JWT_REFRESH_SECRET)) != NULL)
		return (error);
	if (!strcmp(conf_str(CONF_JWT_ACCESS_SECRET), conf_str(CONF_JWT_REFRESH_SECRET)))
		return ("JWT_REFRESH_SECRET is the same as JWT_ACCESS_SECRET; allowed is another secret text of at least 32 bytes");

	return (NULL);
}

void
conf_print_help(FILE *fp)
{
	char	allowed[160];
	int	id;

	for (id = 0; id < CONF_COUNT; id++) {
		allowed_print(allowed, sizeof(allowed), &table[id]);
		fprintf(fp, "  %-20s %s\n  %-20s %s; default %s\n", table[id].name, table[id].help, "",
		    allowed, table[id].fallback != NULL ? table[id].fallback : "unset");
	}
}

void
conf_print_markdown(FILE *fp)
{
	char	allowed[160];
	int	id;

	fprintf(fp, "# How do I configure it?\n\n"
	    "By environment variables, checked at start: a bad one stops the process with one line that names it. Those that the\n"
	    "environment does not have are taken from a file `.env` in the working directory, if there is one: lines of `NAME=value`.\n"
	    "This page is made by `wanzami docs configure` from the table in `src/base/conf.c`.\n\n"
	    "| variable | allowed | default | meaning |\n|---|---|---|---|\n");
	for (id = 0; id < CONF_COUNT; id++) {
		allowed_print(allowed, sizeof(allowed), &table[id]);
		fprintf(fp, "| `%s` | ", table[id].name);
		for (const char *p = allowed; *p != '\0'; p++)
			fprintf(fp, *p == '|' ? "\\|" : "%c", *p);
		fprintf(fp, " | %s%s%s | %s%s |\n", table[id].fallback != NULL ? "`" : "",
		    table[id].fallback != NULL ? table[id].fallback : "unset",
		    table[id].fallback != NULL ? "`" : "", table[id].help,
		    table[id].secret ? " Secret: never logged." : "");
	}
}
