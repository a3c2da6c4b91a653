/*
 * The thread of one rendition: takes the film's frames, scales and encodes
 * them, gathers each GOP with its sound and hands it to the file.
 */
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "media/internal.h"

#define GOPS_WAITING_MAX	4	/* that wait for their sound, before they go without */
#define PACKETS_MAX		4096	/* of one GOP */
#define SOUNDS_MAX		100000	/* half an hour */

struct packets {
	AVPacket	**list;
	int		count, size;
};

struct work {
	struct media_encoder	*e;
	AVFilterGraph		*graph;
	AVFilterContext		*in, *out;
	int			in_width, in_height, in_format;
	AVCodecContext		*codec;
	struct media_fragments	*file;
	struct packets		video;		/* encoded and not in the file yet */
	struct packets		audio;
	int64_t			next_key;	/* frame that begins the next GOP */
	int64_t			segment;	/* its number */
	int64_t			frames;
};

static int
packets_add(struct packets *p, AVPacket *packet)
{
	AVPacket	**grown;

	if (p->count == p->size) {
		if ((grown = realloc(p->list, (size_t)(p->size * 2 + 64) * sizeof(*grown))) == NULL)
			return (0);
		p->list = grown;
		p->size = p->size * 2 + 64;
	}
	p->list[p->count++] = packet;

	return (1);
}

/* Forgets the first n. */
static void
packets_drop(struct packets *p, int n)
{
	int	i;

	if (n == 0)
		return;
	for (i = 0; i < n; i++)
		av_packet_free(&p->list[i]);
	memmove(p->list, p->list + n, (size_t)(p->count - n) * sizeof(*p->list));
	p->count -= n;
}

/* Frames of this size and format through the scaler. Films change both in the middle. */
static int
graph_make(struct work *w, const AVFrame *frame)
{
	const struct media_step	*step = &w->e->step;
	AVFilterInOut		*ins = NULL, *outs = NULL;
	char			text[256];

	avfilter_graph_free(&w->graph);
	w->in_width = frame->width;
	w->in_height = frame->height;
	w->in_format = frame->format;
	if ((w->graph = avfilter_graph_alloc()) == NULL)
		return (0);
	w->graph->nb_threads = 1;
	snprintf(text, sizeof(text), "buffer=video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=1/1:colorspace=%d:range=%d,"
	    "scale=%d:%d:flags=bicubic:out_range=tv,format=%s,buffersink", frame->width, frame->height, frame->format,
	    w->e->info->fps_den, w->e->info->fps_num, frame->colorspace, frame->color_range, step->width, step->height,
	    w->e->hdr ? "yuv420p10le" : "yuv420p");
	if (avfilter_graph_parse2(w->graph, text, &ins, &outs) < 0 || avfilter_graph_config(w->graph, NULL) < 0) {
		avfilter_inout_free(&ins);
		avfilter_inout_free(&outs);
		return (0);
	}
	avfilter_inout_free(&ins);
	avfilter_inout_free(&outs);
	w->in = w->graph->filters[0];
	w->out = w->graph->filters[w->graph->nb_filters - 1];

	return (1);
}

static int
codec_open(struct work *w, const AVFrame *frame)
{
	const struct media_options	*o = w->e->options;
	const AVCodec			*x264 = avcodec_find_encoder_by_name("libx264");
	AVCodecContext			*c;
	AVDictionary			*opts = NULL;
	int				status;

	if (x264 == NULL || (c = w->codec = avcodec_alloc_context3(x264)) == NULL)
		return (0);
	c->width = w->e->step.width;
	c->height = w->e->step.height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->sample_aspect_ratio = (AVRational){ 1, 1 };
	c->framerate = (AVRational){ w->e->info->fps_num, w->e->info->fps_den };
	c->time_base = av_inv_q(c->framerate);
	c->color_range = AVCOL_RANGE_MPEG;
	c->colorspace = w->e->hdr ? AVCOL_SPC_BT709 : frame->colorspace;
	c->color_primaries = w->e->hdr ? AVCOL_PRI_BT709 : frame->color_primaries;
	c->color_trc = w->e->hdr ? AVCOL_TRC_BT709 : frame->color_trc;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	c->rc_max_rate = w->e->step.maxrate;
	c->rc_buffer_size = 2 * w->e->step.maxrate;
	c->thread_count = w->e->threads;
	/* Key frames stand where we say, on the grid that all renditions share, and nowhere else. */
	c->gop_size = 1 << 20;
	av_dict_set(&opts, "preset", o != NULL && o->preset != NULL ? o->preset : "veryfast", 0);
	av_dict_set_int(&opts, "crf", o != NULL && o->crf > 0 ? o->crf : 23, 0);
	av_dict_set(&opts, "profile", "high", 0);
	av_dict_set(&opts, "forced-idr", "1", 0);
	av_dict_set(&opts, "x264-params", "scenecut=0:open-gop=0:stitchable=1", 0);
	status = avcodec_open2(c, x264, &opts);
	av_dict_free(&opts);

	return (status >= 0);
}

