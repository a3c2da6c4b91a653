/*
 * Least-recently-used cache of blocks and two threads that fetch blocks ahead of
 * the reader. Two threads hide the latency of a request. Blocks are used instead
 * of one stream because many files interleave their tracks coarsely or have
 * their index at the end.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcode/source.h"

#define BLOCK_BYTES	((int64_t)2 << 20)
#define BLOCKS		16	/* tracks of a file can be far apart, and are read in turn */
#define AHEAD		4	/* blocks fetched before they are read */
#define FETCHERS	2

enum block_state { BLOCK_FREE, BLOCK_WANTED, BLOCK_FETCHING, BLOCK_READY, BLOCK_FAILED };

struct block {
	enum block_state	state;
	int64_t			index;
	int64_t			size;
	uint64_t		used;		/* value of source.clock at the last use */
	char			*data;
};

struct source {
	pthread_mutex_t		lock;
	pthread_cond_t		changed;
	pthread_t		fetchers[FETCHERS];
	int			nfetchers;
	int			closing;
	uint64_t		clock;
	struct block		blocks[BLOCKS];
	char			*key;
	struct objects_stat	stat;
	int			(*canceled)(void *);
	void			*ctx;
	char			error[256];
};

static int
fetch_canceled(void *arg)
{
	struct source	*s = arg;

	return (__atomic_load_n(&s->closing, __ATOMIC_RELAXED) || s->canceled(s->ctx));
}

/* Returns the wanted block that was requested first. */
static struct block *
block_wanted(struct source *s)
{
	struct block	*best = NULL;
	int		i;

	for (i = 0; i < BLOCKS; i++) {
		if (s->blocks[i].state == BLOCK_WANTED && (best == NULL || s->blocks[i].used < best->used))
			best = &s->blocks[i];
	}

	return (best);
}

/* Fetches a block. Releases the lock during the request: no other thread touches a block in state BLOCK_FETCHING. */
static void
block_fetch(struct source *s, struct block *b)
{
	struct objects_call	call = { .canceled = fetch_canceled, .ctx = s, .keep_retrying = 1 };
	enum objects_result	r = OBJECTS_REFUSED;
	int64_t			offset = b->index * BLOCK_BYTES, want = (int64_t)s->stat.size - offset;
	size_t			got = 0;

	b->state = BLOCK_FETCHING;
	want = want < BLOCK_BYTES ? want : BLOCK_BYTES;
	pthread_mutex_unlock(&s->lock);
	if (b->data == NULL)
		b->data = malloc(BLOCK_BYTES);
	if (b->data != NULL)
		r = objects_read(s->key, s->stat.etag, (uint64_t)offset, b->data, (size_t)want, &got, &call);
	pthread_mutex_lock(&s->lock);

	b->size = (int64_t)got;
	b->state = r == OBJECTS_OK && b->size == want ? BLOCK_READY : BLOCK_FAILED;
	if (b->state == BLOCK_FAILED && *s->error == '\0')
		snprintf(s->error, sizeof(s->error), "%s", r == OBJECTS_OK ? "the object is shorter than expected" :
		    *call.error != '\0' ? call.error : "out of memory");
	pthread_cond_broadcast(&s->changed);
}

static void *
fetcher(void *arg)
{
	struct source	*s = arg;
	struct block	*b;

	pthread_mutex_lock(&s->lock);
	while (!s->closing) {
		if ((b = block_wanted(s)) != NULL)
			block_fetch(s, b);
		else
			pthread_cond_wait(&s->changed, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);

	return (NULL);
}

static struct block *
block_find(struct source *s, int64_t index)
{
	int	i;

	for (i = 0; i < BLOCKS; i++) {
		if (s->blocks[i].state != BLOCK_FREE && s->blocks[i].index == index)
			return (&s->blocks[i]);
	}

	return (NULL);
}

/* Returns a free block, else the least recently used one. NULL if all are being fetched, which cannot happen with BLOCKS > AHEAD + 1. */
static struct block *
block_oldest(struct source *s)
{
	struct block	*best = NULL;
	int		i;

	for (i = 0; i < BLOCKS; i++) {
		if (s->blocks[i].state == BLOCK_FREE)
			return (&s->blocks[i]);
		if (s->blocks[i].state != BLOCK_FETCHING && (best == NULL || s->blocks[i].used < best->used))
			best = &s->blocks[i];
	}

	return (best);
}

static struct block *
block_want(struct source *s, int64_t index)
{
	struct block	*b;

	if ((b = block_find(s, index)) == NULL && (b = block_oldest(s)) != NULL) {
		b->index = index;
		b->state = BLOCK_WANTED;
		b->used = ++s->clock;
		pthread_cond_broadcast(&s->changed);
	} else if (b != NULL && b->state == BLOCK_READY) {
		b->used = ++s->clock;
	}

	return (b);
}

/* Blocks until the block has been fetched and returns it; NULL on error. Requests the AHEAD blocks behind it too, if the one before it was read. */
static struct block *
block_get(struct source *s, int64_t index)
{
	struct block	*b;
	int64_t		i, last = ((int64_t)s->stat.size - 1) / BLOCK_BYTES;
	int		ahead = index == 0 || block_find(s, index - 1) != NULL ? AHEAD : 0;

	for (;;) {
		b = block_want(s, index);
		for (i = index + 1; i <= index + ahead && i <= last; i++)
			(void)block_want(s, i);
		if (b != NULL && b->index == index && b->state == BLOCK_READY)
			break;
		if (b != NULL && b->index == index && b->state == BLOCK_FAILED)
			return (NULL);
		pthread_cond_wait(&s->changed, &s->lock);
	}

	return (b);
}

int64_t
source_read(void *arg, int64_t offset, void *buf, size_t len)
{
	struct source	*s = arg;
	struct block	*b;
	int64_t		within, n;

	if (offset < 0 || offset >= (int64_t)s->stat.size)
		return (0);
	pthread_mutex_lock(&s->lock);
	if ((b = block_get(s, offset / BLOCK_BYTES)) == NULL) {
		pthread_mutex_unlock(&s->lock);
		return (-1);
	}
	within = offset % BLOCK_BYTES;
	n = b->size - within;
	if (n > (int64_t)len)
		n = (int64_t)len;
	memcpy(buf, b->data + within, (size_t)n);
	pthread_mutex_unlock(&s->lock);

	return (n);
}

const char *
source_error(const struct source *s)
{
	return (s->error);
}

struct source *
source_open(const char *key, const struct objects_stat *stat, int (*canceled)(void *), void *ctx)
{
	struct source	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	s->key = strdup(key);
	s->stat = *stat;
	s->canceled = canceled;
	s->ctx = ctx;
	while (s->nfetchers < FETCHERS && pthread_create(&s->fetchers[s->nfetchers], NULL, fetcher, s) == 0)
		s->nfetchers++;
	if (s->key == NULL || s->nfetchers == 0) {
		source_close(s);
		return (NULL);
	}

	return (s);
}

void
source_close(struct source *s)
{
	int	i;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	__atomic_store_n(&s->closing, 1, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	for (i = 0; i < s->nfetchers; i++)
		pthread_join(s->fetchers[i], NULL);
	for (i = 0; i < BLOCKS; i++)
		free(s->blocks[i].data);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->changed);
	free(s->key);
	free(s);
}
