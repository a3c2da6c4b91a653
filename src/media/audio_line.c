/*
 * The time line of the sound: samples are put at their positions, what nobody has
 * put is silence, and the whole is cut into frames for the encoders, without gap from
 * position 0.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/channel_layout.h>

#include "media/internal.h"

#define FRAME		MEDIA_AUDIO_FRAME
#define LOUDEST		4.0f	/* decoders clip above 1; the AAC encoder fails on samples that are far above it */

struct media_line {
	struct media_error	*error;
	int			(*frame)(void *, const AVFrame *);
	void			*ctx;
	int			channels;
	float			*samples[MEDIA_CHANNELS_MAX];	/* of each channel; samples[c][first] is at position `base` */
	size_t			first, count, size;
	int64_t			base;		/* samples that were passed on */
};

struct media_line *
media_line_new(int channels, int (*frame)(void *, const AVFrame *), void *ctx, struct media_error *error)
{
	struct media_line	*l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return (NULL);
	l->channels = channels;
	l->frame = frame;
	l->ctx = ctx;
	l->error = error;

	return (l);
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
	float	*samples;
	size_t	size = count > l->size ? count * 3 / 2 + FRAME : l->size, first = l->first + count > l->size ? 0 : l->first;
	int	c;

	for (c = 0; c < l->channels; c++) {
		samples = l->samples[c];
		if (first < l->first)
			memmove(samples, samples + l->first, l->count * sizeof(float));
		if (size > l->size) {
			if ((samples = realloc(samples, size * sizeof(float))) == NULL)
				return (0);
			l->samples[c] = samples;
		}
		if (count > l->count && samples != NULL)
			memset(samples + first + l->count, 0, (count - l->count) * sizeof(float));
	}
	l->first = first;
	l->size = size;
	if (count > l->count)
		l->count = count;

	return (1);
}

int
media_line_add(struct media_line *l, int64_t position, const float *const samples[], const float gains[], size_t n)
{
	float	*to;
	size_t	at, i;
	int	c;

	if (!room_make(l, at = (size_t)(position - l->base) + n))
		return (media_fail(l->error, MEDIA_MEMORY, "Out of memory."));
	at -= n;
	for (c = 0; c < l->channels; c++) {
		to = l->samples[c] + l->first + at;
		for (i = 0; i < n; i++)
			to[i] += samples[c][i] * gains[c];
	}

	return (MEDIA_OK);
}

/* Copies samples within the range that the encoder takes. */
static void
samples_copy(float *to, const float *from, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		to[i] = isnan(from[i]) ? 0 : fminf(fmaxf(from[i], -LOUDEST), LOUDEST);
}

/* Passes on the next n samples, at most FRAME; fewer in the last frame only. */
static int
frame_pass(struct media_line *l, int n)
{
	AVFrame	*frame = av_frame_alloc();
	size_t	known = l->count < (size_t)n ? l->count : (size_t)n;
	int	c, status;

	if (frame != NULL) {
		frame->format = AV_SAMPLE_FMT_FLTP;
		frame->nb_samples = n;
		frame->sample_rate = MEDIA_AUDIO_RATE;
		frame->pts = l->base;
		av_channel_layout_default(&frame->ch_layout, l->channels);
	}
	if (frame == NULL || av_frame_get_buffer(frame, 0) < 0) {
		status = media_fail(l->error, MEDIA_MEMORY, "Out of memory.");
	} else {
		for (c = 0; c < l->channels; c++) {
			if (known > 0)
				samples_copy((float *)(void *)frame->extended_data[c], l->samples[c] + l->first, known);
			memset(frame->extended_data[c] + known * sizeof(float), 0, ((size_t)n - known) * sizeof(float));
		}
		status = l->frame(l->ctx, frame);
	}
	av_frame_free(&frame);
	l->count -= known;
	l->first = l->count > 0 ? l->first + known : 0;
	l->base += n;

	return (status);
}

int
media_line_pass(struct media_line *l, int64_t until)
{
	int	status = MEDIA_OK;

	while (status == MEDIA_OK && l->base + FRAME <= until)
		status = frame_pass(l, FRAME);

	return (status);
}

int
media_line_end(struct media_line *l, int64_t until)
{
	int	status = media_line_pass(l, until);

	if (status == MEDIA_OK && l->base < until)
		status = frame_pass(l, (int)(until - l->base));

	return (status == MEDIA_OK ? l->frame(l->ctx, NULL) : status);
}

void
media_line_free(struct media_line *l)
{
	int	c;

	if (l == NULL)
		return;
	for (c = 0; c < l->channels; c++)
		free(l->samples[c]);
	free(l);
}
