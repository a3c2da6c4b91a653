/*
 * The table of known errors. Sources of the texts: src/tls/verify.c and libpq
 * (certificates), PostgreSQL's messages, Valkey's error replies, "Error responses"
 * in the S3 API reference, src/net/mail.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/advice.h"

#define S3		"object storage error"
#define LIBPQ_TLS	"SSL error: "
#define VALUE_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:"

#define CLOCK		"correct the clock of this machine"
#define HOST_NAME	"connect with a host name that the certificate contains"
#define CA_OTHERS	"put the certificate of this CA into EXTRA_CA_PEM or TLS_CA_FILE"
#define CA_DATABASE	"put the certificate of this CA into DATABASE_CA_PEM"
#define PRIMARY		"DATABASE_URL must name the primary; default_transaction_read_only must be off for its role and database"
#define STORAGE		"give the database more storage"
#define SLOTS		"raise max_connections of the database, or run fewer workers"
#define MIGRATE		"run wanzami migrate"
#define VALKEY_USER	"check the user and password of REDIS_URL, or the file of REDIS_PASSWORD_FILE"
#define REFUSALS	"docs/mail.md#refusals says what the service does after this reply"

/* An error has both texts; the second may be NULL. %s in the advice is the value behind the first. The first row that matches counts. */
static const struct {
	const char	*has, *also, *advice;
} rows[] = {
	{ "the system clock is wrong", NULL, CLOCK },
	{ "RequestTimeTooSkewed", S3, CLOCK },
	{ "certificate is not for host", NULL, HOST_NAME },
	{ "does not match host name", NULL, HOST_NAME },
	{ "unknown CA", LIBPQ_TLS, CA_DATABASE },
	{ "is self-signed", LIBPQ_TLS, CA_DATABASE },
	{ "unknown CA", NULL, CA_OTHERS },
	{ "is self-signed", NULL, CA_OTHERS },
	{ " expired on ", "certificate", "renew the certificate of the server, or correct the clock of this machine" },
	{ "is not yet valid", "certificate", "correct the clocks" },
	{ "session is read-only", NULL, PRIMARY },
	{ "the server is read-only", NULL, PRIMARY },
	{ "in a read-only transaction", NULL, PRIMARY },
	{ "hot standby", NULL, PRIMARY },
	{ "could not extend file", NULL, STORAGE },
	{ "No space left on device", "could not", STORAGE },
	{ "password authentication failed", NULL, "check the user and password of DATABASE_URL, or the file of DATABASE_PASSWORD_FILE" },
	{ "too many clients", NULL, SLOTS },
	{ "connection slots are reserved", NULL, SLOTS },
	{ "permission denied for", NULL, "grant the rights of docs/database.md#rights to the user of DATABASE_URL" },
	{ "does not exist", "relation \"", MIGRATE },
	{ "does not exist", "function wanzami.", MIGRATE },
	{ "does not exist", "schema \"wanzami\"", MIGRATE },
	{ "WRONGPASS", NULL, VALKEY_USER },
	{ "NOAUTH", NULL, VALKEY_USER },
	{ "called without any password", "AUTH", VALKEY_USER },
	{ ADVICE_REGION, S3, "set S3_REGION=%s" },
	{ "NoSuchBucket", S3, "S3_BUCKET does not exist there; check S3_BUCKET and S3_ENDPOINT" },
	{ "SignatureDoesNotMatch", S3, "S3_SECRET_KEY is not the secret of S3_ACCESS_KEY" },
	{ "InvalidAccessKeyId", S3, "the store does not know S3_ACCESS_KEY; set the ID of a key that exists" },
	{ "ExpiredToken", S3, "the credentials have expired; renew AWS_SESSION_TOKEN, or use a permanent key or a task role" },
	{ "InvalidToken", S3, "AWS_SESSION_TOKEN is not that of the access key" },
	{ "AuthorizationHeaderMalformed", S3, "S3_REGION is not the region of the bucket" },
	{ "PermanentRedirect", S3, "S3_REGION or S3_ENDPOINT is not that of the bucket" },
	{ ADVICE_PERMISSION, S3, "give the access key or the task role the permission %s" },
	{ "no AWS credentials are configured", NULL, "set S3_ACCESS_KEY and S3_SECRET_KEY, or give the task a task role" },
	{ "AUTH: the server offers", NULL, "have the server offer PLAIN, LOGIN or CRAM-MD5, or set SMTP_AUTH" },
	{ "AUTH: ", NULL, "check SMTP_USER, SMTP_PASS and SMTP_AUTH" },
	{ "RCPT: ", NULL, REFUSALS },
	{ "MAIL: ", NULL, REFUSALS },
	{ "STARTTLS not supported", NULL,
	    "set SMTP_PORT=465 or SMTP_TLS=implicit if the server has TLS there, or SMTP_TLS=off if nobody can read the network between" } };

/* Writes an advice with the value at the beginning of a text. */
static const char *
advice_write(const char *advice, const char *value, char out[ADVICE_MAX])
{
	int	before = (int)strcspn(advice, "%");

	if (advice[before] == '\0')
		return (advice);
	snprintf(out, ADVICE_MAX, "%.*s%.*s%s", before, advice, (int)strspn(value, VALUE_CHARS), value, advice + before + 2);

	return (out);
}

const char *
advice_find(const char *error, char out[ADVICE_MAX])
{
	const char	*at;
	size_t		i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((at = strstr(error, rows[i].has)) != NULL && (rows[i].also == NULL || strstr(error, rows[i].also) != NULL))
			return (advice_write(rows[i].advice, at + strlen(rows[i].has), out));
	}

	return (NULL);
}
