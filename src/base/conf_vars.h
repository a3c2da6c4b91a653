/*
 * Every environment variable: CONF_VAR(NAME, type, columns). The columns are
 * fields of struct conf_var (conf.c); a column that is left out is 0 or NULL.
 * The parser, --help and docs/configure.md are made from this list, in this
 * order. No include guard: conf.h and conf.c read it with different CONF_VAR.
 */
CONF_VAR(ROLE, CONF_CHOICES, .fallback = "api,transcode,cron", .choices = "api|transcode|cron",
    .help = "What this process does. Without api it listens on loopback only.")
CONF_VAR(PORT, CONF_NUMBER, .fallback = "4000", .min = 1, .max = 65535,
    .help = "Port of the API and of the health check.")
CONF_VAR(WORKERS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 64,
    .help = "Worker processes of the API; 0 is one for each CPU.")
CONF_VAR(TRUSTED_PROXIES, CONF_NETWORKS, .fallback = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7",
    .help = "Networks of the proxies whose X-Forwarded-For, -Proto and -Host are believed: a client is the last address there that is none of them. The default is what a load balancer in a private network has.")
CONF_VAR(MAX_CONNECTIONS, CONF_NUMBER, .fallback = "960", .min = 8, .max = 1000,
    .help = "Connections of one API worker; who comes beyond is answered 503. From three quarters on, idle ones are closed.")
CONF_VAR(MAX_IN_FLIGHT, CONF_NUMBER, .fallback = "512", .min = 1, .max = 1000,
    .help = "Requests that one API worker works on at a time; more are answered 503, and so are some before that when answers take long.")
CONF_VAR(MAX_PASSWORD_WAIT_MS, CONF_NUMBER, .fallback = "5000", .min = 100, .max = 60000,
    .help = "Signing in and up, and new passwords, are answered 503 while somebody in this API worker waits longer than this for a password to be hashed.")
CONF_VAR(MAX_BODY_MB, CONF_NUMBER, .fallback = "64", .min = 1, .max = 4096,
    .help = "Megabytes of request bodies that one API worker keeps in memory; more are answered 503.")
CONF_VAR(HEADER_TIMEOUT_SEC, CONF_NUMBER, .fallback = "10", .min = 1, .max = 300,
    .help = "Seconds for a TLS handshake, for the first byte of a connection, and for the head of a request from its first byte.")
CONF_VAR(BODY_TIMEOUT_SEC, CONF_NUMBER, .fallback = "60", .min = 1, .max = 3600,
    .help = "Seconds for the body of a request, but for parts of films, which may take as long as they go on.")
CONF_VAR(STALL_TIMEOUT_SEC, CONF_NUMBER, .fallback = "30", .min = 1, .max = 3600,
    .help = "Seconds in which a client that sends a body or is sent an answer must take a step of 16 KB, or the rest.")
CONF_VAR(KEEPALIVE_SEC, CONF_NUMBER, .fallback = "65", .min = 1, .max = 3600,
    .help = "Seconds that a connection may wait for its next request; longer than the idle time-out of a load balancer in front (ALB: 60).")
CONF_VAR(HSTS_SEC, CONF_NUMBER, .fallback = "31536000", .min = 0, .max = 63072000,
    .help = "Seconds for which browsers that came over TLS are told to come over nothing else (Strict-Transport-Security); 0 tells them nothing.")
CONF_VAR(WANZAMI_ENV, CONF_CHOICE, .fallback = "production", .choices = "production|test|development",
    .help = "Where it runs: development is lenient about what production refuses.")
CONF_VAR(DATABASE_URL, CONF_TEXT, .secret = 1,
    .help = "PostgreSQL, as postgresql://user:password@host:port/database; required. Parameters that only other clients know are ignored.")
CONF_VAR(MIGRATE_ON_START, CONF_YESNO,
    .help = "Bring the database schema up to date before serving. Unset: yes in development, no elsewhere.")
