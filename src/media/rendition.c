/*
 * The thread of one rendition: makes and encodes its frames,
 * collects the packets of each segment and its audio, and writes them.
 */
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "media/internal.h"

#define GOPS_WAITING_MAX	8	/* GOPs that wait for their audio, which is at most ten seconds late (audio.c) */
#define REORDER_MIN		15	/* frames per second from which frames are reordered */
#define PARAMS			"scenecut=0:open-gop=0:stitchable=1"
#define PACKETS_MAX		4096	/* of one GOP */
#define AUDIO_PACKETS_MAX	100000	/* about 35 minutes of AAC at 48 kHz */

struct packets {
	AVPacket	**list;
	int		count, size;
};

struct work {
	struct media_encoder	*e;
	struct media_picture	picture;
	AVCodecContext		*codec;
	struct media_hybrid	*file;
	struct packets		video;		/* encoded packets that are not written yet */
	struct packets		audio;
	int64_t			next_key;	/* frame that begins the next GOP */
	int64_t			gop;		/* number of the next GOP */
	int64_t			written;	/* segments */
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

static int
codec_open(struct work *w)
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
	c->colorspace = AVCOL_SPC_BT709;
	c->color_primaries = AVCOL_PRI_BT709;
	c->color_trc = AVCOL_TRC_BT709;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	c->rc_max_rate = w->e->step.maxrate;
	c->rc_buffer_size = 2 * w->e->step.maxrate;
	c->thread_count = w->e->threads;
	/* Disable automatic key frames. frame_encode() forces them at the same times in all renditions. */
	c->gop_size = 1 << 20;
	/* Few frames a second are not reordered: FFmpeg, which plays the fragments, takes their uneven decoding times for another frame rate. */
	if (c->framerate.num < REORDER_MIN * c->framerate.den)
		c->max_b_frames = 0;
	av_dict_set(&opts, "preset", o != NULL && o->preset != NULL ? o->preset : "veryfast", 0);
	av_dict_set_int(&opts, "crf", o != NULL && o->crf > 0 ? o->crf : 23, 0);
	av_dict_set(&opts, "profile", "high", 0);
	av_dict_set(&opts, "forced-idr", "1", 0);
	av_dict_set(&opts, "x264-params", PARAMS, 0);
	/* A slow connection waits for moov: with this pattern the composition offsets take half of the bytes (hybrid.c). */
	if (w->e->step.rung == MEDIA_R360 && c->max_b_frames != 0) {
		c->max_b_frames = 3;
		av_dict_set(&opts, "x264-params", PARAMS ":b-pyramid=none:b-adapt=0", 0);
	}
	status = avcodec_open2(c, x264, &opts);
	av_dict_free(&opts);

	return (status >= 0);
}

/*
 * Returns the number of packets of the next segment, 0 if it may be incomplete.
 * If what follows it is the end of the film and too short for a segment, that is
 * part of it.
 */
