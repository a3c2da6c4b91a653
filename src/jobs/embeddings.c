/*
 * Gives each title a vector that says what it is about
 * (docs/compatibility.md#embeddings-job): from a service that speaks like
 * OpenAI's, or without one from the words of the title itself.
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

#define BATCH_MAX	50	/* EMBEDDING_BATCH_SIZE; the answer for so many fits FETCH_RESPONSE_MAX */
#define OWN_BATCH	"200"
#define NUMBERS_MAX	8192	/* of one vector */
#define ASK_SECONDS	60
#define ASK_TRIES	4

/* The titles of one round, by their place in it. */
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

/* A server of one's own may want no key. */
static int
service_wanted(void)
{
	return (*service_key() != '\0' || *conf_str(CONF_EMBEDDING_BASE_URL) != '\0');
}

/* Element [id, vector] of the array that embeddings-store.sql takes. */
static void
vector_begin(struct kore_buf *out, const char *id)
{
	kore_buf_appendf(out, "%s[%s,", out->offset > 0 ? "," : "[", id);
}

static void
own_vector(struct kore_buf *out, const PGresult *rows, int i)
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
question_make(struct kore_buf *out, const PGresult *rows, struct batch *b)
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
is_vector(const struct json *j, int node)
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

/* The place of a vector in the question, as the answer says it; without a word, its place in the answer. */
static int
answer_place(const struct json *j, int item, int otherwise)
{
	const char	*text;
	size_t		len;
	int		node = json_get(j, item, "index");

	if (node < 0)
		return (otherwise);
	text = json_raw(j, node, &len);

	return (atoi(text));
}

/* Every title of the question must have got its vector. */
static int
answer_read(const struct json *j, const struct batch *b, struct kore_buf *out)
{
	const char	*text;
	char		seen[BATCH_MAX] = { 0 };
	size_t		len;
	int		data = json_get(j, 0, "data"), vector, item, place, i;

	if (data < 0 || json_kind(j, data) != JSMN_ARRAY || j->nodes[data].size != b->count)
		return (0);
	for (i = 0, item = data + 1; i < b->count; i++, item = json_next(j, item)) {
		if (json_kind(j, item) != JSMN_OBJECT || !is_vector(j, vector = json_get(j, item, "embedding")))
			return (0);
		place = answer_place(j, item, i);
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

/* What is wrong, in a sentence; NULL when the vectors are in out. */
static const char *
answer_take(const struct fetch *f, const struct batch *b, struct kore_buf *out)
{
	struct json	j;
	const char	*wrong = NULL;

	if (f->status != 200)
		return ("the service refuses");
	if (json_parse(&j, f->response, f->response_len) != NULL)
		wrong = "the service's answer is not JSON";
	else if (json_kind(&j, 0) != JSMN_OBJECT || !answer_read(&j, b, out))
		wrong = "the service's answer lacks vectors";
	json_free(&j);

	return (wrong);
}

static enum job_outcome
service_ask(struct job_run *run, struct kore_buf *question, const struct batch *b, struct kore_buf *out)
{
	const char	*base = *conf_str(CONF_EMBEDDING_BASE_URL) != '\0' ? conf_str(CONF_EMBEDDING_BASE_URL) : "https://api.openai.com/v1";
	char		url[512], authorization[512], text[320];
	const char	*headers[] = { "Content-Type: application/json", *service_key() != '\0' ? authorization : NULL, NULL };
	struct fetch	f = { .method = "POST", .url = url, .headers = headers, .body = question->data, .body_len = question->offset,
			    .seconds = ASK_SECONDS, .tries = ASK_TRIES, .canceled = job_canceled, .ctx = run };
	const char	*wrong;

	snprintf(url, sizeof(url), "%.*s/embeddings", (int)(strlen(base) - (base[strlen(base) - 1] == '/')), base);
	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", service_key());
	if (fetch_perform(&f))
		wrong = answer_take(&f, b, out);
	else
		wrong = f.error;
	snprintf(text, sizeof(text), "%s (status %d)", wrong != NULL ? wrong : "", f.status);
	fetch_free(&f);
	explicit_bzero(authorization, sizeof(authorization));

	return (wrong != NULL ? job_failed(run, "%s", text) : JOB_OK);
}

/* Vectors for the rows, from the service. The rows are gone afterwards. */
static enum job_outcome
service_vectors(struct job_run *run, const PGresult *rows, struct batch *b, struct kore_buf *out)
{
	struct kore_buf		question;
	enum job_outcome	outcome;

	kore_buf_init(&question, 8192);
	question_make(&question, rows, b);
	outcome = service_ask(run, &question, b, out);
	kore_buf_cleanup(&question);

	return (outcome);
}

/* One round; last moves on, and is empty when there is nothing more. */
static enum job_outcome
round_run(struct job_run *run, int service, char last[24], int64_t *titles)
{
	const char		*model = service ? conf_str(CONF_EMBEDDING_MODEL) : TEXTVECTOR_MODEL;
	const char		*params[] = { model, last, service ? conf_str(CONF_EMBEDDING_BATCH_SIZE) : OWN_BATCH };
	const PGresult		*rows;
	struct batch		b = { 0 };
	struct kore_buf		out;
	enum job_outcome	outcome = JOB_OK;
	int			i, n;

	if ((rows = job_sql(run, "recs/embeddings-missing", 3, params)) == NULL)
		return (job_failed(run, "the titles cannot be read"));
	if ((n = PQntuples(rows)) == 0) {
		*last = '\0';
		return (JOB_OK);
	}
	snprintf(last, 24, "%s", PQgetvalue(rows, n - 1, 0));
	snprintf(b.read_at, sizeof(b.read_at), "%s", PQgetvalue(rows, 0, 3));
	kore_buf_init(&out, 65536);
	for (i = 0; !service && i < n; i++)
		own_vector(&out, rows, i);
	if (service)
		outcome = service_vectors(run, rows, &b, &out);
	kore_buf_append(&out, "]", 1);
	if (outcome == JOB_OK && job_sql(run, "recs/embeddings-store", 3, (const char *[]){ model, b.read_at, kore_buf_stringify(&out, NULL) }) == NULL)
		outcome = job_failed(run, "the vectors cannot be stored");
	if (outcome == JOB_OK)
		*titles += n;
	kore_buf_cleanup(&out);

	return (outcome);
}

JOB("embeddings", CONF_EMBEDDINGS_CRON, embeddings, "Finds out what each title is about.");

static enum job_outcome
embeddings(struct job_run *run)
{
	char			last[24] = "0";
	enum job_outcome	outcome;
	int64_t			titles = 0;
	int			service = service_wanted();

	job_tell(run, "model", service ? conf_str(CONF_EMBEDDING_MODEL) : TEXTVECTOR_MODEL);
	do {
		outcome = round_run(run, service, last, &titles);
	} while (outcome == JOB_OK && *last != '\0' && !job_canceled(run));
	job_count(run, "titles", titles);

	return (outcome);
}