CONF_VAR(JWT_ACCESS_SECRET, CONF_TEXT, .fallback = "access-secret", .secret = 1,
    .help = "Signs access tokens; at least 32 bytes. The API refuses the default but in development.")
CONF_VAR(JWT_REFRESH_SECRET, CONF_TEXT, .fallback = "refresh-secret", .secret = 1,
    .help = "Signs refresh tokens; at least 32 bytes, not the other one. The API refuses the default but in development.")
CONF_VAR(ACCESS_TOKEN_EXPIRES_IN, CONF_DURATION, .fallback = "2h",
    .help = "Life of an access token from a refresh.")
CONF_VAR(ADMIN_ACCESS_TOKEN_EXPIRES_IN, CONF_DURATION, .fallback = "365d",
    .help = "Life of an access token from a login, of administrators and viewers alike.")
CONF_VAR(REFRESH_TOKEN_EXPIRES_IN, CONF_DURATION, .fallback = "365d",
    .help = "Life of a refresh token and its session.")
CONF_VAR(DEVICE_LIMIT, CONF_NUMBER, .fallback = "4", .min = 0, .max = 1000,
    .help = "Devices of one account; a new one pushes out the one unused for longest.")
CONF_VAR(ADMIN_PERMISSIONS, CONF_CHOICE, .fallback = "open", .choices = "strict|open",
    .help = "Whether administrators need the permission of their role for everything, or only where the old service asked for it.")
CONF_VAR(S3_BUCKET, CONF_TEXT,
    .help = "Bucket of the media. Unset: MEDIA_DIR takes its place.")
CONF_VAR(S3_REGION, CONF_TEXT, .fallback = "us-east-1",
    .help = "Region of the bucket. Set but empty: AWS_REGION, else eu-north-1.")
CONF_VAR(S3_ENDPOINT, CONF_URL,
    .help = "An S3 server other than AWS.")
CONF_VAR(S3_ACCESS_KEY, CONF_TEXT, .secret = 1,
    .help = "Access key of the bucket. Without the pair: the keys of AWS_ACCESS_KEY_ID, else those that ECS gives its tasks.")
