/*
 * Which titles are alike (docs/compatibility.md#similarities-job): first those
 * that the same viewers watch, which SQL finds; then, as far as a title has too
 * few of these, those whose vectors point the same way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "base/text_vector.h"
#include "cron/cron_job.h"

#define TITLES_MAX	"10000"			/* the newest ones are compared */
#define BYTES_MAX	(64 * 1024 * 1024)	/* that their vectors may take */
#define SIMILARS_MAX	200			/* of SIMILARITY_MAX_SIMILARS */
#define ALIKE		0.15f			/* less is chance */
#define WEIGHT		0.01			/* of likeness, against what viewers do */
#define STORE_EVERY	100			/* titles */

/* What is compared. */
struct shelf {
	size_t	size;		/* numbers in a vector, 0 until the first is there */
	size_t	count, room;
	float	*vectors;
	struct {
		int64_t	id;
		int	known;
	}	*titles;
};

struct likeness {
	float	score;
	size_t	title;
};

static size_t
numbers_count(const char *text)
{
	size_t	n = 1;

	for (; *text != '\0'; text++)
		n += *text == ',';

	return (n);
}

/* A JSON array of numbers, as the database writes it. */
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
shelf_grow(struct shelf *s)
{
	if (s->count < s->room)
		return;
	s->room = s->room > 0 ? 2 * s->room : 256;
	s->vectors = kore_realloc(s->vectors, s->room * s->size * sizeof(*s->vectors));
	s->titles = kore_realloc(s->titles, s->room * sizeof(*s->titles));
}

/* Vectors that are none, or of another length than the first, stay out. */
static int
shelf_add(void *arg, const PGresult *row)
{
	struct shelf	*s = arg;
	const char	*text = PQgetvalue(row, 0, 1);

	if (s->size == 0)
		s->size = numbers_count(text);
	if (numbers_count(text) != s->size)
		return (1);
	if ((s->count + 1) * s->size * sizeof(float) > BYTES_MAX)
		return (1);
	shelf_grow(s);
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

/* The most alike so far, the best first. */
static void
best_put(struct likeness *best, int *count, int most, struct likeness one)
{
	int	i;

	if (*count == most && best[most - 1].score >= one.score)
		return;
	i = *count < most ? (*count)++ : most - 1;
	for (; i > 0 && best[i - 1].score < one.score; i--)
		best[i] = best[i - 1];
	best[i] = one;
}

static int
best_find(const struct shelf *s, size_t title, struct likeness *best, int most)
{
	const float	*v = s->vectors + title * s->size;
	struct likeness	one;
	int		count = 0;

	for (one.title = 0; most > 0 && one.title < s->count; one.title++) {
		one.score = product(v, s->vectors + one.title * s->size, s->size);
		if (one.title != title && one.score >= ALIKE)
			best_put(best, &count, most, one);
	}

	return (count);
}

/* Appends [title, [[other, score], …]]. */
static void
title_describe(struct kore_buf *out, const struct shelf *s, size_t title, int most)
{
	struct likeness	best[SIMILARS_MAX];
	int		i, count;

	count = best_find(s, title, best, most - s->titles[title].known);
	kore_buf_appendf(out, "%s[%lld,[", out->offset > 0 ? "," : "[", (long long)s->titles[title].id);
	for (i = 0; i < count; i++)
		kore_buf_appendf(out, "%s[%lld,%.7f]", i > 0 ? "," : "", (long long)s->titles[best[i].title].id, best[i].score * WEIGHT);
	kore_buf_appendf(out, "]]");
}

static int
described_store(struct job_run *run, struct kore_buf *out)
{
	int	ok;

	kore_buf_append(out, "]", 1);
	ok = job_sql(run, "recs/similarities-store", 1, (const char *[]){ kore_buf_stringify(out, NULL) }) != NULL;
	kore_buf_reset(out);

	return (ok);
}

/* What is no longer on the shelf is forgotten. */
static int
others_forget(struct job_run *run, const struct shelf *s, struct kore_buf *out)
{
	size_t	i;

	kore_buf_append(out, "[", 1);
	for (i = 0; i < s->count; i++)
		kore_buf_appendf(out, "%s%lld", i > 0 ? "," : "", (long long)s->titles[i].id);
	kore_buf_append(out, "]", 1);

	return (job_sql(run, "recs/similarities-end", 1, (const char *[]){ kore_buf_stringify(out, NULL) }) != NULL);
}

static enum job_outcome
shelf_compare(struct job_run *run, const struct shelf *s)
{
	struct kore_buf	out;
	size_t		i;
	int		ok = 1;

	kore_buf_init(&out, 65536);
	for (i = 0; ok && i < s->count && !job_canceled(run); i++) {
		title_describe(&out, s, i, (int)conf_int(CONF_SIMILARITY_MAX_SIMILARS));
		if ((i + 1) % STORE_EVERY == 0 || i + 1 == s->count)
			ok = described_store(run, &out);
	}
	if (ok && i == s->count)
		ok = others_forget(run, s, &out);
	kore_buf_cleanup(&out);

	return (ok ? JOB_OK : job_failed(run, "the likeness of titles cannot be stored"));
}

static enum job_outcome
watched_together(struct job_run *run)
{
	const char	*params[] = { conf_str(CONF_SIMILARITY_WINDOW_DAYS), conf_str(CONF_SIMILARITY_MAX_ANCHORS), conf_str(CONF_SIMILARITY_MAX_SIMILARS) };
	const PGresult	*rows;

	if ((rows = job_sql(run, "recs/compute-similarities", 3, params)) == NULL)
		return (job_failed(run, "what is watched together cannot be found"));
	job_count(run, "sources", strtoll(PQgetvalue(rows, 0, 0), NULL, 10));
	job_count(run, "pairs", strtoll(PQgetvalue(rows, 0, 1), NULL, 10));

	return (JOB_OK);
}

JOB("similarities", CONF_SIMILARITIES_CRON, similarities, "Finds the titles that are alike.");

static enum job_outcome
similarities(struct job_run *run)
{
	struct shelf		s = { 0 };
	enum job_outcome	outcome;

	if ((outcome = watched_together(run)) != JOB_OK)
		return (outcome);
	if (!job_each(run, "recs/embeddings-read", 1, (const char *[]){ TITLES_MAX }, shelf_add, &s))
		outcome = job_failed(run, "the vectors cannot be read");
	else
		outcome = shelf_compare(run, &s);
	job_count(run, "compared", (int64_t)s.count);
	kore_free(s.vectors);
	kore_free(s.titles);

	return (outcome);
}