/* The first frame whose time is at or behind the start of a segment. */
static int64_t
grid_frame(const struct work *w, int64_t segment)
{
	return (av_rescale_rnd(segment * MEDIA_SEGMENT_SECONDS, w->e->info->fps_num, w->e->info->fps_den, AV_ROUND_UP));
}

/* How many packets of the first GOP are there, 0 while it may still grow. */
static int
gop_length(const struct work *w, int flush)
{
	int	i;

	for (i = 1; i < w->video.count; i++) {
		if (w->video.list[i]->flags & AV_PKT_FLAG_KEY)
			return (i);
	}

	return (flush ? w->video.count : 0);
}

static int
gops_waiting(const struct work *w)
{
	int	i, n = 0;

	for (i = 0; i < w->video.count; i++)
		n += (w->video.list[i]->flags & AV_PKT_FLAG_KEY) != 0;

	return (n);
}

/* Frames are shown in another order than they are decoded in: the last to be shown ends the GOP. */
static void
gop_times(const struct work *w, int n, int64_t *start, int64_t *end)
{
	int	i;

	*start = *end = w->video.list[0]->pts;
	for (i = 0; i < n; i++) {
		if (w->video.list[i]->pts + 1 > *end)
			*end = w->video.list[i]->pts + 1;
	}
}

/* Writes the GOPs that are complete and have their sound, or have waited for it long enough. */
static int
gops_write(struct work *w, int flush)
{
	struct media_encoder	*e = w->e;
	int64_t			start, end, sound_end;
	int			n, sounds, status;

	while ((n = gop_length(w, flush)) > 0) {
		gop_times(w, n, &start, &end);
		sound_end = e->audio == NULL ? 0 : av_rescale_q(end, w->codec->time_base, e->audio->time_base);
		if (e->audio != NULL) {
			if (!flush && gops_waiting(w) <= GOPS_WAITING_MAX &&
			    (w->audio.count == 0 || w->audio.list[w->audio.count - 1]->pts < sound_end))
				return (MEDIA_OK);
		}
		/* What sound there is behind the last picture belongs to the last GOP. */
		for (sounds = 0; sounds < w->audio.count &&
		    (w->audio.list[sounds]->pts < sound_end || (flush && n == w->video.count)); sounds++)
			;
		if ((status = media_fragments_add(w->file, w->video.list, n, w->audio.list, sounds, start, end, &e->error)) != MEDIA_OK)
			return (status);
		packets_drop(&w->video, n);
		packets_drop(&w->audio, sounds);
	}

	return (MEDIA_OK);
}

static int
packets_receive(struct work *w, int flush)
{
	AVPacket	*p;
	int		status;

	for (;;) {
		if ((p = av_packet_alloc()) == NULL)
			return (media_fail(&w->e->error, MEDIA_MEMORY, "There was not enough memory."));
		if ((status = avcodec_receive_packet(w->codec, p)) < 0) {
			av_packet_free(&p);
			break;
		}
		p->time_base = w->codec->time_base;
		p->duration = 1;
		if (!packets_add(&w->video, p) || w->video.count > PACKETS_MAX * GOPS_WAITING_MAX)
			return (media_fail(&w->e->error, MEDIA_MEMORY, "There was not enough memory."));
	}
	if (status != AVERROR(EAGAIN) && status != AVERROR_EOF)
		return (media_fail(&w->e->error, MEDIA_INTERNAL, "The picture could not be encoded."));

	return (gops_write(w, flush));
}

