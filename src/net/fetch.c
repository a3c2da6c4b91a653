/*
 * HTTP requests over libcurl's easy interface, with retries. Each thread has
 * one handle.
 */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include <curl/curl.h>

#include "net/fetch.h"
#include "tls/curl.h"

#define SECONDS_DEFAULT		30
#define CONNECT_TIMEOUT_MS	5000L
#define STALL_SEC		20L	/* a transfer without a byte for this long is ended */
#define IDLE_CONNECTION_SEC	50L
#define RETRY_PAUSE_FIRST_MS	200
#define RETRY_PAUSE_MAX_MS	5000
#define RETRY_PAUSE_STEP_MS	100

/* A thread's curl handle, which keeps its connections open, and the verifier of their certificates. */
struct handle {
	CURL		*curl;
	struct verify	verify;
};

static pthread_key_t	handle_key;
static pthread_once_t	handle_once = PTHREAD_ONCE_INIT;

static void
handle_free(void *arg)
{
	struct handle	*h = arg;

	curl_easy_cleanup(h->curl);
	verify_free(&h->verify);
	free(h);
}

static void
handles_init(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	(void)pthread_key_create(&handle_key, handle_free);
}

static struct handle *
handle_get(void)
{
	struct handle	*h;

	(void)pthread_once(&handle_once, handles_init);
	if ((h = pthread_getspecific(handle_key)) != NULL)
		return (h);
	if ((h = calloc(1, sizeof(*h))) == NULL || (h->curl = curl_easy_init()) == NULL) {
		free(h);
		return (NULL);
	}
	(void)pthread_setspecific(handle_key, h);

	return (h);
}

static int64_t
now_ms(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static size_t
header_receive(char *data, size_t one, size_t len, void *arg)
{
	struct fetch	*f = arg;

	(void)one;
	/* A status line starts a new response: keep the headers of the last one, not those of an interim response (1xx). */
	if (len >= 5 && !memcmp(data, "HTTP/", 5))
		f->response_headers_len = 0;
	if (f->response_headers_len + len < sizeof(f->response_headers)) {
		memcpy(f->response_headers + f->response_headers_len, data, len);
		f->response_headers_len += len;
	}
	f->response_headers[f->response_headers_len] = '\0';

	return (len);
}

static int
response_append(struct fetch *f, const char *data, size_t len)
{
	char	*grown;

	if (f->response_len + len > FETCH_RESPONSE_MAX || (grown = realloc(f->response, f->response_len + len + 1)) == NULL)
		return (0);
	f->response = grown;
	memcpy(f->response + f->response_len, data, len);
	f->response_len += len;
	f->response[f->response_len] = '\0';

	return (1);
}

struct transfer {
	struct fetch	*f;
	CURL		*curl;
	struct verify	*verify;
};

static size_t
body_receive(char *data, size_t one, size_t len, void *arg)
{
	struct transfer	*t = arg;
	struct fetch	*f = t->f;
	long		status = 0;

	(void)one;
	(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (f->into == NULL || status / 100 != 2)
		return (response_append(f, data, len) ? len : CURL_WRITEFUNC_ERROR);
	if (len > f->into_size - f->into_len) {
		f->into_full = 1;
		return (CURL_WRITEFUNC_ERROR);
	}
	memcpy((char *)f->into + f->into_len, data, len);
	f->into_len += len;

	return (len);
}

static int
cancel_check(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
	struct fetch	*f = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	if (f->canceled != NULL && f->canceled(f->ctx))
		f->was_canceled = 1;

	return (f->was_canceled);
}

/*
 * Counts the requests that are sent. libcurl repeats a request by itself if a
 * connection that it has reused closes before the first byte of the response.
 */
static int
request_count(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct fetch	*f = arg;

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	f->sent++;

	return (CURL_PREREQFUNC_OK);
}

static void
body_set(CURL *curl, const struct fetch *f)
{
	if (!strcmp(f->method, "HEAD")) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		return;
	}
	if (f->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body_len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->body);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, f->method);
}

/* Returns the request headers without those that libcurl adds to a request with a body. The caller frees the list. */
static struct curl_slist *
headers_make(const struct fetch *f)
{
	struct curl_slist	*list = curl_slist_append(NULL, "Expect:"), *longer;
	size_t			i;
	int			typed = 0;

	for (i = 0; list != NULL && f->headers != NULL && f->headers[i] != NULL; i++) {
		typed |= !strncasecmp(f->headers[i], "content-type:", 13);
		if ((longer = curl_slist_append(list, f->headers[i])) == NULL) {
			curl_slist_free_all(list);
			return (NULL);
		}
		list = longer;
	}
	if (list != NULL && !typed && (longer = curl_slist_append(list, "Content-Type:")) != NULL)
		list = longer;

	return (list);
}

