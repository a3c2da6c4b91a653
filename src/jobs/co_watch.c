/*
 * Counts in memory, because the pairs of all baskets are many more than the
 * baskets: SQL keeps the basket of each profile (recs/baskets-renew.sql), and
 * the counts of one title at a time are found by visiting the baskets that have it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kore/kore.h>

#include "base/conf.h"
#include "jobs/co_watch.h"
#include "jobs/similarity_store.h"

#define RATIONALE	"co_watch"

/* A growing list of numbers. */
struct numbers {
	uint32_t	*n;
	size_t		count, room;
};

struct title {
	int64_t		id;
	uint32_t	rank;	/* 0: the title with the newest event */
};

struct co_watch {
	struct title	*titles;	/* in the order of their ids; numbers of titles are places in it */
	size_t		ntitles, room;
	struct numbers	items;		/* the numbers of the titles of all baskets, one basket after the other */
	struct numbers	baskets;	/* where each basket begins in items, and the end of the last one */
	uint32_t	*first;		/* where the baskets of each title begin in having, and the end of the last title's */
	uint32_t	*having;	/* the baskets that have a title, for one title after the other */
	uint32_t	*counts;	/* of the present source: baskets that it shares with each title */
	struct numbers	touched;	/* titles whose count is not 0 */
	int64_t		pairs;
};

struct similar {
	uint32_t	title, count;
};

static void
numbers_add(struct numbers *list, uint32_t n)
{
	if (list->count == list->room) {
		list->room = list->room > 0 ? 2 * list->room : 1024;
		list->n = kore_realloc(list->n, list->room * sizeof(*list->n));
	}
	list->n[list->count++] = n;
}

static int
title_compare(const void *a, const void *b)
{
	const struct title	*x = a, *y = b;

	return ((x->id > y->id) - (x->id < y->id));
}

static int
title_add(void *arg, const PGresult *row)
{
	struct co_watch	*c = arg;

	if (c->ntitles == c->room) {
		c->room = c->room > 0 ? 2 * c->room : 1024;
		c->titles = kore_realloc(c->titles, c->room * sizeof(*c->titles));
	}
	c->titles[c->ntitles] = (struct title){ .id = strtoll(PQgetvalue(row, 0, 0), NULL, 10), .rank = (uint32_t)c->ntitles };
	c->ntitles++;

	return (1);
}

/* Adds a basket, a list of title ids such as "7,3,12". Titles that have been deleted are left out. */
static int
basket_add(void *arg, const PGresult *row)
{
	struct co_watch		*c = arg;
	const struct title	*t;
	struct title		key;
	char			*p = PQgetvalue(row, 0, 0);

	for (; *p != '\0'; p += *p == ',') {
		key.id = strtoll(p, &p, 10);
		if ((t = bsearch(&key, c->titles, c->ntitles, sizeof(*c->titles), title_compare)) != NULL)
			numbers_add(&c->items, (uint32_t)(t - c->titles));
	}
	numbers_add(&c->baskets, (uint32_t)c->items.count);

	return (c->items.count < UINT32_MAX / 2);
}

/* Lists for each title the baskets that have it. */
static void
baskets_invert(struct co_watch *c)
{
	uint32_t	i, b;

	c->first = kore_calloc(c->ntitles + 2, sizeof(*c->first));
	c->having = kore_calloc(c->items.count + 1, sizeof(*c->having));
	for (i = 0; i < c->items.count; i++)
		c->first[c->items.n[i] + 2]++;
	for (i = 2; i < c->ntitles + 2; i++)
		c->first[i] += c->first[i - 1];
	/* first[t + 1] is where the next basket of title t goes; in the end it is where those of title t + 1 begin. */
	for (b = 0; b + 1 < c->baskets.count; b++)
		for (i = c->baskets.n[b]; i < c->baskets.n[b + 1]; i++)
			c->having[c->first[c->items.n[i] + 1]++] = b;
}

/* Counts the baskets that the source shares with each other title. Returns the sum of the counts. */
static uint64_t
source_count(struct co_watch *c, uint32_t source)
{
	uint64_t	sum = 0;
	uint32_t	i, j, b, other;

	c->touched.count = 0;
	for (i = c->first[source]; i < c->first[source + 1]; i++) {
		b = c->having[i];
		for (j = c->baskets.n[b]; j < c->baskets.n[b + 1]; j++) {
			if ((other = c->items.n[j]) == source)
				continue;
			if (c->counts[other]++ == 0)
				numbers_add(&c->touched, other);
			sum++;
		}
	}

	return (sum);
}

