/*
 * Table of all environment variables: CONF_VAR(NAME, type, columns). The columns
 * are fields of struct conf_var (conf.c); an omitted column is 0 or NULL. The
 * parser, --help and docs/configure.md follow this list, in this order. No
 * include guard: conf.h and conf.c include it with different CONF_VAR.
 */
CONF_VAR(ROLE, CONF_CHOICES, .fallback = "api,transcode,cron", .choices = "api|transcode|cron",
    .help = "Roles of this process. Without api it listens on loopback only.")
CONF_VAR(PORT, CONF_NUMBER, .fallback = "4000", .min = 1, .max = 65535,
    .help = "HTTP port of the API and of the health check.")
CONF_VAR(WORKERS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 64,
    .help = "Number of API worker processes; 0 means one per CPU.")
CONF_VAR(TRUSTED_PROXIES, CONF_NETWORKS, .fallback = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7",
    .help = "Networks of trusted proxies, whose X-Forwarded-For, -Proto and -Host are used. The client's IP address is the last one in X-Forwarded-For that is not a trusted proxy. The default covers load balancers in private networks.")
CONF_VAR(MAX_CONNECTIONS, CONF_NUMBER, .fallback = "960", .min = 8, .max = 1000,
    .help = "Maximum number of connections per API worker; a connection above it gets 503. Idle connections are closed above three quarters of it.")
CONF_VAR(MAX_IN_FLIGHT, CONF_NUMBER, .fallback = "512", .min = 1, .max = 1000,
    .help = "Maximum number of requests in flight per API worker; a request above it gets 503. When responses are slow, some requests get 503 below it.")
CONF_VAR(MAX_PASSWORD_WAIT_MS, CONF_NUMBER, .fallback = "5000", .min = 100, .max = 60000,
    .help = "Maximum wait for a password hash, in milliseconds. While a client's network waits longer in an API worker, its logins, registrations and password changes get 503. Networks take turns.")
CONF_VAR(MAX_BODY_MB, CONF_NUMBER, .fallback = "64", .min = 1, .max = 4096,
    .help = "Maximum memory for request bodies per API worker, in megabytes; a request above it gets 503.")
CONF_VAR(HEADER_TIMEOUT_SEC, CONF_NUMBER, .fallback = "10", .min = 1, .max = 300,
    .help = "Timeout in seconds for a TLS handshake, for the first byte on a connection, and for a request header after its first byte.")
CONF_VAR(BODY_TIMEOUT_SEC, CONF_NUMBER, .fallback = "60", .min = 1, .max = 3600,
    .help = "Timeout in seconds for a request body. Upload parts of films are limited by STALL_TIMEOUT_SEC only.")
CONF_VAR(STALL_TIMEOUT_SEC, CONF_NUMBER, .fallback = "30", .min = 1, .max = 3600,
    .help = "Seconds in which a client must send 16 KB of a request body, or receive 16 KB of a response, or the rest of it.")
CONF_VAR(KEEPALIVE_SEC, CONF_NUMBER, .fallback = "65", .min = 1, .max = 3600,
    .help = "Keep-alive timeout of idle connections, in seconds; longer than the idle timeout of the load balancer (ALB: 60).")
CONF_VAR(HSTS_SEC, CONF_NUMBER, .fallback = "31536000", .min = 0, .max = 63072000,
    .help = "max-age of Strict-Transport-Security in responses over TLS, in seconds; 0 omits the header.")
CONF_VAR(WANZAMI_ENV, CONF_CHOICE, .fallback = "production", .choices = "production|test|development",
    .help = "Environment. development allows insecure settings that production rejects.")
CONF_VAR(DATABASE_URL, CONF_TEXT, .secret = 1,
    .help = "PostgreSQL, as postgresql://user:password@host:port/database; required. Query parameters that only other client libraries use are ignored.")
CONF_VAR(DATABASE_PASSWORD_FILE, CONF_PATH,
    .help = "File with the password of the database, in place of one in DATABASE_URL; read before each connection, so that a changed password needs no restart.")
CONF_VAR(MIGRATE_ON_START, CONF_YESNO,
    .help = "Run the database migrations at start. If unset: yes in development, otherwise no.")
