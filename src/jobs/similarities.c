/*
 * Similarity of titles (docs/compatibility.md#similarities-job): co_watch.c
 * computes co-watch similarity. A title with fewer similar titles than
 * SIMILARITY_MAX_SIMILARS gets more by the cosine similarity of embeddings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/text_vector.h"
#include "cron/cron_job.h"
#include "jobs/co_watch.h"
#include "jobs/similarity_store.h"

#define RATIONALE	"embedding"
#define TITLES_MAX	"10000"			/* maximum of titles compared, the newest ones */
#define BYTES_MAX	(64 * 1024 * 1024)	/* maximum size of their vectors */
#define SCORE_MIN	0.15f			/* minimum cosine similarity; lower values are noise */
#define WEIGHT		0.01			/* of embedding similarity relative to co-watch similarity */

/* The titles that are compared and their normalized vectors. */
struct title_set {
	size_t	size;		/* length of a vector, 0 before the first */
	size_t	count, room;
	float	*vectors;
	struct {
		int64_t	id;
		int	known;
	}	*titles;
};

struct score {
	float	score;
	size_t	title;
};

static size_t
vector_length(const char *text)
{
	size_t	n = 1;

	for (; *text != '\0'; text++)
		n += *text == ',';

	return (n);
}

/* Parses a JSON array of n numbers and normalizes it. Returns 0 if it is invalid or has length 0. */
static int
vector_read(const char *text, float *v, size_t n)
{
	char	*end;
	size_t	i;

	for (i = 0; i < n; i++) {
		v[i] = strtof(text + 1, &end);
		if (end == text + 1 || (*end != ',' && *end != ']'))
			return (0);
		text = end;
	}

	return (textvector_scale(v, n));
}

static void
title_set_grow(struct title_set *s)
{
	if (s->count < s->room)
		return;
	s->room = s->room > 0 ? 2 * s->room : 256;
	s->vectors = kore_realloc(s->vectors, s->room * s->size * sizeof(*s->vectors));
	s->titles = kore_realloc(s->titles, s->room * sizeof(*s->titles));
}

/* Adds a row to the titles. Skips invalid vectors, vectors of a different length than the first, and those above BYTES_MAX. */
static int
title_set_add(void *arg, const PGresult *row)
{
	struct title_set	*s = arg;
	const char	*text = PQgetvalue(row, 0, 1);

	if (s->size == 0)
		s->size = vector_length(text);
	if (vector_length(text) != s->size)
		return (1);
	if ((s->count + 1) * s->size * sizeof(float) > BYTES_MAX)
		return (1);
	title_set_grow(s);
	s->titles[s->count].id = strtoll(PQgetvalue(row, 0, 0), NULL, 10);
	s->titles[s->count].known = atoi(PQgetvalue(row, 0, 2));
	if (vector_read(text, s->vectors + s->count * s->size, s->size))
		s->count++;

	return (1);
}

static float
product(const float *a, const float *b, size_t n)
{
	float	sum[4] = { 0 };
	size_t	i;

	for (i = 0; i + 4 <= n; i += 4) {
		sum[0] += a[i] * b[i];
		sum[1] += a[i + 1] * b[i + 1];
		sum[2] += a[i + 2] * b[i + 2];
		sum[3] += a[i + 3] * b[i + 3];
	}
	for (; i < n; i++)
		sum[0] += a[i] * b[i];

	return (sum[0] + sum[1] + sum[2] + sum[3]);
}

/* Inserts a score into the `max` best, which are in descending order. */
static void
best_put(struct score *best, int *count, int max, struct score one)
{
	int	i;

	if (*count == max && best[max - 1].score >= one.score)
		return;
	i = *count < max ? (*count)++ : max - 1;
	for (; i > 0 && best[i - 1].score < one.score; i--)
		best[i] = best[i - 1];
	best[i] = one;
}

static int
best_find(const struct title_set *s, size_t title, struct score *best, int max)
{
	const float	*v = s->vectors + title * s->size;
	struct score	one;
	int		count = 0;

	for (one.title = 0; max > 0 && one.title < s->count; one.title++) {
		one.score = product(v, s->vectors + one.title * s->size, s->size);
		if (one.title != title && one.score >= SCORE_MIN)
			best_put(best, &count, max, one);
	}

	return (count);
}

/* Appends [title, [[other, score], …]]. */
static void
title_describe(struct kore_buf *out, const struct title_set *s, size_t title, int max)
{
	struct score	best[SIMILARS_MAX];
	int		i, count;

	count = best_find(s, title, best, max - s->titles[title].known);
	kore_buf_appendf(out, "%s[%lld,[", out->offset > 0 ? "," : "[", (long long)s->titles[title].id);
	for (i = 0; i < count; i++)
		kore_buf_appendf(out, "%s[%lld,%.7f]", i > 0 ? "," : "", (long long)s->titles[best[i].title].id, best[i].score * WEIGHT);
	kore_buf_appendf(out, "]]");
}

/* Deletes the embedding similarities of titles that were not compared. */
static int
stale_delete(struct job_run *run, const struct title_set *s, struct kore_buf *out)
{
	size_t	i;

	for (i = 0; i < s->count; i++)
		kore_buf_appendf(out, "%s%lld", i > 0 ? "," : "[", (long long)s->titles[i].id);

	return (similarity_store(run, "recs/similarities-end", out, RATIONALE));
}

static enum job_outcome
title_set_compare(struct job_run *run, const struct title_set *s)
{
	struct kore_buf	out;
	size_t		i;
	int		ok = 1;

	kore_buf_init(&out, 65536);
	for (i = 0; ok && i < s->count && !job_canceled(run); i++) {
		title_describe(&out, s, i, (int)conf_int(CONF_SIMILARITY_MAX_SIMILARS));
		if ((i + 1) % STORE_EVERY == 0 || i + 1 == s->count)
			ok = similarity_store(run, "recs/similarities-store", &out, RATIONALE);
	}
	if (ok && i == s->count)
		ok = stale_delete(run, s, &out);
	kore_buf_cleanup(&out);

	return (ok ? JOB_OK : job_failed(run, "similarities cannot be stored"));
}

JOB("similarities", CONF_SIMILARITIES_CRON, similarities, "Computes the similarity of titles.");

static enum job_outcome
similarities(struct job_run *run)
{
	struct title_set	s = { 0 };
	enum job_outcome	outcome;

	if ((outcome = co_watch_compute(run)) != JOB_OK)
		return (outcome);
	if (!job_each(run, "recs/embeddings-read", 1, (const char *[]){ TITLES_MAX }, title_set_add, &s))
		outcome = job_failed(run, "embeddings cannot be read");
	else
		outcome = title_set_compare(run, &s);
	job_count(run, "compared", (int64_t)s.count);
	kore_free(s.vectors);
	kore_free(s.titles);

	return (outcome);
}