static int
segment_length(const struct work *w, int flush)
{
	int	n = (int)(media_grid_frame(w->e->info, w->written + 1) - media_grid_frame(w->e->info, w->written));

	if (w->video.count - n >= media_grid_last(w->e->info))
		return (n);

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

/* Returns the end of a segment of n packets in presentation time. Packets are in decoding order, so that is the greatest of all. */
static int64_t
segment_end(const struct work *w, int n)
{
	int64_t	end = 0;
	int	i;

	for (i = 0; i < n; i++)
		end = FFMAX(end, w->video.list[i]->pts + 1);

	return (end);
}

/*
 * Returns the end of the audio of a segment of n packets. Players of the file (FFmpeg,
 * Chromium) that seek to the next segment look for audio at the decoding time of its
 * key frame, which is earlier than it is shown. The packet of that time belongs to
 * the next segment, so that they need not read this one.
 */
static int64_t
segment_audio_end(const struct work *w, int n)
{
	const AVCodecContext	*audio = w->e->audio;

	return (av_rescale_q(segment_end(w, n) - w->codec->has_b_frames, w->codec->time_base, audio->time_base) - audio->frame_size);
}

/* Writes the segments that are complete and have their audio, and the first one if more than GOPS_WAITING_MAX are waiting. */
static int
segments_write(struct work *w, int flush)
{
	struct media_encoder	*e = w->e;
	int64_t			audio_end;
	int			n, naudio, status;

	while ((n = segment_length(w, flush)) > 0) {
		audio_end = e->audio == NULL ? 0 : segment_audio_end(w, n);
		if (e->audio != NULL) {
			if (!flush && gops_waiting(w) <= GOPS_WAITING_MAX &&
			    (w->audio.count == 0 || w->audio.list[w->audio.count - 1]->pts < audio_end))
				return (MEDIA_OK);
		}
		/* Audio after the last frame belongs to the last segment. */
		for (naudio = 0; naudio < w->audio.count &&
		    (w->audio.list[naudio]->pts < audio_end || (flush && n == w->video.count)); naudio++)
			;
		if ((status = media_hybrid_add(w->file, w->video.list, n, w->audio.list, naudio, &e->error)) != MEDIA_OK)
			return (status);
		packets_drop(&w->video, n);
		packets_drop(&w->audio, naudio);
		w->written++;
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

	return (segments_write(w, flush));
}

static int
frame_encode(struct work *w, AVFrame *frame)
{
	struct media_encoder	*e = w->e;
	int			status;

	if (w->codec == NULL) {
		if (!codec_open(w) ||
		    (w->file = media_hybrid_new(w->codec, e->audio, e->duration, e->sink, e->index)) == NULL)
			return (media_fail(&e->error, MEDIA_INTERNAL, "The video encoder of rendition %s cannot be opened.", media_rung_name(e->step.rung)));
	}
	frame->pts = w->frames++;
	frame->duration = 1;
	frame->pict_type = media_hybrid_full(w->file) ? AV_PICTURE_TYPE_P : AV_PICTURE_TYPE_NONE;
	frame->flags &= ~AV_FRAME_FLAG_KEY;
	if (frame->pts == w->next_key) {
		frame->pict_type = AV_PICTURE_TYPE_I;
		w->next_key = media_key_frame(w->e->info, ++w->gop);
	}
	if ((status = avcodec_send_frame(w->codec, frame)) < 0)
		return (media_fail(&e->error, MEDIA_INTERNAL, "The video could not be encoded: %s.", av_err2str(status)));
	atomic_store(&e->done, w->frames);

	return (packets_receive(w, 0));
}

static int
frame_handle(struct work *w, AVFrame *frame)
{
	AVFrame	*made;

	if (!sws_isSupportedInput(frame->format))
		return (media_fail(&w->e->error, MEDIA_UNSUPPORTED, "Unsupported video format: %s.", av_get_pix_fmt_name(frame->format)));
	if ((made = media_picture_make(&w->picture, frame)) == NULL)
		return (media_fail(&w->e->error, MEDIA_INTERNAL, "The video could not be scaled to %d x %d pixels.", w->e->step.width, w->e->step.height));

	return (frame_encode(w, made));
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
		media_hybrid_end(w->file, &e->result, &e->error);
	packets_drop(&w->video, w->video.count);
	packets_drop(&w->audio, w->audio.count);
	free(w->video.list);
	free(w->audio.list);
	media_hybrid_free(w->file);
	avcodec_free_context(&w->codec);
	media_picture_close(&w->picture);
}

static int
item_handle(struct work *w, struct media_item *item)
{
	int	status = MEDIA_OK;

	if (item->frame != NULL)
		status = frame_handle(w, item->frame);
	else if (w->audio.count >= AUDIO_PACKETS_MAX)
		status = media_fail(&w->e->error, MEDIA_DAMAGED, "The film has too much audio without video.");
	else if (!packets_add(&w->audio, item->audio))
		status = media_fail(&w->e->error, MEDIA_MEMORY, "Out of memory.");
	else
		item->audio = NULL;

	return (status);
}

static void *
encoder_run(void *arg)
{
	struct media_encoder	*e = arg;
	struct work		w = { .e = e, .picture = { .info = e->info, .colour = e->colour, .width = e->step.width, .height = e->step.height } };
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