/* Returns the `max` titles with the highest counts, of equal ones those with the lowest id, and sets the counts to 0. */
static int
source_best(struct co_watch *c, struct similar *best, int max)
{
	struct similar	one;
	size_t		n;
	int		i, count = 0;

	for (n = 0; n < c->touched.count; n++) {
		one = (struct similar){ .title = c->touched.n[n], .count = c->counts[c->touched.n[n]] };
		c->counts[one.title] = 0;
		for (i = count; i > 0 && (best[i - 1].count < one.count || (best[i - 1].count == one.count && best[i - 1].title > one.title)); i--)
			if (i < max)
				best[i] = best[i - 1];
		if (i < max)
			best[i] = one;
		count += count < max;
	}

	return (count);
}

/* Appends [source, [[other, score], …]], if the source has similar titles. */
static void
source_describe(struct co_watch *c, struct kore_buf *out, uint32_t source)
{
	struct similar	best[SIMILARS_MAX];
	uint64_t	sum = source_count(c, source);
	int		i, count = source_best(c, best, (int)conf_int(CONF_SIMILARITY_MAX_SIMILARS));

	if (count == 0)
		return;
	kore_buf_appendf(out, "%s[%lld,[", out->offset > 0 ? "," : "[", (long long)c->titles[source].id);
	for (i = 0; i < count; i++)
		kore_buf_appendf(out, "%s[%lld,%.17g]", i > 0 ? "," : "", (long long)c->titles[best[i].title].id, (double)best[i].count / (double)sum);
	kore_buf_appendf(out, "]]");
	c->pairs += count;
}

/* Stores the similar titles of the sources with the newest events, and deletes those of all others. */
static int
sources_compute(struct job_run *run, struct co_watch *c)
{
	struct kore_buf	out, ids;
	uint32_t	i;
	int64_t		sources = 0, pairs;
	int		ok = 1;

	kore_buf_init(&out, 65536);
	kore_buf_init(&ids, 65536);
	for (i = 0; ok && i < c->ntitles && !job_canceled(run); i++) {
		pairs = c->pairs;
		if (c->titles[i].rank < conf_int(CONF_SIMILARITY_MAX_ANCHORS))
			source_describe(c, &out, i);
		if (c->pairs > pairs)
			kore_buf_appendf(&ids, "%s%lld", sources++ > 0 ? "," : "[", (long long)c->titles[i].id);
		if ((i + 1) % STORE_EVERY == 0 || i + 1 == c->ntitles)
			ok = similarity_store(run, "recs/similarities-store", &out, RATIONALE);
	}
	if (ok && i == c->ntitles)
		ok = similarity_store(run, "recs/similarities-end", &ids, RATIONALE);
	kore_buf_cleanup(&out);
	kore_buf_cleanup(&ids);
	job_count(run, "sources", sources);
	job_count(run, "pairs", c->pairs);

	return (ok);
}

static enum job_outcome
co_watch_run(struct job_run *run, struct co_watch *c)
{
	if (job_sql(run, "recs/baskets-renew", 1, (const char *[]){ conf_str(CONF_SIMILARITY_WINDOW_DAYS) }) == NULL)
		return (job_failed(run, "the titles that each profile has watched cannot be computed"));
	numbers_add(&c->baskets, 0);
	if (!job_each(run, "recs/basket-titles", 0, NULL, title_add, c))
		return (job_failed(run, "the titles that were watched cannot be read"));
	qsort(c->titles, c->ntitles, c->ntitles > 0 ? sizeof(*c->titles) : 1, title_compare);
	if (!job_each(run, "recs/baskets-read", 0, NULL, basket_add, c))
		return (job_failed(run, "the titles that each profile has watched cannot be read"));
	baskets_invert(c);
	c->counts = kore_calloc(c->ntitles + 1, sizeof(*c->counts));

	return (sources_compute(run, c) ? JOB_OK : job_failed(run, "co-watch similarity cannot be stored"));
}

enum job_outcome
co_watch_compute(struct job_run *run)
{
	struct co_watch		c = { 0 };
	enum job_outcome	outcome = co_watch_run(run, &c);

	kore_free(c.titles);
	kore_free(c.items.n);
	kore_free(c.baskets.n);
	kore_free(c.first);
	kore_free(c.having);
	kore_free(c.counts);
	kore_free(c.touched.n);

	return (outcome);
}