CONF_VAR(S3_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Secret key of the bucket.")
CONF_VAR(S3_ADDRESSING, CONF_CHOICE, .fallback = "auto", .choices = "auto|path|virtual",
    .help = "Where the bucket's name stands in addresses: behind the host (path) or in front of it (virtual); auto is path for S3_ENDPOINT and for names with dots, else virtual.")
CONF_VAR(AWS_REGION, CONF_TEXT,
    .help = "Region when S3_REGION is set but empty. ECS sets it.")
CONF_VAR(AWS_ACCESS_KEY_ID, CONF_TEXT, .secret = 1,
    .help = "Access key when S3_ACCESS_KEY is unset.")
CONF_VAR(AWS_SECRET_ACCESS_KEY, CONF_TEXT, .secret = 1,
    .help = "Its secret key.")
CONF_VAR(AWS_SESSION_TOKEN, CONF_TEXT, .secret = 1,
    .help = "Its session token, if it is a temporary one.")
CONF_VAR(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, CONF_TEXT,
    .help = "Path at 169.254.170.2 where a task of ECS finds its keys. ECS sets it.")
CONF_VAR(AWS_CONTAINER_CREDENTIALS_FULL_URI, CONF_TEXT,
    .help = "The whole address of such keys, where another platform gives them: https, or http on this machine.")
CONF_VAR(AWS_CONTAINER_AUTHORIZATION_TOKEN, CONF_TEXT, .secret = 1,
    .help = "What that address wants in the Authorization header.")
CONF_VAR(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, CONF_TEXT,
    .help = "A file with the same, read anew each time.")
CONF_VAR(MEDIA_DIR, CONF_TEXT,
    .help = "Directory that keeps the media when there is no S3_BUCKET. In production the roles api and transcode need one of the two.")
CONF_VAR(PUBLIC_API_ORIGIN, CONF_URL,
    .help = "Where clients reach this API, in the addresses that it hands out. Unset: what the request says.")
CONF_VAR(PUBLIC_ASSET_BASE, CONF_TEXT,
    .help = "What stands in front of the key in the public addresses of artwork, such as a CDN's. Unset: the bucket itself.")
CONF_VAR(EXTRA_CA_PEM, CONF_TEXT,
    .help = "Authorities (PEM text) whose certificates other servers may show, besides Mozilla's, which the binary carries.")
CONF_VAR(TLS_CA_FILE, CONF_TEXT,
    .help = "The same as a file, read at start.")
CONF_VAR(DATABASE_CA_PEM, CONF_TEXT,
    .help = "Authorities (PEM text) that vouch for the database, such as those of RDS: what a file in sslrootcert is to libpq.")
CONF_VAR(TLS_PORT, CONF_NUMBER, .fallback = "4443", .min = 1, .max = 65535,
    .help = "Port on which the API serves HTTPS when it has a certificate, beside PORT.")
CONF_VAR(TLS_CERT_PEM, CONF_TEXT,
    .help = "Our certificate, and behind it those between it and its authority (PEM).")
CONF_VAR(TLS_CERT_FILE, CONF_TEXT,
    .help = "A file with the same; when it and TLS_KEY_FILE change, they are read anew.")
CONF_VAR(TLS_KEY_PEM, CONF_TEXT, .secret = 1,
    .help = "The private key of the certificate (PEM, without a password): RSA of 2048 to 4096 bits, EC on P-256 or P-384.")
CONF_VAR(TLS_KEY_FILE, CONF_TEXT,
    .help = "A file with the same.")
CONF_VAR(SMTP_HOST, CONF_TEXT,
    .help = "Server that takes our mail. Without it, or without user and password, mail is off: kept, in development shown in the log.")
CONF_VAR(SMTP_PORT, CONF_NUMBER, .fallback = "587", .min = 1, .max = 65535,
    .help = "Its port.")
CONF_VAR(SMTP_TLS, CONF_CHOICE, .fallback = "auto", .choices = "auto|implicit|required|off",
    .help = "TLS from the first byte (implicit; always so on port 465), after STARTTLS or not at all (required), never (off); auto is required, but in development and with a server on this machine STARTTLS where it is offered.")
CONF_VAR(SMTP_USER, CONF_TEXT,
    .help = "User at that server.")
CONF_VAR(SMTP_PASS, CONF_TEXT, .secret = 1,
    .help = "Password of that user.")
CONF_VAR(SMTP_FROM, CONF_TEXT, .fallback = "Wanzami <no-reply@wanzami.com>",
    .help = "Sender of every mail, as Name <address> or an address alone.")
CONF_VAR(SUPPORT_EMAIL, CONF_TEXT, .fallback = "support@wanzami.com",
    .help = "Where new support tickets are announced.")
CONF_VAR(APP_ORIGIN, CONF_URL,
    .help = "Where viewers find the web application; links in mails lead there. Unset: http://localhost:3000.")
CONF_VAR(ADMIN_APP_ORIGIN, CONF_URL,
    .help = "Where the staff's application is; links in invitations lead there. Unset: http://localhost:3001.")
CONF_VAR(FRONTEND_URL, CONF_URL,
    .help = "Where links in the mail about a purchase lead when APP_ORIGIN is unset. Unset: https://wanzami.vercel.app.")
CONF_VAR(GOOGLE_CLIENT_ID, CONF_TEXT,
    .help = "The client that Google knows us as. Sign-in with Google needs it, its secret and GOOGLE_REDIRECT_URI.")
CONF_VAR(GOOGLE_CLIENT_SECRET, CONF_TEXT, .secret = 1,
    .help = "Its secret.")
CONF_VAR(GOOGLE_REDIRECT_URI, CONF_LINK,
    .help = "Where Google sends viewers back to. APP_ORIGIN/oauth/google/callback is allowed beside it.")
CONF_VAR(GOOGLE_AUTH_URL, CONF_LINK, .fallback = "https://accounts.google.com/o/oauth2/v2/auth",
    .help = "Google's page of consent.")
CONF_VAR(GOOGLE_TOKEN_URL, CONF_LINK, .fallback = "https://oauth2.googleapis.com/token",
    .help = "Where Google changes codes into tokens.")
CONF_VAR(GOOGLE_USERINFO_URL, CONF_LINK, .fallback = "https://openidconnect.googleapis.com/v1/userinfo",
    .help = "Where Google says who somebody is.")
CONF_VAR(PAYSTACK_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Our key at Paystack, by which viewers in Africa pay.")
CONF_VAR(PAYSTACK_WEBHOOK_SECRET, CONF_TEXT, .secret = 1,
    .help = "What Paystack signs its webhooks with. Unset: PAYSTACK_SECRET_KEY, which is what Paystack does.")
CONF_VAR(PAYSTACK_CALLBACK_URL, CONF_LINK,
    .help = "Where both gateways send viewers after they have paid: /ppv/success of the web application.")
CONF_VAR(PAYSTACK_BASE_URL, CONF_URL, .fallback = "https://api.paystack.co",
    .help = "Paystack's API.")
CONF_VAR(FLW_SECRET_KEY, CONF_TEXT, .secret = 1,
    .help = "Our key at Flutterwave, by which viewers elsewhere pay.")
CONF_VAR(FLW_WEBHOOK_SECRET, CONF_TEXT, .secret = 1,
    .help = "What Flutterwave's webhooks must know. Unset: they are refused.")
CONF_VAR(FLW_BASE_URL, CONF_URL, .fallback = "https://api.flutterwave.com",
    .help = "Flutterwave's API.")
CONF_VAR(WEBHOOKS_UNSIGNED, CONF_YESNO, .fallback = "0",
    .help = "Believe Paystack's webhooks without a signature when there is no secret to check it with. Anybody can then buy for nothing.")
CONF_VAR(PPV_ACCESS_DAYS, CONF_NATURAL, .fallback = "30", .min = 1, .max = 36500,
    .help = "Days that a purchase lasts.")
CONF_VAR(PPV_ENFORCEMENT, CONF_CHOICE, .fallback = "grant", .choices = "grant|token|off",
    .help = "Who gets the media of pay-per-view titles: whoever was found entitled and comes from the same place (grant), who asks with the token of a buyer (token), everybody (off).")
CONF_VAR(PPV_DENIED_STATUS, CONF_CHOICE, .fallback = "403", .choices = "403|200",
    .help = "Status of the answer that somebody may not watch a title.")
CONF_VAR(PPV_STRIKE_PAUSE_SEC, CONF_NUMBER, .fallback = "0", .min = 0, .max = 86400,
    .help = "Seconds in which a viewer gets at most one strike for the same title; 0 counts every denial.")
CONF_VAR(REDIS_URL, CONF_TEXT, .fallback = "redis://localhost:6379", .secret = 1,
    .help = "Valkey or Redis, as redis://[user:password@]host[:port], or rediss:// for TLS. It wakes who waits for work; without it the same happens later.")
CONF_VAR(TRANSCODE_LEASE_MS, CONF_NUMBER, .fallback = "30000", .min = 500, .max = 3600000,
    .help = "Milliseconds after which a transcode worker that has not been heard of counts as dead.")
CONF_VAR(TRANSCODE_RETRY_MS, CONF_NUMBER, .fallback = "5000", .min = 1, .max = 3600000,
    .help = "Milliseconds before a transcode job that failed through no fault of the film is tried again; doubled the next time.")
CONF_VAR(QUEUE_SWEEP_MS, CONF_NUMBER, .fallback = "10000", .min = 20, .max = 3600000,
    .help = "Milliseconds between two looks for transcode jobs that were lost.")
CONF_VAR(POPULARITY_CACHE_SEC, CONF_NUMBER, .fallback = "300", .min = 0, .max = 86400,
    .help = "Seconds that a list of popular titles is remembered; 0 remembers none.")
CONF_VAR(REC_CACHE_SEC, CONF_NUMBER, .fallback = "120", .min = 0, .max = 86400,
    .help = "Seconds that a viewer's recommendations are remembered; 0 remembers none.")
CONF_VAR(KID_RATINGS, CONF_TEXT, .fallback = "G,PG,TV-Y,TV-G,TV-PG,PG-13,unrated",
    .help = "Maturity ratings that are recommended to children's profiles; unrated stands for titles without one.")
CONF_VAR(CONTINUE_HIDE_FINISHED, CONF_YESNO, .fallback = "0",
    .help = "Whether films that have only just been begun (1 %) or are as good as over (95 %) are no longer offered to go on with.")
CONF_VAR(POPULARITY_CRON, CONF_CRON, .fallback = "0 3 * * *",
    .help = "When the most played titles of each country are found.")
CONF_VAR(PREFERENCES_CRON, CONF_CRON, .fallback = "30 3 * * *",
    .help = "When the genres that each profile likes are found.")
CONF_VAR(PREF_WINDOW_DAYS, CONF_NATURAL, .fallback = "60", .min = 1, .max = 3650,
    .help = "Days of events that they are found from.")
CONF_VAR(RECENT_VIEWS_CRON, CONF_CRON, .fallback = "0 4 * * *",
    .help = "When the titles that each profile watched last are found.")
CONF_VAR(RECENT_VIEWS_DAYS, CONF_NATURAL, .fallback = "14", .min = 1, .max = 3650,
    .help = "Days of events that they are found from.")
CONF_VAR(RECENT_VIEWS_LIMIT, CONF_NATURAL, .fallback = "50", .min = 1, .max = 1000,
    .help = "How many of them are kept.")
CONF_VAR(EMBEDDINGS_CRON, CONF_CRON, .fallback = "0 2 * * *",
    .help = "When new and changed titles get the vectors that say what they are about.")
CONF_VAR(EMBEDDING_BASE_URL, CONF_TEXT,
    .help = "Service that makes these vectors, as OpenAI does, up to and with /v1. Unset: OpenAI, if there is a key; else the words of the titles are compared.")
CONF_VAR(EMBEDDING_API_KEY, CONF_TEXT, .secret = 1,
    .help = "Key of that service.")
CONF_VAR(OPENAI_API_KEY, CONF_TEXT, .secret = 1,
    .help = "The same, when EMBEDDING_API_KEY is unset.")
CONF_VAR(EMBEDDING_MODEL, CONF_TEXT, .fallback = "text-embedding-3-small",
    .help = "Model that the service is asked for.")
CONF_VAR(EMBEDDING_BATCH_SIZE, CONF_NUMBER, .fallback = "20", .min = 1, .max = 50,
    .help = "Titles in one question to it.")
CONF_VAR(SIMILARITIES_CRON, CONF_CRON, .fallback = "30 4 * * *",
    .help = "When the titles that are alike are found.")
CONF_VAR(SIMILARITY_WINDOW_DAYS, CONF_NUMBER, .fallback = "60", .min = 1, .max = 3650,
    .help = "Days of events that they are found from.")
CONF_VAR(SIMILARITY_MAX_ANCHORS, CONF_NUMBER, .fallback = "1000", .min = 1, .max = 100000,
    .help = "Titles for which others are found that the same viewers watch.")
CONF_VAR(SIMILARITY_MAX_SIMILARS, CONF_NUMBER, .fallback = "20", .min = 1, .max = 200,
    .help = "How many of them are kept for each.")
CONF_VAR(GUARDRAILS_CRON, CONF_CRON, .fallback = "off",
    .help = "When the limits of the experiment are checked.")
CONF_VAR(AB_EXPERIMENT_KEY, CONF_TEXT, .fallback = "foryou_v1",
    .help = "The experiment that they check.")
CONF_VAR(GUARDRAIL_WINDOW_HOURS, CONF_NUMBER, .fallback = "24", .min = 1, .max = 8760,
    .help = "Hours of events that they look at.")
CONF_VAR(GUARDRAIL_MIN_COMPLETION, CONF_NUMBER, .fallback = "0", .min = 0, .max = 100,
    .help = "Percent of what is played that must be seen; 0 is no limit.")
CONF_VAR(GUARDRAIL_MAX_SKIPS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 2000000000,
    .help = "Skips that may happen; 0 is no limit.")
CONF_VAR(GUARDRAIL_MAX_SKEW, CONF_NUMBER, .fallback = "0", .min = 0, .max = 100,
    .help = "Percent points by which a variant's share of the impressions may differ from an even one; 0 is no limit.")
CONF_VAR(EVENT_EXPORT_CRON, CONF_CRON, .fallback = "off",
    .help = "When the events of the last days are written to the object store as CSV.")
CONF_VAR(EXPORT_DAYS, CONF_NUMBER, .fallback = "1", .min = 1, .max = 36500,
    .help = "How many days these are.")
CONF_VAR(CRON_TZ, CONF_ZONE, .fallback = "UTC",
    .help = "Time zone of all schedules.")
CONF_VAR(JOB_LEASE_MS, CONF_NUMBER, .fallback = "30000", .min = 500, .max = 3600000,
    .help = "Milliseconds after which a process that has not been heard of has lost the job it was running.")
CONF_VAR(UPLOAD_REAPER_CRON, CONF_CRON, .fallback = "10 * * * *",
    .help = "When uploads that nobody goes on with are given up.")
CONF_VAR(SOURCE_RETENTION_DAYS, CONF_NUMBER, .fallback = "0", .min = 0, .max = 36500,
    .help = "Days that an uploaded film is kept after its renditions have been made; the same job then removes it. 0 keeps it for ever.")
CONF_VAR(PAYMENTS_CRON, CONF_CRON, .fallback = "*/10 * * * *",
    .help = "When the gateways are asked about open payments.")
CONF_VAR(STORE_CLEANUP_CRON, CONF_CRON, .fallback = "@every 1m",
    .help = "When objects that nothing refers to any more are removed from the store.")
CONF_VAR(MAIL_CRON, CONF_CRON, .fallback = "off",
    .help = "When all mail that waits is sent; the roles api and cron send it anyway, as it comes.")
CONF_VAR(MAIL_CLEANUP_CRON, CONF_CRON, .fallback = "20 * * * *",
    .help = "When mail that cannot be sent is given up, and old mail forgotten.")
CONF_VAR(SESSION_CLEANUP_CRON, CONF_CRON, .fallback = "40 4 * * *",
    .help = "When sessions that have ended are forgotten.")
CONF_VAR(SHUTDOWN_DELAY_SEC, CONF_NUMBER, .fallback = "0", .min = 0, .max = 300,
    .help = "Seconds after SIGTERM in which requests are still taken while /health fails already: as long as a load balancer needs to see it.")
CONF_VAR(SHUTDOWN_GRACE_SEC, CONF_NUMBER, .fallback = "25", .min = 0, .max = 600,
    .help = "Seconds that SIGTERM leaves to requests in flight, after that.")
CONF_VAR(METRICS_TOKEN, CONF_TEXT, .secret = 1,
    .help = "Bearer token with which GET /metrics is answered to others than this machine. Unset: to nobody else.")
CONF_VAR(EMF, CONF_YESNO, .fallback = "1",
    .help = "Write metrics for CloudWatch to standard output, in its embedded metric format; not with LOG_FORMAT=text.")
CONF_VAR(EMF_SECONDS, CONF_NUMBER, .fallback = "60", .min = 1, .max = 3600,
    .help = "Seconds between two such lines.")
CONF_VAR(SLOW_QUERY_MS, CONF_NUMBER, .fallback = "1000", .min = 0, .max = 3600000,
    .help = "Calls to the database that take so many milliseconds or more are logged; 0 logs none.")
CONF_VAR(LOG_FORMAT, CONF_CHOICE, .fallback = "json", .choices = "json|text",
    .help = "One JSON object a line, or lines for people.")
