/*
 * Encoders of the audio objects, on threads of their own: the thread that reads the
 * film hands over frames of samples, and each encoder writes its packets to its object.
 * An encoder stays on one thread, so what it writes does not depend on their number.
 */
#include <stdlib.h>
#include <string.h>

#include <libavutil/channel_layout.h>

#include "media/internal.h"

#define WAITING	64	/* frames that wait for a thread, at most: as many as a queue can hold */

struct thread {
	pthread_t		id;
	int			running;
	struct media_queue	queue;	/* of struct work */
};

struct encoder {
	struct media_aac		*all;
	int				number;
	AVCodecContext			*codec;
	struct media_audio_writer	*writer;
	struct thread			*thread;
	struct media_error		error;	/* used by the thread until it is joined */
};

struct media_aac {
	int		(*packet)(void *, int, const AVPacket *, struct media_error *);
	void		*ctx;
	struct encoder	encoders[MEDIA_AUDIOS_MAX];
	int		nencoders;
	struct thread	threads[MEDIA_AUDIOS_MAX];
	int		nthreads;
};

/* Work of a thread: encode a frame, or flush the encoder if that is NULL. */
struct work {
	struct encoder	*encoder;
	AVFrame		*frame;
};

static void
work_free(void *arg)
{
	struct work	*w = arg;

	av_frame_free(&w->frame);
	free(w);
}

static int
codec_open(struct encoder *e, const struct media_audio_object *o)
{
	const AVCodec	*codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext	*c;

	if (codec == NULL || (c = e->codec = avcodec_alloc_context3(codec)) == NULL)
		return (0);
	c->sample_rate = MEDIA_AUDIO_RATE;
	c->sample_fmt = AV_SAMPLE_FMT_FLTP;
	c->bit_rate = o->bitrate;
	c->time_base = (AVRational){ 1, MEDIA_AUDIO_RATE };
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	c->thread_count = 1;
	av_channel_layout_default(&c->ch_layout, o->channels);

	return (avcodec_open2(c, codec, NULL) >= 0 && c->frame_size == MEDIA_AUDIO_FRAME);
}

struct media_aac *
media_aac_new(const struct media_info *info, const struct media_audio_object *objects, int n, const struct media_sink *sink, int first,
    int (*packet)(void *, int, const AVPacket *, struct media_error *), void *ctx)
{
	struct media_aac	*a;
	struct encoder		*e;
	int			i;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (NULL);
	a->packet = packet;
	a->ctx = ctx;
	for (i = 0; i < n; i++) {
		e = &a->encoders[a->nencoders++];
		e->all = a;
		e->number = i;
		if (!codec_open(e, &objects[i]) || (e->writer = media_audio_writer_new(e->codec, info, sink, first + i)) == NULL) {
			media_aac_free(a);
			return (NULL);
		}
	}

	return (a);
}

const AVCodecContext *
media_aac_codec(const struct media_aac *a, int encoder)
{
	return (a->encoders[encoder].codec);
}

/* Writes and passes on the packets that an encoder has ready. Drops those before time 0: they hold its delay, not sound of the film. */
static int
packets_take(struct encoder *e)
{
	AVPacket	*p;
	int		status = MEDIA_OK;

	while (status == MEDIA_OK) {
		if ((p = av_packet_alloc()) == NULL)
			return (media_fail(&e->error, MEDIA_MEMORY, "Out of memory."));
		if (avcodec_receive_packet(e->codec, p) < 0) {
			av_packet_free(&p);
			break;
		}
		p->time_base = e->codec->time_base;
		if (p->pts >= 0 && (status = media_audio_writer_add(e->writer, p, &e->error)) == MEDIA_OK && e->all->packet != NULL)
			status = e->all->packet(e->all->ctx, e->number, p, &e->error);
		av_packet_free(&p);
	}

	return (status);
}

static int
frame_encode(struct encoder *e, const AVFrame *frame)
{
	int	sent = avcodec_send_frame(e->codec, frame);

	if (sent == AVERROR(ENOMEM))
		return (media_fail(&e->error, MEDIA_MEMORY, "Out of memory."));
	if (sent < 0)
		return (media_fail(&e->error, MEDIA_INTERNAL, "The audio could not be encoded: %s.", av_err2str(sent)));

	return (packets_take(e));
}

static void *
thread_run(void *arg)
{
	struct thread	*t = arg;
	struct work	*w;

	while ((w = media_queue_take(&t->queue)) != NULL) {
		if (frame_encode(w->encoder, w->frame) != MEDIA_OK)
			media_queue_break(&t->queue);
		work_free(w);
	}

	return (NULL);
}

int
media_aac_start(struct media_aac *a, int threads)
{
	struct thread	*t;
	int		i, n = FFMAX(FFMIN(threads, a->nencoders), 1);

	for (i = 0; i < a->nencoders; i++)
		a->encoders[i].thread = &a->threads[i % n];
	while (a->nthreads < FFMIN(n, a->nencoders)) {
		t = &a->threads[a->nthreads++];
		media_queue_init(&t->queue, WAITING);
		if (!(t->running = pthread_create(&t->id, NULL, thread_run, t) == 0))
			return (0);
	}

	return (1);
}

int
media_aac_put(struct media_aac *a, int encoder, const AVFrame *frame)
{
	struct encoder	*e = &a->encoders[encoder];
	struct work	*w = calloc(1, sizeof(*w));

	if (w == NULL || (frame != NULL && (w->frame = av_frame_clone(frame)) == NULL)) {
		free(w);
		return (MEDIA_MEMORY);
	}
	w->encoder = e;
	if (!media_queue_put(&e->thread->queue, w)) {
		work_free(w);
		return (MEDIA_CANCELED);
	}

	return (MEDIA_OK);
}

int
media_aac_join(struct media_aac *a, int status, struct media_error *error)
{
	struct thread	*t;
	int		i;

	for (t = a->threads; t < a->threads + a->nthreads; t++) {
		if (status != MEDIA_OK)
			media_queue_break(&t->queue);
		else
			media_queue_end(&t->queue);
	}
	for (t = a->threads; t < a->threads + a->nthreads; t++) {
		if (t->running)
			pthread_join(t->id, NULL);
		if (t->queue.broken && status == MEDIA_OK)
			status = MEDIA_CANCELED;
		media_queue_free(&t->queue, work_free);
	}
	a->nthreads = 0;
	for (i = 0; i < a->nencoders; i++) {
		if (a->encoders[i].error.reason != MEDIA_OK)
			status = media_fail(error, a->encoders[i].error.reason, "%s", a->encoders[i].error.text);
	}

	return (status);
}

int
media_aac_end(struct media_aac *a, int encoder, int64_t frames, struct media_audio_object *out, struct media_error *error)
{
	return (media_audio_writer_end(a->encoders[encoder].writer, frames, out, error));
}

void
media_aac_free(struct media_aac *a)
{
	int	i;

	if (a == NULL)
		return;
	for (i = 0; i < a->nencoders; i++) {
		avcodec_free_context(&a->encoders[i].codec);
		media_audio_writer_free(a->encoders[i].writer);
	}
	free(a);
}
