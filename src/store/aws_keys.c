/*
 * AWS credentials from the environment or from ECS's container credentials
 * endpoint. The process's threads share one copy.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/file_text.h"
#include "base/json.h"
#include "base/log.h"
#include "base/work.h"
#include "net/fetch.h"
#include "store/aws_keys.h"

#define RENEW_EVERY_MS	1000
#define ECS_HOST	"http://169.254.170.2"
#define RETRY_SEC	5	/* pause after a failed renewal */
#define FETCH_SEC	5

static char		endpoint[1024] = "";	/* "" if the credentials are in the environment */
static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;	/* guards current and renew_at */
static pthread_mutex_t	renewing = PTHREAD_MUTEX_INITIALIZER;	/* held by the thread that fetches from the endpoint */
static struct s3_keys	current;
static time_t		renew_at = 0;

/* Returns 1 for the hosts that AWS's SDKs allow without TLS, since credentials must not cross a network in plain text. */
static int
host_allows_http(const char *url)
{
	static const char	*allowed[] = { "127.0.0.1", "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
	const char		*host = url + strlen("http://");
	size_t			i, len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strlen(allowed[i]) == len && !strncmp(host, allowed[i], len))
			return (1);
	}

	return (0);
}

const char *
aws_keys_configure(void)
{
	const char	*relative = conf_str(CONF_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
	const char	*full = conf_str(CONF_AWS_CONTAINER_CREDENTIALS_FULL_URI);

	if ((*conf_str(CONF_S3_ACCESS_KEY) != '\0') != (*conf_str(CONF_S3_SECRET_KEY) != '\0'))
		return ("S3_ACCESS_KEY and S3_SECRET_KEY must be set together or not at all");
	if ((*conf_str(CONF_S3_SIGNING_ACCESS_KEY) != '\0') != (*conf_str(CONF_S3_SIGNING_SECRET_KEY) != '\0'))
		return ("S3_SIGNING_ACCESS_KEY and S3_SIGNING_SECRET_KEY must be set together or not at all");
	if (strlen(conf_str(CONF_S3_SIGNING_ACCESS_KEY)) >= sizeof(current.access_key) ||
	    strlen(conf_str(CONF_S3_SIGNING_SECRET_KEY)) >= sizeof(current.secret_key))
		return ("S3_SIGNING_ACCESS_KEY or S3_SIGNING_SECRET_KEY is too long; allowed are 255 bytes");
	if (strlen(conf_str(CONF_S3_ACCESS_KEY)) >= sizeof(current.access_key) ||
	    strlen(conf_str(CONF_S3_SECRET_KEY)) >= sizeof(current.secret_key))
		return ("S3_ACCESS_KEY or S3_SECRET_KEY is too long; allowed are 255 bytes");
	if (*conf_str(CONF_S3_ACCESS_KEY) != '\0' || *conf_str(CONF_AWS_ACCESS_KEY_ID) != '\0')
		return (NULL);
	if (*relative != '\0' && *relative != '/')
		return ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
	if (*relative == '\0' && *full != '\0' && strncmp(full, "https://", 8) &&
	    (strncmp(full, "http://", 7) || !host_allows_http(full)))
		return ("AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or with http:// and a loopback or ECS address");
	if (strlen(relative) + strlen(full) >= sizeof(endpoint) - sizeof(ECS_HOST))
		return ("the URL of the container credentials endpoint is too long");
	snprintf(endpoint, sizeof(endpoint), "%s%s", *relative != '\0' ? ECS_HOST : "", *relative != '\0' ? relative : full);
	if (*endpoint == '\0')
		return ("S3_BUCKET is set, but there are no AWS credentials: set S3_ACCESS_KEY and S3_SECRET_KEY or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the task a task role");

	return (NULL);
}

/* Copies the credentials of the environment. Returns 0 if there are none. */
static int
keys_from_environment(struct s3_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
	if (*conf_str(CONF_S3_ACCESS_KEY) != '\0') {
		snprintf(keys->access_key, sizeof(keys->access_key), "%s", conf_str(CONF_S3_ACCESS_KEY));
		snprintf(keys->secret_key, sizeof(keys->secret_key), "%s", conf_str(CONF_S3_SECRET_KEY));
		return (1);
	}
	snprintf(keys->access_key, sizeof(keys->access_key), "%s", conf_str(CONF_AWS_ACCESS_KEY_ID));
	snprintf(keys->secret_key, sizeof(keys->secret_key), "%s", conf_str(CONF_AWS_SECRET_ACCESS_KEY));
	snprintf(keys->token, sizeof(keys->token), "%s", conf_str(CONF_AWS_SESSION_TOKEN));

	return (*keys->access_key != '\0');
}

/* Writes the authorization header for the endpoint. The token file is read each time, since the platform replaces it. */
static int
authorization_make(char *out, size_t size)
{
	const char	*path = conf_str(CONF_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
	char		token[4096];

	if (*path != '\0') {
		if (file_text(path, token, sizeof(token)) <= 0)
			return (0);
		token[strcspn(token, "\r\n")] = '\0';
	} else {
		snprintf(token, sizeof(token), "%s", conf_str(CONF_AWS_CONTAINER_AUTHORIZATION_TOKEN));
	}
	if (strpbrk(token, "\r\n") != NULL)
		return (0);
	snprintf(out, size, "authorization: %s", token);

	return (1);
}

static int
string_copy(const struct json *j, const char *name, char *out, size_t size)
{
	int	node = json_get(j, 0, name);
	char	*text;
	size_t	len;

	if (node < 0 || json_kind(j, node) != JSMN_STRING)
		return (0);
	text = json_plain(j, node);
	if ((len = strlen(text)) < size)
		memcpy(out, text, len + 1);
	free(text);

	return (len < size);
}

/* Parses a time such as 2026-11-24T05:00:00Z. Returns 0 on error. */
static time_t
time_parse(const char *text)
{
	struct tm	tm = { 0 };

	return (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL ? timegm(&tm) : 0);
}

/* Stores the credentials of the endpoint's response. Returns NULL, or what is wrong with it. */
static const char *
response_parse(const char *text, size_t len)
{
	struct s3_keys	keys = { 0 };
	char		until[64] = "";
	struct json	j;
	time_t		now = time(NULL), end = 0;
	int		ok;

	if (json_parse(&j, text, len) != NULL)
		return ("the response is not valid JSON");
	ok = j.nodes[0].type == JSMN_OBJECT && string_copy(&j, "AccessKeyId", keys.access_key, sizeof(keys.access_key)) &&
	    string_copy(&j, "SecretAccessKey", keys.secret_key, sizeof(keys.secret_key)) &&
	    (json_get(&j, 0, "Token") < 0 || string_copy(&j, "Token", keys.token, sizeof(keys.token)));
	if (ok && string_copy(&j, "Expiration", until, sizeof(until)))
		end = time_parse(until);
	json_free(&j);
	if (!ok || strpbrk(keys.token, "\r\n") != NULL)
		return ("the response has no credentials");
	if (*until != '\0' && end <= now)
		return ("the credentials have expired");

	pthread_mutex_lock(&lock);
	current = keys;
	current.expires = end;
	/* URLs that are signed with the credentials end with them. Credentials without an expiry may still be replaced: renew them every hour. */
	renew_at = end == 0 ? now + 3600 : now + (end - now + 1) / 2;
	pthread_mutex_unlock(&lock);

	return (NULL);
}

static int
renew(char *why, size_t len)
{
	char		authorization[4200];
	const char	*headers[] = { "accept: application/json", authorization, NULL }, *error = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read or has a bad token";
	struct fetch	f = { .method = "GET", .url = endpoint, .headers = headers, .tries = 3, .seconds = FETCH_SEC };

	if (authorization_make(authorization, sizeof(authorization))) {
		if (!strcmp(authorization, "authorization: "))
			headers[1] = NULL;
		if (!fetch_perform(&f))
			error = f.error;
		else if (f.status != 200)
			error = "the response status is not 200";
		else
			error = response_parse(f.response != NULL ? f.response : "", f.response_len);
	}
	if (error != NULL) {
		snprintf(why, len, "no AWS credentials from the container credentials endpoint: %s", error);
		pthread_mutex_lock(&lock);
		renew_at = time(NULL) + RETRY_SEC;
		pthread_mutex_unlock(&lock);
	}
	fetch_free(&f);

	return (error == NULL);
}

/* Copies the stored credentials and sets *stale if they should be renewed. Returns 0 if there are none or they have expired. */
static int
current_get(struct s3_keys *keys, int *stale)
{
	time_t	now = time(NULL);
	int	ok;

	pthread_mutex_lock(&lock);
	ok = *current.access_key != '\0' && (current.expires == 0 || now < current.expires);
	*stale = now >= renew_at;
	if (ok)
		*keys = current;
	pthread_mutex_unlock(&lock);

	return (ok);
}

int
aws_keys_get(struct s3_keys *keys, int may_block, char *why, size_t len)
{
	char	text[320] = "the container's AWS credentials have not been fetched yet";
	int	ok, stale;

	if (*endpoint == '\0') {
		snprintf(text, sizeof(text), "no AWS credentials are configured");
		ok = keys_from_environment(keys);
	} else if (!(ok = current_get(keys, &stale)) || stale) {
		if (may_block) {
			pthread_mutex_lock(&renewing);
			/* Another thread may have renewed them meanwhile. */
			if ((!current_get(keys, &stale) || stale) && !renew(text, sizeof(text)))
				log_event(LOG_LEVEL_WARN, "AWS credentials could not be renewed", LOG_S("error", text));
			pthread_mutex_unlock(&renewing);
			ok = current_get(keys, &stale);
		}
	}
	if (!ok && why != NULL)
		snprintf(why, len, "%s", text);

	return (ok);
}

int
aws_keys_signing(struct s3_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
	snprintf(keys->access_key, sizeof(keys->access_key), "%s", conf_str(CONF_S3_SIGNING_ACCESS_KEY));
	snprintf(keys->secret_key, sizeof(keys->secret_key), "%s", conf_str(CONF_S3_SIGNING_SECRET_KEY));

	return (*keys->access_key != '\0');
}

int
aws_keys_stale(void)
{
	struct s3_keys	keys;
	int		stale = 0;

	if (*endpoint != '\0')
		(void)current_get(&keys, &stale);

	return (stale);
}

static int	renewal_runs = 0;

static void
keys_renew(void *arg)
{
	struct s3_keys	keys;

	(void)arg;
	(void)aws_keys_get(&keys, 1, NULL, 0);
}

static void
keys_renewed(void *arg)
{
	(void)arg;
	renewal_runs = 0;
}

static void
renew_tick(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	if (renewal_runs || !aws_keys_stale())
		return;
	renewal_runs = 1;
	(void)work_run(WORK_STORE, keys_renew, keys_renewed, NULL);
}

void
aws_keys_start(void)
{
	(void)kore_timer_add(renew_tick, RENEW_EVERY_MS, NULL, 0);
	renew_tick(NULL, 0);
}