CONF_VAR(SQL_DIR, CONF_PATH,
    .help = "Development and test only: folder with the contents of sql/ that is used instead of the SQL in the binary. A statement is read again when its file changes.")
CONF_VAR(JWT_ACCESS_SECRET, CONF_TEXT, .fallback = "access-secret", .secret = 1,
    .help = "Key that signs access tokens; at least 32 bytes. The default is rejected except in development.")
CONF_VAR(JWT_REFRESH_SECRET, CONF_TEXT, .fallback = "refresh-secret", .secret = 1,
    .help = "Key that signs refresh tokens; at least 32 bytes, different from JWT_ACCESS_SECRET. The default is rejected except in development.")
CONF_VAR(JWT_ACCESS_SECRET_PREVIOUS, CONF_TEXT, .secret = 1,
    .help = "Key that JWT_ACCESS_SECRET replaces, of any length: access tokens and URLs that are signed with it stay valid. Nothing is signed with it.")
CONF_VAR(JWT_REFRESH_SECRET_PREVIOUS, CONF_TEXT, .secret = 1,
    .help = "Key that JWT_REFRESH_SECRET replaces, of any length: refresh tokens that are signed with it stay valid. Nothing is signed with it.")
CONF_VAR(ACCESS_TOKEN_EXPIRES_IN, CONF_DURATION, .fallback = "2h",
    .help = "Lifetime of an access token issued by a token refresh.")
CONF_VAR(ADMIN_ACCESS_TOKEN_EXPIRES_IN, CONF_DURATION, .fallback = "365d",
    .help = "Lifetime of an access token issued by a login, for administrators and viewers.")
CONF_VAR(REFRESH_TOKEN_EXPIRES_IN, CONF_DURATION, .fallback = "365d",
    .help = "Lifetime of a refresh token and its session.")
CONF_VAR(DEVICE_LIMIT, CONF_NUMBER, .fallback = "4", .min = 0, .max = 1000,
    .help = "Maximum number of devices per account; a new device replaces the least recently used one, so 0 counts as 1.")
CONF_VAR(SIGNUPS_PER_HOUR, CONF_NUMBER, .fallback = "600", .min = 1, .max = 100000,
    .help = "Maximum number of sign-ups per hour and network (IPv4 address or /64 of IPv6). Raise it if a web application sends those of all its users from its own address.")
CONF_VAR(WELCOME_MAIL, CONF_CHOICE, .fallback = "signup", .choices = "signup|verified",
    .help = "Time of the welcome mail. signup: with the sign-up, as the old service does. verified: once the address is verified, so that a stranger's address gets one mail.")
CONF_VAR(ADMIN_PERMISSIONS, CONF_CHOICE, .fallback = "open", .choices = "strict|open",
    .help = "strict: administrators need the permission of their role for every route; open: only for the routes on which the old service checked it.")
CONF_VAR(S3_BUCKET, CONF_TEXT,
    .help = "S3 bucket for media. If unset, MEDIA_DIR is used.")
CONF_VAR(S3_REGION, CONF_TEXT, .fallback = "us-east-1",
    .help = "Region of the bucket. If set but empty: AWS_REGION, else eu-north-1.")
CONF_VAR(S3_ENDPOINT, CONF_URL,
    .help = "Endpoint URL of an S3-compatible server. If unset, AWS.")
CONF_VAR(S3_ACCESS_KEY, CONF_TEXT, .secret = 1,
    .help = "Access key ID for the bucket. If unset: AWS_ACCESS_KEY_ID, else the credentials of the ECS task role.")
