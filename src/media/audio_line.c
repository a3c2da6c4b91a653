/*
 * The time line of the sound: samples are put at their positions, what nobody has
 * put is silence, and the whole is encoded as AAC without gap from position 0, by
 * several encoders with different bit rates.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/channel_layout.h>

#include "media/internal.h"

#define FRAME		1024	/* samples in an AAC packet */
#define LOUDEST		4.0f	/* decoders clip above 1; the AAC encoder fails on samples that are far above it */

struct media_line {
	AVCodecContext		*codecs[MEDIA_AUDIO_ENCODERS];
	struct media_error	*error;
	int			(*packet)(void *, int, AVPacket *);
	void			*ctx;
	float			*samples[2];	/* of left and right; samples[c][first] is at position `base` */
	size_t			first, count, size;
	int64_t			base;		/* samples that were encoded */
};

static int
aac_open(struct media_line *l, int encoder, int bitrate)
{
	const AVCodec	*codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext	*c;

	if (codec == NULL || (c = l->codecs[encoder] = avcodec_alloc_context3(codec)) == NULL)
		return (0);
	c->sample_rate = MEDIA_AUDIO_RATE;
	c->sample_fmt = AV_SAMPLE_FMT_FLTP;
	c->bit_rate = bitrate;
	c->time_base = (AVRational){ 1, MEDIA_AUDIO_RATE };
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_channel_layout_default(&c->ch_layout, 2);

	return (avcodec_open2(c, codec, NULL) >= 0 && c->frame_size == FRAME);
}

struct media_line *
media_line_new(const struct media_options *options, int (*packet)(void *, int, AVPacket *), void *ctx, struct media_error *error)
{
	struct media_line	*l;
	int			i;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->packet = packet;
	l->ctx = ctx;
	l->error = error;
	for (i = 0; i < MEDIA_AUDIO_ENCODERS; i++) {
		if (!aac_open(l, i, media_audio_bitrate(options, i))) {
			media_line_free(l);
			return (NULL);
		}
	}

	return (l);
}

const AVCodecContext *
media_line_codec(const struct media_line *l, int encoder)
{
	return (l->codecs[encoder]);
}

int64_t
media_line_base(const struct media_line *l)
{
	return (l->base);
}

/* Makes room for `count` samples from the position `base`; new ones are silence. */
static int
room_make(struct media_line *l, size_t count)
{
	float	*grown;
	size_t	size = count * 3 / 2 + FRAME;
	int	c;

	for (c = 0; c < 2; c++) {
		if (l->first > 0 && l->first + count > l->size)
			memmove(l->samples[c], l->samples[c] + l->first, l->count * sizeof(float));
		if (count > l->size) {
			if ((grown = realloc(l->samples[c], size * sizeof(float))) == NULL)
				return (0);
			l->samples[c] = grown;
		}
	}
	if (l->first + count > l->size)
		l->first = 0;
	if (count > l->size)
		l->size = size;
	for (c = 0; c < 2 && count > l->count; c++)
		memset(l->samples[c] + l->first + l->count, 0, (count - l->count) * sizeof(float));
	if (count > l->count)
		l->count = count;

	return (1);
}

int
media_line_add(struct media_line *l, int64_t position, const float *left, float left_gain, const float *right, float right_gain, size_t n)
{
	float	*to[2];
	size_t	at, i;

	if (!room_make(l, at = (size_t)(position - l->base) + n))
		return (media_fail(l->error, MEDIA_MEMORY, "Out of memory."));
	at -= n;
	to[0] = l->samples[0] + l->first + at;
	to[1] = l->samples[1] + l->first + at;
	for (i = 0; i < n; i++) {
		to[0][i] += left[i] * left_gain;
		to[1][i] += right[i] * right_gain;
	}

	return (MEDIA_OK);
}

/* Passes on the packets that an encoder has ready. Drops those before time 0: they hold the encoder's delay, not sound of the film. */
static int
packets_take(struct media_line *l, int encoder)
{
	AVPacket	*p;
	int		status = MEDIA_OK;

	while (status == MEDIA_OK) {
		if ((p = av_packet_alloc()) == NULL)
			return (media_fail(l->error, MEDIA_MEMORY, "Out of memory."));
		if (avcodec_receive_packet(l->codecs[encoder], p) < 0) {
			av_packet_free(&p);
			break;
		}
		p->time_base = l->codecs[encoder]->time_base;
		status = p->pts >= 0 ? l->packet(l->ctx, encoder, p) : MEDIA_OK;
		av_packet_free(&p);
	}

	return (status);
}

/* Copies samples within the range that the encoder takes. */
static void
samples_copy(float *to, const float *from, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		to[i] = isnan(from[i]) ? 0 : fminf(fmaxf(from[i], -LOUDEST), LOUDEST);
}

/* Encodes a frame with each encoder; NULL flushes them. */
static int
frame_send(struct media_line *l, const AVFrame *frame)
{
	int	i, sent, status = MEDIA_OK;

	for (i = 0; i < MEDIA_AUDIO_ENCODERS && status == MEDIA_OK; i++) {
		if ((sent = avcodec_send_frame(l->codecs[i], frame)) == AVERROR(ENOMEM))
			return (media_fail(l->error, MEDIA_MEMORY, "Out of memory."));
		if (sent < 0)
			return (media_fail(l->error, MEDIA_INTERNAL, "The audio could not be encoded: %s.", av_err2str(sent)));
		status = packets_take(l, i);
	}

	return (status);
}

/* Encodes the next n samples, at most FRAME; fewer in the last frame only. */
static int
frame_encode(struct media_line *l, int n)
{
	AVFrame	*frame = av_frame_alloc();
	size_t	known = l->count < (size_t)n ? l->count : (size_t)n;
	int	c, status;

	if (frame != NULL) {
		frame->format = AV_SAMPLE_FMT_FLTP;
		frame->nb_samples = n;
		frame->sample_rate = MEDIA_AUDIO_RATE;
		frame->pts = l->base;
		av_channel_layout_default(&frame->ch_layout, 2);
	}
	if (frame == NULL || av_frame_get_buffer(frame, 0) < 0) {
		status = media_fail(l->error, MEDIA_MEMORY, "Out of memory.");
	} else {
		for (c = 0; c < 2; c++) {
			if (known > 0)
				samples_copy((float *)(void *)frame->extended_data[c], l->samples[c] + l->first, known);
			memset(frame->extended_data[c] + known * sizeof(float), 0, ((size_t)n - known) * sizeof(float));
		}
		status = frame_send(l, frame);
	}
	av_frame_free(&frame);
	l->count -= known;
	l->first = l->count > 0 ? l->first + known : 0;
	l->base += n;

	return (status);
}

int
media_line_encode(struct media_line *l, int64_t until)
{
	int	status = MEDIA_OK;

	while (status == MEDIA_OK && l->base + FRAME <= until)
		status = frame_encode(l, FRAME);

	return (status);
}

int
media_line_end(struct media_line *l, int64_t until)
{
	int	status = media_line_encode(l, until);

	if (status == MEDIA_OK && l->base < until)
		status = frame_encode(l, (int)(until - l->base));

	return (status == MEDIA_OK ? frame_send(l, NULL) : status);
}

void
media_line_free(struct media_line *l)
{
	int	i;

	if (l == NULL)
		return;
	for (i = 0; i < MEDIA_AUDIO_ENCODERS; i++)
		avcodec_free_context(&l->codecs[i]);
	free(l->samples[0]);
	free(l->samples[1]);
	free(l);
}