static int
frame_encode(struct work *w, AVFrame *frame)
{
	struct media_encoder	*e = w->e;

	if (w->codec == NULL) {
		if (!codec_open(w, frame) ||
		    (w->file = media_fragments_new(w->codec, e->audio, e->duration, e->sink, e->index)) == NULL)
			return (media_fail(&e->error, MEDIA_INTERNAL, "The encoder for %s could not be started.", media_rung_name(e->step.rung)));
	}
	frame->pts = w->frames++;
	frame->duration = 1;
	frame->pict_type = AV_PICTURE_TYPE_NONE;
	frame->flags &= ~AV_FRAME_FLAG_KEY;
	if (frame->pts == w->next_key) {
		frame->pict_type = AV_PICTURE_TYPE_I;
		w->next_key = grid_frame(w, ++w->segment);
	}
	if (avcodec_send_frame(w->codec, frame) < 0)
		return (media_fail(&e->error, MEDIA_INTERNAL, "The picture could not be encoded."));
	atomic_store(&e->done, w->frames);

	return (packets_receive(w, 0));
}

/* The picture in the rendition's size, the caller's to free; NULL when that fails. */
static AVFrame *
frame_scaled(struct work *w, AVFrame *frame)
{
	AVFrame	*scaled = NULL;

	if ((w->graph == NULL || frame->width != w->in_width || frame->height != w->in_height || frame->format != w->in_format) &&
	    !graph_make(w, frame))
		return (NULL);
	if (av_buffersrc_add_frame_flags(w->in, frame, AV_BUFFERSRC_FLAG_KEEP_REF) < 0 || (scaled = av_frame_alloc()) == NULL ||
	    av_buffersink_get_frame(w->out, scaled) < 0)
		av_frame_free(&scaled);

	return (scaled);
}

static int
frame_handle(struct work *w, AVFrame *frame)
{
	AVFrame	*scaled, *toned;
	int	status;

	if ((scaled = frame_scaled(w, frame)) == NULL)
		return (media_fail(&w->e->error, MEDIA_INTERNAL, "The picture could not be scaled."));
	if (w->e->hdr) {
		toned = media_tone_map(scaled);
		av_frame_free(&scaled);
		if ((scaled = toned) == NULL)
			return (media_fail(&w->e->error, MEDIA_MEMORY, "There was not enough memory."));
	}
	status = frame_encode(w, scaled);
	av_frame_free(&scaled);

	return (status);
}

static void
work_end(struct work *w)
{
	struct media_encoder	*e = w->e;

	if (w->codec == NULL) {
		if (e->error.reason == MEDIA_OK)
			media_fail(&e->error, MEDIA_NO_PICTURE, "The film has no picture that can be shown.");
	} else if (e->error.reason == MEDIA_OK && (avcodec_send_frame(w->codec, NULL) < 0 || packets_receive(w, 1) != MEDIA_OK))
		media_fail(&e->error, MEDIA_INTERNAL, "The picture could not be encoded.");
	e->result.rung = e->step.rung;
	e->result.width = e->step.width;
	e->result.height = e->step.height;
	e->result.fps_num = e->info->fps_num;
	e->result.fps_den = e->info->fps_den;
	if (e->error.reason == MEDIA_OK)
		media_fragments_end(w->file, &e->result, &e->error);
	packets_drop(&w->video, w->video.count);
	packets_drop(&w->audio, w->audio.count);
	free(w->video.list);
	free(w->audio.list);
	media_fragments_free(w->file);
	avcodec_free_context(&w->codec);
	avfilter_graph_free(&w->graph);
}

static int
item_handle(struct work *w, struct media_item *item)
{
	int	status = MEDIA_OK;

	if (item->frame != NULL)
		status = frame_handle(w, item->frame);
	else if (w->audio.count >= SOUNDS_MAX || !packets_add(&w->audio, item->sound))
		status = media_fail(&w->e->error, MEDIA_MEMORY, "There is too much sound without any picture.");
	else
		item->sound = NULL;

	return (status);
}

static void *
encoder_run(void *arg)
{
	struct media_encoder	*e = arg;
	struct work		w = { .e = e };
	struct media_item	*item;

	while ((item = media_queue_take(&e->queue)) != NULL) {
		if (item_handle(&w, item) != MEDIA_OK)
			media_queue_break(&e->queue);
		media_item_free(item);
	}
	/* Broken from outside: the run was given up. */
	if (e->queue.broken)
		media_fail(&e->error, MEDIA_CANCELED, "It was stopped.");
	work_end(&w);
	if (e->error.reason != MEDIA_OK)
		media_queue_break(&e->queue);

	return (NULL);
}

int
media_encoder_start(struct media_encoder *e)
{
	e->running = pthread_create(&e->thread, NULL, encoder_run, e) == 0;

	return (e->running);
}

void
media_encoder_join(struct media_encoder *e)
{
	if (e->running)
		pthread_join(e->thread, NULL);
	e->running = 0;
}