CONF_VAR(S3_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Secret access key for the bucket.")
CONF_VAR(S3_SIGNING_ACCESS_KEY, CONF_TEXT, .secret = 1,
    .help = "Access key ID that signs the URLs of media for viewers. Set it where the credentials are temporary (ECS task role): URLs end with the credentials that signed them. The key needs s3:GetObject only. If unset: the access key for the bucket.")
CONF_VAR(S3_SIGNING_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Secret access key for S3_SIGNING_ACCESS_KEY.")
CONF_VAR(S3_ADDRESSING, CONF_CHOICE, .fallback = "auto", .choices = "auto|path|virtual",
    .help = "Bucket addressing in URLs: path (host/bucket) or virtual (bucket.host). auto: path with S3_ENDPOINT or a bucket name with dots, otherwise virtual.")
CONF_VAR(AWS_REGION, CONF_TEXT,
    .help = "Region if S3_REGION is set but empty. Set by ECS.")
CONF_VAR(AWS_ACCESS_KEY_ID, CONF_TEXT, .secret = 1,
    .help = "Access key ID if S3_ACCESS_KEY is unset.")
CONF_VAR(AWS_SECRET_ACCESS_KEY, CONF_TEXT, .secret = 1,
    .help = "Secret access key for AWS_ACCESS_KEY_ID.")
CONF_VAR(AWS_SESSION_TOKEN, CONF_TEXT, .secret = 1,
    .help = "Session token for AWS_ACCESS_KEY_ID, if the credentials are temporary.")
CONF_VAR(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, CONF_TEXT,
    .help = "Path of the task role credentials at 169.254.170.2. Set by ECS.")
CONF_VAR(ECS_AGENT_URI, CONF_TEXT,
    .help = "Endpoint of the ECS agent, which protects the task against scale-in while it transcodes a film. Set by ECS.")
CONF_VAR(AWS_CONTAINER_CREDENTIALS_FULL_URI, CONF_TEXT,
    .help = "Full URL of the container credentials, on platforms other than ECS: https, or http on loopback.")
CONF_VAR(AWS_CONTAINER_AUTHORIZATION_TOKEN, CONF_TEXT, .secret = 1,
    .help = "Authorization header for AWS_CONTAINER_CREDENTIALS_FULL_URI.")
CONF_VAR(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, CONF_PATH,
    .help = "File that contains AWS_CONTAINER_AUTHORIZATION_TOKEN; read before every request for credentials.")
CONF_VAR(MEDIA_CDN, CONF_URL,
    .help = "Origin of a CloudFront distribution in front of the bucket, as https://host. The URLs of films then lead there; other objects keep URLs of the bucket. Not used with MEDIA_DIR.")
CONF_VAR(MEDIA_CDN_KEY_ID, CONF_TEXT,
    .help = "ID of the public key at CloudFront, in a key group that the distribution trusts.")
CONF_VAR(MEDIA_CDN_KEY_PEM, CONF_TEXT, .secret = 1,
    .help = "Private key that signs the URLs of MEDIA_CDN (PEM text, not encrypted): EC on P-256, or RSA of 2048 bits, which takes five times as long to sign.")
CONF_VAR(MEDIA_CDN_KEY_FILE, CONF_PATH,
    .help = "File with this private key (PEM, not encrypted), read at start.")
CONF_VAR(MEDIA_DIR, CONF_PATH,
    .help = "Directory for media if S3_BUCKET is unset. In production the roles api and transcode require one of the two.")
CONF_VAR(PUBLIC_API_ORIGIN, CONF_URL,
    .help = "Public origin of this API, used in the URLs that it returns. If unset, the origin of the request.")
CONF_VAR(PUBLIC_ASSET_BASE, CONF_TEXT,
    .help = "Base URL of public artwork, such as a CDN; the object key is appended. If unset, the bucket's URL.")
CONF_VAR(EXTRA_CA_PEM, CONF_TEXT,
    .help = "Additional CA certificates (PEM text) used to verify other servers, besides the built-in Mozilla list.")
CONF_VAR(TLS_CA_FILE, CONF_PATH,
    .help = "File with additional CA certificates (PEM), read at start.")
CONF_VAR(DATABASE_CA_PEM, CONF_TEXT,
    .help = "CA certificates (PEM text) used to verify the database server, such as those of RDS; equivalent to libpq's sslrootcert.")
CONF_VAR(TLS_PORT, CONF_NUMBER, .fallback = "4443", .min = 1, .max = 65535,
    .help = "HTTPS port of the API, in addition to PORT. Used if a certificate is configured.")
CONF_VAR(TLS_CERT_PEM, CONF_TEXT,
    .help = "Certificate of the API, followed by its intermediate certificates (PEM text).")
CONF_VAR(TLS_CERT_FILE, CONF_PATH,
    .help = "File with the certificate chain (PEM). It and TLS_KEY_FILE are loaded again when they change.")
CONF_VAR(TLS_KEY_PEM, CONF_TEXT, .secret = 1,
    .help = "Private key of the certificate (PEM text, not encrypted): RSA of 2048 to 4096 bits, or EC on P-256 or P-384.")
CONF_VAR(TLS_KEY_FILE, CONF_PATH,
    .help = "File with the private key (PEM, not encrypted).")
CONF_VAR(SMTP_HOST, CONF_TEXT,
    .help = "SMTP server. Without it, or without SMTP_USER and SMTP_PASS (unless SMTP_AUTH is none), mail is off: it stays in the outbox, and in development it is also logged.")
CONF_VAR(SMTP_PORT, CONF_NUMBER, .fallback = "587", .min = 1, .max = 65535,
    .help = "Port of the SMTP server.")
CONF_VAR(SMTP_TLS, CONF_CHOICE, .fallback = "auto", .choices = "auto|implicit|required|off",
    .help = "TLS to the SMTP server. implicit: from the first byte (always on port 465); required: with STARTTLS, or the mail is not sent; off: never. auto: required; in development and with a server on loopback, STARTTLS only if offered; the certificate of a server on loopback is not verified.")
CONF_VAR(SMTP_TLS_FINGERPRINT, CONF_TEXT,
    .help = "SHA-256 of the SMTP server's certificate, 64 hexadecimal digits, colons allowed. That certificate alone is accepted then, whoever issued it and for whatever host and time.")
CONF_VAR(SMTP_AUTH, CONF_CHOICE, .fallback = "auto", .choices = "auto|plain|login|cram-md5|xoauth2|none",
    .help = "SASL mechanism. auto: PLAIN, LOGIN, then CRAM-MD5, of those that the server offers, the next one when one is refused; without TLS CRAM-MD5 is first. xoauth2: SMTP_PASS is an access token. none: no sign-in, and no SMTP_USER needed.")
CONF_VAR(SMTP_USER, CONF_TEXT,
    .help = "SMTP user name.")
CONF_VAR(SMTP_PASS, CONF_TEXT, .secret = 1,
    .help = "SMTP password.")
CONF_VAR(SMTP_FROM, CONF_TEXT, .fallback = "Wanzami <no-reply@wanzami.com>",
    .help = "Sender of every mail, as Name <e-mail address> or an e-mail address alone.")
CONF_VAR(SMTP_FROM_CAMPAIGN, CONF_TEXT,
    .help = "Sender of campaigns, as SMTP_FROM. If unset: SMTP_FROM.")
CONF_VAR(SMTP_BOUNCE, CONF_TEXT,
    .help = "E-mail address that undelivered mail is reported to (envelope sender, Return-Path). If unset: that of SMTP_FROM or SMTP_FROM_CAMPAIGN.")
CONF_VAR(DKIM_KEY_FILE, CONF_PATH,
    .help = "File with the RSA private key (PEM, not encrypted) that signs mail (DKIM), read at start. Requires DKIM_DOMAIN and DKIM_SELECTOR.")
CONF_VAR(DKIM_DOMAIN, CONF_TEXT,
    .help = "Domain that signs mail: that of SMTP_FROM, or one above it.")
CONF_VAR(DKIM_SELECTOR, CONF_TEXT,
    .help = "Name of the key: its DNS record is DKIM_SELECTOR._domainkey.DKIM_DOMAIN. wanzami mail dns prints it.")
CONF_VAR(SMTP_COMMAND_TIMEOUT_SEC, CONF_NUMBER, .fallback = "300", .min = 1, .max = 3600,
    .help = "Seconds that the SMTP server has for its greeting and for the reply to a command (RFC 5321 §4.5.3.2).")
CONF_VAR(SMTP_DATA_TIMEOUT_SEC, CONF_NUMBER, .fallback = "600", .min = 1, .max = 3600,
    .help = "Seconds that the SMTP server has for the reply to the end of a mail. If it is too short, a slow server gets the mail again and again.")
CONF_VAR(MAIL_KEEP_HOURS, CONF_NUMBER, .fallback = "72", .min = 1, .max = 720,
    .help = "Hours after which a mail that could not be sent is given up.")
CONF_VAR(SUPPORT_EMAIL, CONF_TEXT, .fallback = "support@wanzami.com",
    .help = "E-mail address that is notified of new support tickets, and that answers to campaigns go to.")
CONF_VAR(APP_ORIGIN, CONF_URL,
    .help = "Origin of the web application, used for links in mail to viewers. If unset: http://localhost:3000.")
CONF_VAR(ADMIN_APP_ORIGIN, CONF_URL,
    .help = "Origin of the administrators' application, used for links in invitations. If unset: http://localhost:3001.")
CONF_VAR(FRONTEND_URL, CONF_URL,
    .help = "Origin for links in mail about purchases if APP_ORIGIN is unset. If unset: https://wanzami.vercel.app.")
CONF_VAR(GOOGLE_CLIENT_ID, CONF_TEXT,
    .help = "OAuth client ID at Google. Sign-in with Google requires it, GOOGLE_CLIENT_SECRET and GOOGLE_REDIRECT_URI.")
CONF_VAR(GOOGLE_CLIENT_SECRET, CONF_TEXT, .secret = 1,
    .help = "OAuth client secret at Google.")
CONF_VAR(GOOGLE_REDIRECT_URI, CONF_LINK,
    .help = "OAuth redirect URI. APP_ORIGIN/oauth/google/callback is allowed, too.")
CONF_VAR(GOOGLE_AUTH_URL, CONF_LINK, .fallback = "https://accounts.google.com/o/oauth2/v2/auth",
    .help = "Google's OAuth authorization endpoint.")
CONF_VAR(GOOGLE_TOKEN_URL, CONF_LINK, .fallback = "https://oauth2.googleapis.com/token",
    .help = "Google's OAuth token endpoint.")
CONF_VAR(GOOGLE_USERINFO_URL, CONF_LINK, .fallback = "https://openidconnect.googleapis.com/v1/userinfo",
    .help = "Google's OpenID Connect userinfo endpoint.")
CONF_VAR(PAYSTACK_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Secret key at Paystack, the payment gateway for viewers in Africa.")
CONF_VAR(PAYSTACK_WEBHOOK_SECRET, CONF_TEXT, .secret = 1,
    .help = "Key of Paystack's webhook signatures. If unset: PAYSTACK_SECRET_KEY, which Paystack itself uses.")
CONF_VAR(PAYSTACK_CALLBACK_URL, CONF_LINK,
    .help = "URL to which both payment gateways redirect viewers after payment: /ppv/success of the web application.")
CONF_VAR(PAYSTACK_BASE_URL, CONF_URL, .fallback = "https://api.paystack.co",
    .help = "Base URL of Paystack's API.")
CONF_VAR(FLW_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Secret key at Flutterwave, the payment gateway for viewers outside Africa.")
CONF_VAR(FLW_WEBHOOK_SECRET, CONF_TEXT, .secret = 1,
    .help = "Secret hash that Flutterwave's webhooks must carry. If unset, they are refused.")
CONF_VAR(FLW_BASE_URL, CONF_URL, .fallback = "https://api.flutterwave.com",
    .help = "Base URL of Flutterwave's API.")
CONF_VAR(WEBHOOKS_UNSIGNED, CONF_YESNO, .fallback = "0",
    .help = "Accept Paystack's webhooks without a signature if no secret is set. Insecure: anyone can then get a purchase without payment.")
CONF_VAR(PPV_ACCESS_DAYS, CONF_NATURAL, .fallback = "30", .min = 1, .max = 36500,
    .help = "Days of access after a purchase.")
CONF_VAR(PLAYBACK_APP_HLS, CONF_CHOICE, .fallback = "safari", .choices = "safari|off",
    .help = "Browsers that get HLS as the URL of the largest rendition of a title or an episode, so that the apps stream adaptively there. safari: Safari, and all browsers of iPhone and iPad; off: none.")
CONF_VAR(PLAYBACK_LIMIT, CONF_NUMBER, .fallback = "0", .min = 0, .max = 1000,
    .help = "Maximum number of devices of one account that play at the same time; a player on one more gets 409 for its beats. 0: no limit. Players that send no beats are never stopped.")
CONF_VAR(PPV_ENFORCEMENT, CONF_CHOICE, .fallback = "grant", .choices = "grant|token|off",
    .help = "Clients that get the media of pay-per-view titles. grant: clients with the IP address and User-Agent of a viewer whose access was granted; token: requests with an access token of a buyer; off: all.")
CONF_VAR(PPV_DENIED_STATUS, CONF_CHOICE, .fallback = "403", .choices = "403|200",
    .help = "HTTP status of the response that denies access to a title.")
CONF_VAR(PPV_STRIKE_PAUSE_SEC, CONF_NUMBER, .fallback = "0", .min = 0, .max = 86400,
    .help = "Seconds in which repeated denials of a title to a viewer count as one strike; 0 counts every denial.")
CONF_VAR(REDIS_URL, CONF_TEXT, .fallback = "redis://localhost:6379", .secret = 1,
    .help = "Valkey or Redis, as redis://[user:password@]host[:port], or rediss:// for TLS. It holds rate limit counters and notifies transcode workers of new jobs. Without it each process counts alone, and workers find jobs by polling.")
CONF_VAR(REDIS_PASSWORD_FILE, CONF_PATH,
    .help = "File with the password of Valkey or Redis, in place of one in REDIS_URL; read before each connection, so that a changed password needs no restart.")
CONF_VAR(TRANSCODE_LEASE_MS, CONF_NUMBER, .fallback = "30000", .min = 500, .max = 3600000,
    .help = "Lease duration of a transcode job, in milliseconds. A worker that does not renew the lease in this time loses the job.")
CONF_VAR(TRANSCODE_RETRY_MS, CONF_NUMBER, .fallback = "5000", .min = 1, .max = 3600000,
    .help = "Delay in milliseconds before a transcode job that failed for a temporary reason is retried; doubled for each further retry.")
CONF_VAR(DEINTERLACE, CONF_CHOICE, .fallback = "frame", .choices = "frame|field",
    .help = "What becomes of interlaced films. frame: one frame of each two fields, 25 or 29.97 a second; field: one frame of each field, 50 or 59.94 a second.")
CONF_VAR(ALLOW_SILENT, CONF_YESNO, .fallback = "0",
    .help = "Transcode a film whose sound cannot be decoded as a silent film, with a note. If no: it is refused.")
CONF_VAR(QUEUE_SWEEP_MS, CONF_NUMBER, .fallback = "10000", .min = 20, .max = 3600000,
    .help = "Interval in milliseconds at which transcode workers poll for jobs, and the first worker of every process searches for expired leases.")
CONF_VAR(POPULARITY_CACHE_SEC, CONF_NUMBER, .fallback = "300", .min = 0, .max = 86400,
    .help = "Cache lifetime of popular titles, in seconds; 0 disables the cache.")
CONF_VAR(REC_CACHE_SEC, CONF_NUMBER, .fallback = "120", .min = 0, .max = 86400,
    .help = "Cache lifetime of a viewer's recommendations, in seconds; 0 disables the cache.")
CONF_VAR(KID_RATINGS, CONF_TEXT, .fallback = "G,PG,TV-Y,TV-G,TV-PG,PG-13,unrated",
    .help = "Maturity ratings recommended to children's profiles; unrated means titles without a rating.")
CONF_VAR(CONTINUE_HIDE_FINISHED, CONF_YESNO, .fallback = "0",
    .help = "Omit films that are watched to less than 1 %, or to 95 % or more, from the list of films to continue.")
CONF_VAR(POPULARITY_CRON, CONF_CRON, .fallback = "0 3 * * *",
    .help = "Schedule of the cron job that computes the most played titles of each country.")
CONF_VAR(PREFERENCES_CRON, CONF_CRON, .fallback = "30 3 * * *",
    .help = "Schedule of the cron job that computes the preferred genres of each profile.")
CONF_VAR(PREF_WINDOW_DAYS, CONF_NATURAL, .fallback = "60", .min = 1, .max = 3650,
    .help = "Days of events from which preferred genres are computed.")
CONF_VAR(RECENT_VIEWS_CRON, CONF_CRON, .fallback = "0 4 * * *",
    .help = "Schedule of the cron job that computes the titles that each profile watched last.")
CONF_VAR(RECENT_VIEWS_DAYS, CONF_NATURAL, .fallback = "14", .min = 1, .max = 3650,
    .help = "Days of events from which the last watched titles are computed.")
CONF_VAR(RECENT_VIEWS_LIMIT, CONF_NATURAL, .fallback = "50", .min = 1, .max = 1000,
    .help = "Maximum number of last watched titles per profile.")
CONF_VAR(EMBEDDINGS_CRON, CONF_CRON, .fallback = "0 2 * * *",
    .help = "Schedule of the cron job that computes embeddings of new and changed titles.")
CONF_VAR(EMBEDDING_BASE_URL, CONF_TEXT,
    .help = "Base URL, including /v1, of an embedding service with OpenAI's API. If unset: OpenAI if there is a key, otherwise embeddings are computed from the words of the titles.")
CONF_VAR(EMBEDDING_API_KEY, CONF_TEXT, .secret = 1,
    .help = "API key of the embedding service.")
CONF_VAR(OPENAI_API_KEY, CONF_TEXT, .secret = 1,
    .help = "API key of the embedding service if EMBEDDING_API_KEY is unset.")
CONF_VAR(EMBEDDING_MODEL, CONF_TEXT, .fallback = "text-embedding-3-small",
    .help = "Embedding model.")
CONF_VAR(EMBEDDING_BATCH_SIZE, CONF_NUMBER, .fallback = "20", .min = 1, .max = 50,
    .help = "Number of titles per request to the embedding service.")
CONF_VAR(SIMILARITIES_CRON, CONF_CRON, .fallback = "30 4 * * *",
    .help = "Schedule of the cron job that computes similar titles.")
CONF_VAR(SIMILARITY_WINDOW_DAYS, CONF_NUMBER, .fallback = "60", .min = 1, .max = 3650,
    .help = "Days of events from which similar titles are computed.")
CONF_VAR(SIMILARITY_MAX_ANCHORS, CONF_NUMBER, .fallback = "100000", .min = 1, .max = 100000,
    .help = "Maximum number of titles for which titles watched by the same viewers are computed.")
CONF_VAR(SIMILARITY_MAX_SIMILARS, CONF_NUMBER, .fallback = "20", .min = 1, .max = 200,
    .help = "Maximum number of similar titles per title.")
CONF_VAR(GUARDRAILS_CRON, CONF_CRON, .fallback = "off",
    .help = "Schedule of the cron job that checks the guardrails of the A/B experiment.")
CONF_VAR(AB_EXPERIMENT_KEY, CONF_TEXT, .fallback = "foryou_v1",
    .help = "Key of the A/B experiment that the guardrails check.")
CONF_VAR(GUARDRAIL_WINDOW_HOURS, CONF_NUMBER, .fallback = "24", .min = 1, .max = 8760,
    .help = "Hours of events that the guardrails evaluate.")
CONF_VAR(GUARDRAIL_MIN_COMPLETION, CONF_NUMBER, .fallback = "0", .min = 0, .max = 100,
    .help = "Minimum completion rate of plays, in percent; 0 disables the check.")
CONF_VAR(GUARDRAIL_MAX_SKIPS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 2000000000,
    .help = "Maximum number of skips; 0 disables the check.")
CONF_VAR(GUARDRAIL_MAX_SKEW, CONF_NUMBER, .fallback = "0", .min = 0, .max = 100,
    .help = "Maximum deviation of a variant's share of impressions from an even share, in percentage points; 0 disables the check.")
CONF_VAR(EVENT_CLEANUP_CRON, CONF_CRON, .fallback = "@every 1m",
    .help = "Schedule of the cron job that unlinks the events of deleted titles, profiles and sessions, and keeps the counts of events.")
CONF_VAR(EVENT_RETENTION_DAYS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 36500,
    .help = "Days until the cron job of EVENT_CLEANUP_CRON deletes an event; 0 keeps events. With EVENT_EXPORT_CRON, exported events only.")
CONF_VAR(EVENT_EXPORT_CRON, CONF_CRON, .fallback = "off",
    .help = "Schedule of the cron job that exports the events of the last days to object storage as CSV.")
CONF_VAR(EXPORT_DAYS, CONF_NUMBER, .fallback = "1", .min = 1, .max = 36500,
    .help = "Number of days per event export.")
CONF_VAR(CRON_TZ, CONF_ZONE, .fallback = "UTC",
    .help = "Time zone of all schedules (*_CRON).")
CONF_VAR(JOB_LEASE_MS, CONF_NUMBER, .fallback = "30000", .min = 500, .max = 3600000,
    .help = "Lease duration of a cron job, in milliseconds. A process that does not renew the lease in this time loses the job.")
CONF_VAR(UPLOAD_REAPER_CRON, CONF_CRON, .fallback = "10 * * * *",
    .help = "Schedule of the cron job that aborts abandoned uploads.")
CONF_VAR(SOURCE_RETENTION_DAYS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 36500,
    .help = "Days after encoding until the cron job of UPLOAD_REAPER_CRON deletes the source of a film; 0 keeps sources.")
CONF_VAR(PAYMENTS_CRON, CONF_CRON, .fallback = "*/10 * * * *",
    .help = "Schedule of the cron job that queries the payment gateways for open payments.")
CONF_VAR(PAYMENTS_COMPARE_CRON, CONF_CRON, .fallback = "25 5 * * *",
    .help = "Schedule of the cron job that compares the payment gateways' lists of payments with the purchases.")
CONF_VAR(STORE_CLEANUP_CRON, CONF_CRON, .fallback = "@every 1m",
    .help = "Schedule of the cron job that deletes unreferenced objects from object storage.")
CONF_VAR(MAIL_CRON, CONF_CRON, .fallback = "off",
    .help = "Schedule of the cron job that sends all waiting mail. The roles api and cron also send mail as soon as it is queued.")
CONF_VAR(MAIL_CLEANUP_CRON, CONF_CRON, .fallback = "20 * * * *",
    .help = "Schedule of the cron job that gives up undeliverable mail and deletes old mail.")
CONF_VAR(SESSION_CLEANUP_CRON, CONF_CRON, .fallback = "40 4 * * *",
    .help = "Schedule of the cron job that deletes ended sessions.")
CONF_VAR(SHUTDOWN_DELAY_SEC, CONF_NUMBER, .fallback = "0", .min = 0, .max = 300,
    .help = "Seconds after SIGTERM during which /health fails but requests are still accepted. Set it to the time that a load balancer needs to detect this.")
CONF_VAR(SHUTDOWN_GRACE_SEC, CONF_NUMBER, .fallback = "25", .min = 0, .max = 600,
    .help = "Seconds after SHUTDOWN_DELAY_SEC in which requests in flight can finish.")
CONF_VAR(LOOP_STALL_SEC, CONF_NUMBER, .fallback = "30", .min = 0, .max = 3600,
    .help = "A worker whose event loop has stopped for this many seconds is killed and restarted; its stack is logged. 0 disables it.")
CONF_VAR(METRICS_TOKEN, CONF_TEXT, .secret = 1,
    .help = "Bearer token for GET /metrics from other hosts. If unset, only loopback requests are allowed.")
CONF_VAR(EMF, CONF_YESNO, .fallback = "1",
    .help = "Write CloudWatch metrics to standard output in embedded metric format (EMF); not with LOG_FORMAT=text.")
CONF_VAR(EMF_SECONDS, CONF_NUMBER, .fallback = "60", .min = 1, .max = 3600,
    .help = "Interval between EMF lines, in seconds.")
CONF_VAR(SLOW_QUERY_MS, CONF_NUMBER, .fallback = "1000", .min = 0, .max = 3600000,
    .help = "Database calls that take this many milliseconds or longer are logged; 0 disables it.")
CONF_VAR(LOG_FORMAT, CONF_CHOICE, .fallback = "json", .choices = "json|text",
    .help = "Log format: json (one JSON object per line) or text.")
