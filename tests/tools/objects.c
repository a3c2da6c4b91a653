/*
 * The C interface of object storage as a program for tests. The variables are
 * those of the appliance.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/conf.h"
#include "store/objects.h"
#include "store/local/local_objects.h"
#include "store/s3.h"
#include "tls/roots.h"

#define INPUT_MAX	(64u << 20)

int	main(int, char **);

static struct objects_call	call;
static struct timespec		cancel_at;

static int
canceled(void *ctx)
{
	struct timespec	now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);

	return (now.tv_sec > cancel_at.tv_sec || (now.tv_sec == cancel_at.tv_sec && now.tv_nsec >= cancel_at.tv_nsec));
}

/* Returns standard input. */
static char *
input(size_t *len)
{
	char	*data = malloc(INPUT_MAX);

	*len = fread(data, 1, INPUT_MAX, stdin);

	return (data);
}

static int
print_entry(void *ctx, const char *key, uint64_t size)
{
	(void)ctx;
	printf("%llu %s\n", (unsigned long long)size, key);

	return (0);
}

static enum objects_result
cmd_head(char **a)
{
	struct objects_stat	st;
	enum objects_result	r = objects_head(a[0], &st, &call);

	if (r == OBJECTS_OK)
		printf("%llu %s\n", (unsigned long long)st.size, st.etag);

	return (r);
}

/* KEY OFFSET LENGTH [ETAG] */
static enum objects_result
cmd_read(char **a)
{
	size_t			len = strtoull(a[2], NULL, 10), got;
	char			*buf = malloc(len + 1);
	enum objects_result	r = objects_read(a[0], a[3], strtoull(a[1], NULL, 10), buf, len, &got, &call);

	if (r == OBJECTS_OK)
		fwrite(buf, 1, got, stdout);
	free(buf);

	return (r);
}

static enum objects_result
cmd_put(char **a)
{
	char			etag[OBJECTS_ETAG_MAX], *data;
	enum objects_result	r;
	size_t			len;

	data = input(&len);
	if ((r = objects_put(a[0], a[1], data, len, etag, &call)) == OBJECTS_OK)
		printf("%s\n", etag);
	free(data);

	return (r);
}

static enum objects_result
cmd_begin(char **a)
{
	char			upload[OBJECTS_UPLOAD_MAX];
	enum objects_result	r = objects_begin(a[0], a[1], upload, &call);

	if (r == OBJECTS_OK)
		printf("%s\n", upload);

	return (r);
}

/* KEY UPLOAD NUMBER */
static enum objects_result
cmd_part(char **a)
{
	char			etag[OBJECTS_ETAG_MAX], *data;
	enum objects_result	r;
	size_t			len;

	data = input(&len);
	if ((r = objects_part(a[0], a[1], atoi(a[2]), data, len, etag, &call)) == OBJECTS_OK)
		printf("%s\n", etag);
	free(data);

	return (r);
}

/* KEY UPLOAD NUMBER ETAG NUMBER ETAG ... */
static enum objects_result
cmd_complete(char **a)
{
	struct objects_part	parts[16] = { 0 };
	char			etag[OBJECTS_ETAG_MAX];
	enum objects_result	r;
	size_t			n;

	for (n = 0; n < 16 && a[2 + 2 * n] != NULL && a[3 + 2 * n] != NULL; n++) {
		parts[n].number = atoi(a[2 + 2 * n]);
		snprintf(parts[n].etag, sizeof(parts[n].etag), "%s", a[3 + 2 * n]);
	}
	if ((r = objects_complete(a[0], a[1], parts, n, etag, &call)) == OBJECTS_OK)
		printf("%s\n", etag);

	return (r);
}

static enum objects_result
cmd_abort(char **a)
{
	return (objects_abort(a[0], a[1], &call));
}

static enum objects_result
cmd_parts(char **a)
{
	struct objects_part	*parts;
	enum objects_result	r;
	size_t			count, i;

	r = objects_parts(a[0], a[1], &parts, &count, &call);
	for (i = 0; i < count; i++)
		printf("%d %llu %s\n", parts[i].number, (unsigned long long)parts[i].size, parts[i].etag);
	free(parts);

	return (r);
}

static enum objects_result
cmd_delete(char **a)
{
	return (objects_delete(a[0], &call));
}

static enum objects_result
cmd_delete_prefix(char **a)
{
	return (objects_delete_prefix(a[0], &call));
}

static enum objects_result
cmd_list(char **a)
{
	return (objects_list(a[0] != NULL ? a[0] : "", print_entry, NULL, &call));
}

static enum objects_result
cmd_probe(char **a)
{
	(void)a;

	return (objects_probe(&call));
}

/* METHOD KEY SECONDS [UPLOAD NUMBER] */
static enum objects_result
cmd_presign(char **a)
{
	char	url[OBJECTS_URL_MAX];
	int	ok;

	(void)objects_probe(&call);	/* fetches the credentials */
	ok = a[3] != NULL ? objects_presign_part("http://here", a[1], a[3], atoi(a[4]), atoi(a[2]), url) :
	    objects_presign("http://here", a[0], a[1], atoi(a[2]), url);
	if (!ok)
		return (OBJECTS_REFUSED);
	printf("%s\n", url);

	return (OBJECTS_OK);
}

/* SECONDS KEY ...: prints a presigned URL for each key. */
static enum objects_result
cmd_presign_many(char **a)
{
	char	url[OBJECTS_URL_MAX];
	size_t	i;

	for (i = 1; a[i] != NULL; i++) {
		if (!objects_presign("http://here", "GET", a[i], atoi(a[0]), url))
			return (OBJECTS_REFUSED);
		printf("%s\n", url);
	}

	return (OBJECTS_OK);
}

