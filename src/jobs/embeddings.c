/*
 * Computes an embedding for each title (docs/compatibility.md#embeddings-job): with
 * a service that implements OpenAI's embeddings API, or without one from the words
 * of the title.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/json.h"
#include "base/text_vector.h"
#include "cron/cron_job.h"
#include "net/fetch.h"

#define BATCH_MAX	50	/* maximum of EMBEDDING_BATCH_SIZE; the response for a batch fits FETCH_RESPONSE_MAX */
#define LOCAL_BATCH	"200"
#define NUMBERS_MAX	8192	/* maximum length of a vector */
#define REQUEST_SECONDS	60
#define REQUEST_TRIES	4

/* Titles of a batch, in the order of the request. */
struct batch {
	int	count;
	char	ids[BATCH_MAX][24];
	char	read_at[32];
};

static const char *
service_key(void)
{
	return (*conf_str(CONF_EMBEDDING_API_KEY) != '\0' ? conf_str(CONF_EMBEDDING_API_KEY) : conf_str(CONF_OPENAI_API_KEY));
}

/* A base URL alone is enough: a private server may not require a key. */
static int
service_wanted(void)
{
	return (*service_key() != '\0' || *conf_str(CONF_EMBEDDING_BASE_URL) != '\0');
}

/* Begins an element [id, vector] of the parameter of recs/embeddings-store.sql. */
static void
vector_begin(struct kore_buf *out, const char *id)
{
	kore_buf_appendf(out, "%s[%s,", out->offset > 0 ? "," : "[", id);
}

static void
local_vector(struct kore_buf *out, const PGresult *rows, int i)
{
	float	v[TEXTVECTOR_SIZE] = { 0 };
	size_t	n;

	textvector_add(PQgetvalue(rows, i, 1), 1, v);
	textvector_add(PQgetvalue(rows, i, 2), 2, v);
	textvector_end(v);
	vector_begin(out, PQgetvalue(rows, i, 0));
	for (n = 0; n < TEXTVECTOR_SIZE; n++)
		kore_buf_appendf(out, "%s%.5f", n > 0 ? "," : "[", v[n]);
	kore_buf_appendf(out, "]]");
}

static void
request_make(struct kore_buf *out, const PGresult *rows, struct batch *b)
{
	int	i;

	b->count = PQntuples(rows);
	snprintf(b->read_at, sizeof(b->read_at), "%s", PQgetvalue(rows, 0, 3));
	kore_buf_appendf(out, "{\"model\":");
	json_quote(out, conf_str(CONF_EMBEDDING_MODEL));
	kore_buf_appendf(out, ",\"input\":");
	for (i = 0; i < b->count; i++) {
		snprintf(b->ids[i], sizeof(b->ids[i]), "%s", PQgetvalue(rows, i, 0));
		kore_buf_append(out, i > 0 ? "," : "[", 1);
		json_quote(out, PQgetvalue(rows, i, 1));
	}
	kore_buf_appendf(out, "]}");
}

static int
vector_is_valid(const struct json *j, int node)
{
	int	i, child;

	if (node < 0 || json_kind(j, node) != JSMN_ARRAY || j->nodes[node].size < 1 || j->nodes[node].size > NUMBERS_MAX)
		return (0);
	for (i = 0, child = node + 1; i < j->nodes[node].size; i++, child = json_next(j, child)) {
		if (json_kind(j, child) != 0)
			return (0);
	}

	return (1);
}

/* Returns the position of a vector in the request: its "index", or its position in the response if it has none. */
static int
response_index(const struct json *j, int item, int fallback)
{
	const char	*text;
	size_t		len;
	int		node = json_get(j, item, "index");

	if (node < 0)
		return (fallback);
	text = json_raw(j, node, &len);

	return (atoi(text));
}

/* Appends the vectors of a response to out. Returns 0 unless each title of the request has exactly one. */
static int
response_read(const struct json *j, const struct batch *b, struct kore_buf *out)
{
	const char	*text;
	char		seen[BATCH_MAX] = { 0 };
	size_t		len;
	int		data = json_get(j, 0, "data"), vector, item, place, i;

	if (data < 0 || json_kind(j, data) != JSMN_ARRAY || j->nodes[data].size != b->count)
		return (0);
	for (i = 0, item = data + 1; i < b->count; i++, item = json_next(j, item)) {
		if (json_kind(j, item) != JSMN_OBJECT || !vector_is_valid(j, vector = json_get(j, item, "embedding")))
			return (0);
		place = response_index(j, item, i);
		if (place < 0 || place >= b->count || seen[place])
			return (0);
		seen[place] = 1;
		text = json_raw(j, vector, &len);
		vector_begin(out, b->ids[place]);
		kore_buf_append(out, text, len);
		kore_buf_append(out, "]", 1);
	}

	return (1);
}