static int
options_set(struct transfer *t, struct curl_slist *headers, int64_t left_ms, char *error)
{
	CURL	*curl = t->curl;

	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, t->f->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_SEC);
	curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_SEC);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_receive);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t->f);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, cancel_check);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t->f);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, request_count);
	curl_easy_setopt(curl, CURLOPT_PREREQDATA, t->f);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	body_set(curl, t->f);

	return (tlscurl_set_url(curl, t->verify, t->f->url));
}

/* Sends the request once. Returns 1 if a response has been received. */
static int
try_once(struct transfer *t, int64_t left_ms)
{
	struct fetch		*f = t->f;
	struct curl_slist	*headers = headers_make(f);
	char			error[CURL_ERROR_SIZE] = "", text[96];
	CURLcode		code = CURLE_OUT_OF_MEMORY;
	long			status = 0;

	f->status = 0;
	f->into_len = f->response_len = f->response_headers_len = 0;
	f->into_full = 0;
	if (headers != NULL) {
		code = options_set(t, headers, left_ms, error) ? curl_easy_perform(t->curl) : CURLE_URL_MALFORMAT;
		(void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_reset(t->curl);
		curl_slist_free_all(headers);
	}
	if (code == CURLE_OK)
		f->status = (int)status;
	else
		snprintf(f->error, sizeof(f->error), "%.255s", tlscurl_error(t->verify, error, code, text, sizeof(text)));

	return (code == CURLE_OK);
}

static int
is_retryable(const struct fetch *f)
{
	return (!f->was_canceled && !f->into_full && (f->status == 0 || f->status == 429 || f->status == 500 ||
	    f->status == 502 || f->status == 503 || f->status == 504));
}

/* Waits before the next attempt, with jitter so that many clients do not retry at the same moment. Returns 0 if canceled. */
static int
retry_wait(struct fetch *f, int try)
{
	unsigned char	jitter = 0;
	int64_t		until;
	int		ms = RETRY_PAUSE_FIRST_MS << (try < 5 ? try : 5);

	(void)getrandom(&jitter, 1, 0);
	if (ms > RETRY_PAUSE_MAX_MS)
		ms = RETRY_PAUSE_MAX_MS;
	for (until = now_ms() + ms / 2 + ms * jitter / 512; now_ms() < until;) {
		if (f->canceled != NULL && f->canceled(f->ctx)) {
			f->was_canceled = 1;
			return (0);
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = RETRY_PAUSE_STEP_MS * 1000000L }, NULL);
	}

	return (1);
}

int
fetch_perform(struct fetch *f)
{
	struct handle	*h = handle_get();
	struct transfer	t = { .f = f };
	int64_t		end = now_ms() + (f->seconds > 0 ? f->seconds : SECONDS_DEFAULT) * 1000;
	int		try, ok = 0;

	if (h == NULL) {
		snprintf(f->error, sizeof(f->error), "out of memory");
		return (0);
	}
	t.curl = h->curl;
	t.verify = &h->verify;
	for (try = 0;; try++) {
		if (cancel_check(f, 0, 0, 0, 0) || now_ms() >= end)
			break;
		ok = try_once(&t, end - now_ms());
		if (!is_retryable(f) || try + 1 >= f->tries || !retry_wait(f, try))
			break;
	}
	if (f->was_canceled)
		snprintf(f->error, sizeof(f->error), "canceled");

	return (ok && !f->was_canceled);
}

void
fetch_free(struct fetch *f)
{
	free(f->response);
	f->response = NULL;
}

int
fetch_header(const struct fetch *f, const char *name, char *value, size_t size)
{
	const char	*line, *end, *p;
	size_t		n = strlen(name);

	for (line = f->response_headers; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
		if ((size_t)(end - line) <= n || line[n] != ':' || strncasecmp(line, name, n))
			continue;
		for (p = line + n + 1; p < end && isblank((unsigned char)*p); p++)
			continue;
		while (end > p && isblank((unsigned char)end[-1]))
			end--;
		if ((size_t)(end - p) >= size)
			return (0);
		memcpy(value, p, (size_t)(end - p));
		value[end - p] = '\0';
		return (1);
	}

	return (0);
}