/* SECONDS: prints for how long a URL of a film that is signed for them is valid. */
static enum objects_result
cmd_seconds(char **a)
{
	(void)objects_probe(&call);	/* fetches the credentials */
	printf("%d\n", objects_presign_seconds(atoi(a[0])));

	return (OBJECTS_OK);
}

static const char	*many_key;
static atomic_int	many_failed;

static void *
many_entry(void *arg)
{
	struct objects_call	mine = { 0 };
	char			buf[1000];
	size_t			got;
	int			i;

	for (i = 0; i < 50; i++) {
		if (objects_read(many_key, NULL, (uint64_t)i * 1000, buf, sizeof(buf), &got, &mine) != OBJECTS_OK || got != sizeof(buf) ||
		    buf[0] != (char)('a' + i % 26) || buf[999] != buf[0])
			atomic_fetch_add(&many_failed, 1);
	}

	return (arg);
}

/* KEY: 8 threads each read 50 ranges of 1000 equal letters. */
static enum objects_result
cmd_many(char **a)
{
	pthread_t	threads[8];
	size_t		i;

	many_key = a[0];
	for (i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, many_entry, NULL);
	for (i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	printf("%d\n", atomic_load(&many_failed));

	return (OBJECTS_OK);
}

/* For each line KEY of standard input, prints the result of objects_head(); for credentials that change during the run. */
static enum objects_result
cmd_follow(char **a)
{
	struct objects_stat	st;
	char			line[OBJECTS_KEY_MAX + 2];

	(void)a;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		printf("%d %s\n", objects_head(line, &st, &call), call.error);
		fflush(stdout);
	}

	return (OBJECTS_OK);
}

/* TIME METHOD KEY BODY [?name=value ...] [name:value ...]: prints the signed headers, or with METHOD "presign" the presigned URL. */
static enum objects_result
cmd_sign(char **a)
{
	struct s3_bucket	b = { conf_str(CONF_S3_ENDPOINT), conf_str(CONF_S3_REGION), conf_str(CONF_S3_BUCKET),
	    !strcmp(conf_str(CONF_S3_ADDRESSING), "path") };
	struct s3_request	r = { .method = a[1], .key = *a[2] != '\0' ? a[2] : NULL };
	struct s3_keys		keys = { 0 };
	static struct s3_signed	s;
	char			hash[S3_HASH_HEX], *value;
	size_t			i, q = 0, h = 0;

	snprintf(keys.access_key, sizeof(keys.access_key), "%s", conf_str(CONF_S3_ACCESS_KEY));
	snprintf(keys.secret_key, sizeof(keys.secret_key), "%s", conf_str(CONF_S3_SECRET_KEY));
	snprintf(keys.token, sizeof(keys.token), "%s", conf_str(CONF_AWS_SESSION_TOKEN));
	for (i = 4; a[i] != NULL; i++) {
		value = a[i] + strcspn(a[i], *a[i] == '?' ? "=" : ":");
		*value++ = '\0';
		if (*a[i] == '?')
			r.query[q++] = (struct s3_pair){ a[i] + 1, value };
		else
			r.headers[h++] = (struct s3_pair){ a[i], value };
	}
	if (!strcmp(a[1], "presign")) {
		r.method = "GET";
		if (!s3_presign(&b, &keys, &r, 86400, atol(a[0]), s.url))
			return (OBJECTS_REFUSED);
		printf("%s\n", s.url);
		return (OBJECTS_OK);
	}
	s3_hash(a[3], strlen(a[3]), hash);
	r.hash = hash;
	if (!s3_sign(&b, &keys, &r, atol(a[0]), &s))
		return (OBJECTS_REFUSED);
	printf("%s\n%s\n%s\n%s\n%s\n", s.url, s.authorization, s.date, s.hash, s.token);

	return (OBJECTS_OK);
}

static const struct {
	const char		*name;
	enum objects_result	(*run)(char **);
} commands[] = {
	{ "head", cmd_head }, { "read", cmd_read }, { "put", cmd_put }, { "begin", cmd_begin }, { "part", cmd_part },
	{ "complete", cmd_complete }, { "abort", cmd_abort }, { "parts", cmd_parts }, { "delete", cmd_delete },
	{ "delete-prefix", cmd_delete_prefix }, { "list", cmd_list }, { "probe", cmd_probe }, { "presign", cmd_presign },
	{ "presign-many", cmd_presign_many }, { "seconds", cmd_seconds },
	{ "many", cmd_many }, { "follow", cmd_follow }, { "sign", cmd_sign },
};

int
main(int argc, char **argv)
{
	enum objects_result	result;
	const char		*error;
	size_t			i;

	if ((error = conf_load()) != NULL || (error = roots_load()) != NULL || (error = objects_configure()) != NULL) {
		fprintf(stderr, "%s\n", error);
		return (90);
	}
	call.seconds = getenv("TOOL_SECONDS") != NULL ? atoi(getenv("TOOL_SECONDS")) : 20;
	call.keep_retrying = getenv("TOOL_SECONDS") != NULL;
	if (getenv("TOOL_CANCEL_MS") != NULL) {
		clock_gettime(CLOCK_MONOTONIC, &cancel_at);
		cancel_at.tv_nsec += atol(getenv("TOOL_CANCEL_MS")) % 1000 * 1000000;
		cancel_at.tv_sec += atol(getenv("TOOL_CANCEL_MS")) / 1000 + cancel_at.tv_nsec / 1000000000;
		cancel_at.tv_nsec %= 1000000000;
		call.canceled = canceled;
	}
	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[1]))
			continue;
		if ((result = commands[i].run(argv + 2)) != OBJECTS_OK)
			fprintf(stderr, "%s\n", call.error);
		return ((int)result);
	}

	return (91);
}