/* Reads the response into out. Returns NULL on success, else the error. */
static const char *
response_check(const struct fetch *f, const struct batch *b, struct kore_buf *out)
{
	struct json	j;
	const char	*wrong = NULL;

	if (f->status != 200)
		return ("the embedding service returned an error");
	if (json_parse(&j, f->response, f->response_len) != NULL)
		wrong = "the response of the embedding service is not JSON";
	else if (json_kind(&j, 0) != JSMN_OBJECT || !response_read(&j, b, out))
		wrong = "the response of the embedding service has missing or invalid vectors";
	json_free(&j);

	return (wrong);
}

static enum job_outcome
service_request(struct job_run *run, struct kore_buf *request, const struct batch *b, struct kore_buf *out)
{
	const char	*base = *conf_str(CONF_EMBEDDING_BASE_URL) != '\0' ? conf_str(CONF_EMBEDDING_BASE_URL) : "https://api.openai.com/v1";
	char		url[512], authorization[512], text[320];
	const char	*headers[] = { "Content-Type: application/json", *service_key() != '\0' ? authorization : NULL, NULL };
	struct fetch	f = { .method = "POST", .url = url, .headers = headers, .body = request->data, .body_len = request->offset,
			    .seconds = REQUEST_SECONDS, .tries = REQUEST_TRIES, .canceled = job_canceled, .ctx = run };
	const char	*wrong;

	snprintf(url, sizeof(url), "%.*s/embeddings", (int)(strlen(base) - (base[strlen(base) - 1] == '/')), base);
	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", service_key());
	if (fetch_perform(&f))
		wrong = response_check(&f, b, out);
	else
		wrong = f.error;
	snprintf(text, sizeof(text), "%s (HTTP status %d)", wrong != NULL ? wrong : "", f.status);
	fetch_free(&f);
	explicit_bzero(authorization, sizeof(authorization));

	return (wrong != NULL ? job_failed(run, "%s", text) : JOB_OK);
}

/* Requests vectors for the rows from the service. Does not use the rows after it has built the request. */
static enum job_outcome
service_vectors(struct job_run *run, const PGresult *rows, struct batch *b, struct kore_buf *out)
{
	struct kore_buf		request;
	enum job_outcome	outcome;

	kore_buf_init(&request, 8192);
	request_make(&request, rows, b);
	outcome = service_request(run, &request, b, out);
	kore_buf_cleanup(&request);

	return (outcome);
}

/* Computes and stores one batch. Sets last to the last title id of the batch, to "" if no title is left. */
static enum job_outcome
batch_run(struct job_run *run, int service, char last[24], int64_t *titles)
{
	const char		*model = service ? conf_str(CONF_EMBEDDING_MODEL) : TEXTVECTOR_MODEL;
	const char		*params[] = { model, last, service ? conf_str(CONF_EMBEDDING_BATCH_SIZE) : LOCAL_BATCH };
	const PGresult		*rows;
	struct batch		b = { 0 };
	struct kore_buf		out;
	enum job_outcome	outcome = JOB_OK;
	int			i, n;

	if ((rows = job_sql(run, "recs/embeddings-missing", 3, params)) == NULL)
		return (job_failed(run, "titles cannot be read"));
	if ((n = PQntuples(rows)) == 0) {
		*last = '\0';
		return (JOB_OK);
	}
	snprintf(last, 24, "%s", PQgetvalue(rows, n - 1, 0));
	snprintf(b.read_at, sizeof(b.read_at), "%s", PQgetvalue(rows, 0, 3));
	kore_buf_init(&out, 65536);
	for (i = 0; !service && i < n; i++)
		local_vector(&out, rows, i);
	if (service)
		outcome = service_vectors(run, rows, &b, &out);
	kore_buf_append(&out, "]", 1);
	if (outcome == JOB_OK && job_sql(run, "recs/embeddings-store", 3, (const char *[]){ model, b.read_at, kore_buf_stringify(&out, NULL) }) == NULL)
		outcome = job_failed(run, "embeddings cannot be stored");
	if (outcome == JOB_OK)
		*titles += n;
	kore_buf_cleanup(&out);

	return (outcome);
}

JOB("embeddings", CONF_EMBEDDINGS_CRON, embeddings, "Computes an embedding for each title that has none or has changed.");

static enum job_outcome
embeddings(struct job_run *run)
{
	char			last[24] = "0";
	enum job_outcome	outcome;
	int64_t			titles = 0;
	int			service = service_wanted();

	job_text(run, "model", service ? conf_str(CONF_EMBEDDING_MODEL) : TEXTVECTOR_MODEL);
	do {
		outcome = batch_run(run, service, last, &titles);
	} while (outcome == JOB_OK && *last != '\0' && !job_canceled(run));
	job_count(run, "titles", titles);

	return (outcome);
}
