/*
 * The thread of one rendition: scales and encodes the frames of the film,
 * collects the packets of each GOP and its audio, and writes them as a fragment.
 */
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "media/internal.h"

#define GOPS_WAITING_MAX	4	/* GOPs that wait for their audio; above it they are written without */
#define PACKETS_MAX		4096	/* of one GOP */
#define AUDIO_PACKETS_MAX	100000	/* about 35 minutes of AAC at 48 kHz */

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
	struct packets		video;		/* encoded packets that are not written yet */
	struct packets		audio;
	int64_t			next_key;	/* frame that begins the next GOP */
	int64_t			segment;	/* number of the next GOP */
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

/* Frees and removes the first n packets. */
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

/* Makes the scaler for frames of this size and format. Both can change in the middle of a film. */
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
	/* Disable automatic key frames. frame_encode() forces them at the same times in all renditions. */
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

/* Returns the number of the first frame at or after the start of a segment. */
static int64_t
grid_frame(const struct work *w, int64_t segment)
{
	return (av_rescale_rnd(segment * MEDIA_SEGMENT_SECONDS, w->e->info->fps_num, w->e->info->fps_den, AV_ROUND_UP));
}

/* Returns the number of packets in the first GOP, 0 if it may be incomplete. */
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

/* Computes the presentation times of a GOP of n packets. Packets are in decoding order, so the end is the greatest of all. */
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

/* Writes the GOPs that are complete and have their audio, and the first one if more than GOPS_WAITING_MAX are waiting. */
static int
gops_write(struct work *w, int flush)
{
	struct media_encoder	*e = w->e;
	int64_t			start, end, audio_end;
	int			n, naudio, status;

	while ((n = gop_length(w, flush)) > 0) {
		gop_times(w, n, &start, &end);
		audio_end = e->audio == NULL ? 0 : av_rescale_q(end, w->codec->time_base, e->audio->time_base);
		if (e->audio != NULL) {
			if (!flush && gops_waiting(w) <= GOPS_WAITING_MAX &&
			    (w->audio.count == 0 || w->audio.list[w->audio.count - 1]->pts < audio_end))
				return (MEDIA_OK);
		}
		/* Audio after the last frame belongs to the last GOP. */
		for (naudio = 0; naudio < w->audio.count &&
		    (w->audio.list[naudio]->pts < audio_end || (flush && n == w->video.count)); naudio++)
			;
		if ((status = media_fragments_add(w->file, w->video.list, n, w->audio.list, naudio, start, end, &e->error)) != MEDIA_OK)
			return (status);
		packets_drop(&w->video, n);
		packets_drop(&w->audio, naudio);
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
			return (media_fail(&w->e->error, MEDIA_MEMORY, "Out of memory."));
		if ((status = avcodec_receive_packet(w->codec, p)) < 0) {
			av_packet_free(&p);
			break;
		}
		p->time_base = w->codec->time_base;
		p->duration = 1;
		if (!packets_add(&w->video, p) || w->video.count > PACKETS_MAX * GOPS_WAITING_MAX)
			return (media_fail(&w->e->error, MEDIA_MEMORY, "Out of memory."));
	}
	if (status != AVERROR(EAGAIN) && status != AVERROR_EOF)
		return (media_fail(&w->e->error, MEDIA_INTERNAL, "The video could not be encoded: %s.", av_err2str(status)));

	return (gops_write(w, flush));
}

static int
frame_encode(struct work *w, AVFrame *frame)
{
	struct media_encoder	*e = w->e;
	int			status;

	if (w->codec == NULL) {
		if (!codec_open(w, frame) ||
		    (w->file = media_fragments_new(w->codec, e->audio, e->duration, e->sink, e->index)) == NULL)
			return (media_fail(&e->error, MEDIA_INTERNAL, "The video encoder of rendition %s cannot be opened.", media_rung_name(e->step.rung)));
	}
	frame->pts = w->frames++;
	frame->duration = 1;
	frame->pict_type = AV_PICTURE_TYPE_NONE;
	frame->flags &= ~AV_FRAME_FLAG_KEY;
	if (frame->pts == w->next_key) {
		frame->pict_type = AV_PICTURE_TYPE_I;
		w->next_key = grid_frame(w, ++w->segment);
	}
	if ((status = avcodec_send_frame(w->codec, frame)) < 0)
		return (media_fail(&e->error, MEDIA_INTERNAL, "The video could not be encoded: %s.", av_err2str(status)));
	atomic_store(&e->done, w->frames);

	return (packets_receive(w, 0));
}

/* Returns the frame in the size of the rendition; the caller frees it. NULL on error. */
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
		return (media_fail(&w->e->error, MEDIA_INTERNAL, "The video could not be scaled to %d x %d pixels.", w->e->step.width, w->e->step.height));
	if (w->e->hdr) {
		toned = media_tone_map(scaled);
		av_frame_free(&scaled);
		if ((scaled = toned) == NULL)
			return (media_fail(&w->e->error, MEDIA_MEMORY, "Out of memory."));
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
			media_fail(&e->error, MEDIA_NO_VIDEO_TRACK, "The video track is empty.");
	} else if (e->error.reason == MEDIA_OK && (avcodec_send_frame(w->codec, NULL) < 0 || packets_receive(w, 1) != MEDIA_OK))
		media_fail(&e->error, MEDIA_INTERNAL, "The video could not be encoded.");
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
	else if (w->audio.count >= AUDIO_PACKETS_MAX || !packets_add(&w->audio, item->audio))
		status = media_fail(&w->e->error, MEDIA_MEMORY, "The film has too much audio without video.");
	else
		item->audio = NULL;

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
	/* The queue is broken from outside: the run has failed or was canceled. */
	if (e->queue.broken)
		media_fail(&e->error, MEDIA_CANCELED, "The transcode was canceled.");
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
