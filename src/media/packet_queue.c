/*
 * Bounded queue between two threads.
 */
#include <stdlib.h>

#include "media/internal.h"

void
media_queue_init(struct media_queue *q, int max)
{
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, NULL);
	q->first = q->count = q->ended = q->broken = 0;
	q->max = max;
}

int
media_queue_put(struct media_queue *q, void *item)
{
	int	ok;

	pthread_mutex_lock(&q->lock);
	while (q->count == q->max && !q->broken)
		pthread_cond_wait(&q->changed, &q->lock);
	if ((ok = !q->broken)) {
		q->items[(q->first + q->count++) % 64] = item;
		pthread_cond_broadcast(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);

	return (ok);
}

void *
media_queue_take(struct media_queue *q)
{
	void	*item = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->count == 0 && !q->ended && !q->broken)
		pthread_cond_wait(&q->changed, &q->lock);
	if (q->count > 0 && !q->broken) {
		item = q->items[q->first];
		q->first = (q->first + 1) % 64;
		q->count--;
		pthread_cond_broadcast(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);

	return (item);
}

void
media_queue_end(struct media_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->ended = 1;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void
media_queue_break(struct media_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->broken = 1;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

void
media_queue_free(struct media_queue *q, void (*release)(void *))
{
	for (; q->count > 0; q->count--) {
		release(q->items[q->first]);
		q->first = (q->first + 1) % 64;
	}
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
}

void
media_item_free(void *arg)
{
	struct media_item	*item = arg;

	av_frame_free(&item->frame);
	av_packet_free(&item->audio);
	free(item);
}
