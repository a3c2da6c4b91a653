/*
 * One pass over a film: reads and decodes it, converts video and audio to one
 * time line and sends the same frames to the encoder of each rendition.
 */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "base/counter.h"
#include "media/internal.h"

#define QUEUE_ITEMS		24
#define AUDIO_RATE		48000
#define AUDIO_BITRATE		128000
#define REPORT_MS		200
#define DAMAGE_SHARE		0.5	/* maximum share of video packets that do not decode */

/* A track of the source: its decoder and the filters that make its frames uniform. */
struct track {
	int			stream;
	AVCodecContext		*decoder;
	AVFilterGraph		*graph;
	AVFilterContext		*in, *out;
	int			format, width, height;	/* of the frames that the graph accepts */
	int			deinterlaces;		/* the graph does */
	AVChannelLayout		layout;
	int			rate;
	int64_t			packets, errors, frames;
};

struct run {
	struct media			*m;
	const struct media_options	*options;
	const struct media_watch	*watch;
	struct media_error		*error;
	struct track			video, audio;
	AVCodecContext			*aac;
	struct media_colour		colour;
	struct media_encoder		encoders[MEDIA_RUNGS];
	int				nencoders;
	int				threads;
	struct media_scan		scan;
	int				scanning;
	struct media_pace		early;		/* before the filters; only if they need a constant rate */
	struct media_pace		pace;		/* after the filters */
	int64_t				video_next;	/* end of the last decoded frame, in the time base of the track */
	AVFrame				*last;		/* last video frame that was sent to the encoders */
	int64_t				audio_end;	/* end of the audio that was sent to the encoders, in samples */
	struct timespec			began, reported;
};

static int
out_of_memory(struct run *r)
{
	return (media_fail(r->error, MEDIA_MEMORY, "Out of memory."));
}

static int
cpus(const struct media_options *o)
{
	cpu_set_t	set;

	if (o != NULL && o->threads > 0)
		return (o->threads);

	return (sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1);
}

static int
decoder_open(struct run *r, struct track *t, int stream)
{
	const AVStream	*s = r->m->format->streams[stream];
	const AVCodec	*codec = avcodec_find_decoder(s->codecpar->codec_id);

	t->stream = stream;
	if ((t->decoder = avcodec_alloc_context3(codec)) == NULL || avcodec_parameters_to_context(t->decoder, s->codecpar) < 0)
		return (0);
	t->decoder->pkt_timebase = s->time_base;
	t->decoder->thread_count = codec->type == AVMEDIA_TYPE_VIDEO ? r->threads : 1;

	return (avcodec_open2(t->decoder, codec, NULL) >= 0);
}

static int
graph_parse(struct track *t, const char *text)
{
	AVFilterInOut	*ins = NULL, *outs = NULL;
	int		ok;

	avfilter_graph_free(&t->graph);
	if ((t->graph = avfilter_graph_alloc()) == NULL)
		return (0);
	t->graph->nb_threads = 1;
	ok = avfilter_graph_parse2(t->graph, text, &ins, &outs) >= 0;
	avfilter_inout_free(&ins);
	avfilter_inout_free(&outs);
	if (!ok)
		return (0);
	/* The configuration may add a scaler at the end of the list. */
	t->in = t->graph->filters[0];
	t->out = t->graph->filters[t->graph->nb_filters - 1];

	return (avfilter_graph_config(t->graph, NULL) >= 0);
}

static const char *
rotation_filters(const struct media_info *info)
{
	switch (info->rotation) {
	case 90:
		return (info->mirrored ? "hflip,transpose=clock," : "transpose=clock,");
	case 180:
		return (info->mirrored ? "vflip," : "hflip,vflip,");
	case 270:
		return (info->mirrored ? "hflip,transpose=cclock," : "transpose=cclock,");
	default:
		return (info->mirrored ? "hflip," : "");
	}
}

/* Returns the filters that make progressive frames of interlaced ones. */
static void
field_filters(const struct run *r, char *text, size_t size)
{
	if (r->m->telecined)
		snprintf(text, size, "fieldmatch=order=%s:combmatch=full,bwdif=mode=send_frame:deint=interlaced,decimate,", r->m->top_first ? "tff" : "bff");
	else if (r->video.deinterlaces)
		snprintf(text, size, "bwdif=mode=%s:deint=interlaced,", r->m->field_rate ? "send_field" : "send_frame");
	else
		*text = '\0';
}

/* Returns the time base of the frames that the filters of the video get. */
static AVRational
video_base(const struct run *r)
{
	return (r->m->telecined ? av_inv_q(r->early.rate) : r->m->format->streams[r->video.stream]->time_base);
}

/* Makes the filter graph of the video: deinterlaces and rotates. */
static int
video_graph(struct run *r, const AVFrame *f)
{
	const struct media_info	*info = &r->m->info;
	AVRational		base = video_base(r);
	char			text[512], crop[64], rate[64] = "", fields[128];

	media_crop_filter(r->m->format->streams[r->video.stream]->codecpar, f, crop, sizeof(crop));
	r->video.format = f->format;
	r->video.width = f->width;
	r->video.height = f->height;
	r->video.deinterlaces = r->m->telecined || info->interlaced || (f->flags & AV_FRAME_FLAG_INTERLACED);
	field_filters(r, fields, sizeof(fields));
	if (r->m->telecined)
		snprintf(rate, sizeof(rate), ":frame_rate=%d/%d", r->early.rate.num, r->early.rate.den);
	snprintf(text, sizeof(text), "buffer=video_size=%dx%d:pix_fmt=%d:time_base=%d/%d%s:pixel_aspect=1/1:colorspace=%d:range=%d,"
	    "%s%s%snull%s,buffersink", f->width, f->height, f->format, base.num, base.den, rate, f->colorspace,
	    f->color_range, fields, crop, rotation_filters(info), media_alpha_filter(f));

	return (graph_parse(&r->video, text));
}

static int
audio_graph(struct run *r, const AVFrame *f)
{
	AVRational	base = r->m->format->streams[r->audio.stream]->time_base;
	char		text[512], layout[64];
	int		first = r->audio.graph == NULL;

	if (av_channel_layout_copy(&r->audio.layout, &f->ch_layout) < 0)
		return (0);
	/* If the file does not state the channel layout, use the default layout for the number of channels. */
	if (r->audio.layout.order == AV_CHANNEL_ORDER_UNSPEC)
		av_channel_layout_default(&r->audio.layout, f->ch_layout.nb_channels);
	if (av_channel_layout_describe(&r->audio.layout, layout, sizeof(layout)) < 0)
		return (0);
	r->audio.rate = f->sample_rate;
	r->audio.format = f->format;
	snprintf(text, sizeof(text), "abuffer=time_base=%d/%d:sample_rate=%d:sample_fmt=%d:channel_layout=%s,"
	    "aresample=%d:async=1000%s,aformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=stereo,abuffersink",
	    base.num, base.den, f->sample_rate, f->format, layout, AUDIO_RATE, first ? ":first_pts=0" : "", AUDIO_RATE);
	if (!graph_parse(&r->audio, text))
		return (0);
	av_buffersink_set_frame_size(r->audio.out, (unsigned)r->aac->frame_size);

	return (1);
}

static int
aac_open(struct run *r)
{
	const AVCodec	*codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext	*c;

	if (codec == NULL || (c = r->aac = avcodec_alloc_context3(codec)) == NULL)
		return (0);
	c->sample_rate = AUDIO_RATE;
	c->sample_fmt = AV_SAMPLE_FMT_FLTP;
	c->bit_rate = r->options != NULL && r->options->audio_bitrate > 0 ? r->options->audio_bitrate : AUDIO_BITRATE;
	c->time_base = (AVRational){ 1, AUDIO_RATE };
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_channel_layout_default(&c->ch_layout, 2);

	return (avcodec_open2(c, codec, NULL) >= 0);
}

/* Sends a video frame or an audio packet to each encoder. An encoder that has failed ends the run. */
static int
feed(struct run *r, const AVFrame *frame, const AVPacket *audio)
{
	struct media_item	*item;
	int			i;

	if (frame != NULL && !media_limits_frame(r->m))
		return (media_limits_fail(r->m, r->error));
	for (i = 0; i < r->nencoders; i++) {
		if ((item = calloc(1, sizeof(*item))) == NULL)
			return (out_of_memory(r));
		if (frame != NULL)
			item->frame = av_frame_clone(frame);
		else
			item->audio = av_packet_clone(audio);
		if ((item->frame == NULL && item->audio == NULL) || !media_queue_put(&r->encoders[i].queue, item)) {
			media_item_free(item);
			/* encoders_end() reads the error of the encoder. */
			return (MEDIA_INTERNAL);
		}
	}

	return (MEDIA_OK);
}

/* Encodes an audio frame; NULL flushes the encoder. Drops the packets before time 0: they hold the encoder's delay, not audio of the film. */
static int
audio_encode(struct run *r, AVFrame *frame)
{
	AVPacket	*p;
	int		status;

	if ((status = avcodec_send_frame(r->aac, frame)) < 0)
		return (media_fail(r->error, MEDIA_INTERNAL, "The audio could not be encoded: %s.", av_err2str(status)));
	for (;;) {
		if ((p = av_packet_alloc()) == NULL)
			return (out_of_memory(r));
		if (avcodec_receive_packet(r->aac, p) < 0) {
			av_packet_free(&p);
			return (MEDIA_OK);
		}
		p->time_base = r->aac->time_base;
		status = p->pts >= 0 ? feed(r, NULL, p) : MEDIA_OK;
		r->audio_end = p->pts + p->duration;
		av_packet_free(&p);
		if (status != MEDIA_OK)
			return (status);
	}
}

/* Takes the frames that the filters of a track have ready and passes them on. */
static int
filtered_take(struct run *r, struct track *t)
{
	AVFrame	*frame;
	int	status = MEDIA_OK;

	while (status == MEDIA_OK) {
		if ((frame = av_frame_alloc()) == NULL)
			return (out_of_memory(r));
		if (av_buffersink_get_frame(t->out, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		if (t == &r->video) {
			if (!media_alpha_compose(frame, r->colour.full)) {
				av_frame_free(&frame);
				return (out_of_memory(r));
			}
			status = media_pace_put(&r->pace, frame, av_buffersink_get_time_base(t->out));
			frame = NULL;
		} else if (frame->pts >= 0) {
			status = audio_encode(r, frame);
		}
		av_frame_free(&frame);
	}

	return (status);
}

static int
graph_fits(const struct run *r, const struct track *t, const AVFrame *f)
{
	if (t->graph == NULL || t->format != f->format)
		return (0);
	if (t == &r->video)
		return (t->width == f->width && t->height == f->height && (t->deinterlaces || !(f->flags & AV_FRAME_FLAG_INTERLACED)));

	return (t->rate == f->sample_rate && t->layout.nb_channels == f->ch_layout.nb_channels);
}

static int
format_refused(struct run *r, const struct track *t, const AVFrame *f)
{
	const char	*name = t == &r->video ? av_get_pix_fmt_name(f->format) : av_get_sample_fmt_name(f->format);

	if (name == NULL)
		name = "unknown";
	if (t == &r->video)
		return (media_fail(r->error, MEDIA_UNSUPPORTED, "Unsupported video format: %d x %d pixels, %s.", f->width, f->height, name));

	return (media_fail(r->error, MEDIA_UNSUPPORTED, "Unsupported audio format: %d channels, %d Hz, %s.", f->ch_layout.nb_channels,
	    f->sample_rate, name));
}

/* Decides the colours of the film by its first frame, and removes what the filters must not see. */
static int
frame_prepare(struct run *r, AVFrame *frame)
{
	if (!r->colour.decided && media_colour_decide(r->m, frame, &r->colour) != MEDIA_OK)
		return (out_of_memory(r));
	media_frame_plain(r->m, frame);

	return (MEDIA_OK);
}

static int
frame_filter(struct run *r, struct track *t, AVFrame *frame)
{
	int	status;

	if (t == &r->video && (status = frame_prepare(r, frame)) != MEDIA_OK)
		return (status);
	if (!graph_fits(r, t, frame)) {
		if (t->graph != NULL && av_buffersrc_add_frame(t->in, NULL) >= 0 && (status = filtered_take(r, t)) != MEDIA_OK)
			return (status);
		if (!(t == &r->video ? video_graph(r, frame) : audio_graph(r, frame)))
			return (format_refused(r, t, frame));
	}
	if (t == &r->audio && frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC && av_channel_layout_copy(&frame->ch_layout, &t->layout) < 0)
		return (out_of_memory(r));
	if (av_buffersrc_add_frame(t->in, frame) < 0)
		return (MEDIA_OK);	/* skip the frame: one bad frame must not fail the film */

	return (filtered_take(r, t));
}

/* Sets the time of a decoded frame: 0 is the beginning of the film. */
static void
frame_time(struct run *r, const struct track *t, AVFrame *frame)
{
	if (frame->best_effort_timestamp != AV_NOPTS_VALUE)
		frame->pts = frame->best_effort_timestamp;
	if (frame->pts != AV_NOPTS_VALUE)
		frame->pts -= av_rescale_q(r->m->clock.origin, AV_TIME_BASE_Q, r->m->format->streams[t->stream]->time_base);
}

/* Sets time and duration of a video frame. A frame without timestamp follows the one before, as in H.264 without container. */
static void
video_time(struct run *r, AVFrame *frame)
{
	const AVStream	*s = r->m->format->streams[r->video.stream];
	AVRational	rate = { r->m->info.fps_num, r->m->info.fps_den };
	int		counted = (r->m->format->iformat->flags & AVFMT_NOTIMESTAMPS) &&
			    (s->codecpar->codec_id == AV_CODEC_ID_H264 || s->codecpar->codec_id == AV_CODEC_ID_HEVC);

	frame_time(r, &r->video, frame);
	if (counted || frame->duration <= 0)
		frame->duration = av_rescale_q(1, av_inv_q(rate), s->time_base);
	if (counted || frame->pts == AV_NOPTS_VALUE)
		frame->pts = r->video_next;
	r->video_next = frame->pts + frame->duration;
}

/* Passes a decoded frame on to the filters; NULL flushes what is between decoder and filters. Takes the frame. */
static int
video_take(struct run *r, AVFrame *frame)
{
	int	status;

	if (frame != NULL)
		video_time(r, frame);
	if (r->m->telecined)
		return (frame != NULL ? media_pace_put(&r->early, frame, r->m->format->streams[r->video.stream]->time_base) :
		    media_pace_end(&r->early));
	if (frame == NULL)
		return (MEDIA_OK);
	status = r->scanning && !media_scan_frame(&r->scan, frame) ? out_of_memory(r) : frame_filter(r, &r->video, frame);
	av_frame_free(&frame);

	return (status);
}

/* Passes a frame of the constant rate on to the filters. */
static int
early_emit(void *ctx, const AVFrame *frame)
{
	struct run	*r = ctx;
	AVFrame		*copy = av_frame_clone(frame);
	int		status;

	if (copy == NULL)
		return (out_of_memory(r));
	copy->pts = r->early.next;
	copy->duration = 1;
	status = frame_filter(r, &r->video, copy);
	av_frame_free(&copy);

	return (status);
}

static int
packet_decode(struct run *r, struct track *t, const AVPacket *packet)
{
	AVFrame	*frame;
	int	sent, got, status = MEDIA_OK;

	if (packet != NULL)
		t->packets++;
	sent = avcodec_send_packet(t->decoder, packet);
	if (sent == AVERROR(ENOMEM))
		return (out_of_memory(r));
	if (sent < 0 && sent != AVERROR_EOF)
		t->errors++;
	while (status == MEDIA_OK) {
		if ((frame = av_frame_alloc()) == NULL)
			return (out_of_memory(r));
		got = avcodec_receive_frame(t->decoder, frame);
		if (got >= 0 && t == &r->video) {
			status = video_take(r, frame);
			frame = NULL;
		} else if (got >= 0) {
			frame_time(r, t, frame);
			status = frame_filter(r, t, frame);
		}
		av_frame_free(&frame);
		if (got < 0)
			break;
	}

	return (status);
}

static double
seconds_since(const struct timespec *t)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return ((double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9);
}

static void
progress_report(struct run *r, int finished)
{
	const struct media_info	*info = &r->m->info;
	struct media_progress	p = { .duration = info->duration, .renditions = r->nencoders };
	int			i;

	p.seconds = INFINITY;
	for (i = 0; i < r->nencoders; i++) {
		p.done[i] = (double)atomic_load(&r->encoders[i].done) * info->fps_den / info->fps_num;
		p.fps += (double)atomic_load(&r->encoders[i].done) / r->nencoders;
		p.seconds = p.done[i] < p.seconds ? p.done[i] : p.seconds;
	}
	p.fps /= seconds_since(&r->began) + 1e-3;
	if (info->duration > 0)
		p.percent = fmin(99.9, 100 * p.seconds / info->duration);
	if (finished)
		p.percent = 100;
	r->watch->progress(r->watch->ctx, &p);
}

/* Reports progress and checks for cancellation, at most every REPORT_MS. */
static int
watch_check(struct run *r)
{
	if (media_limits_reached(r->m))
		return (media_limits_fail(r->m, r->error));
	if (r->watch == NULL || seconds_since(&r->reported) * 1000 < REPORT_MS)
		return (MEDIA_OK);
	clock_gettime(CLOCK_MONOTONIC, &r->reported);
	if (r->watch->canceled != NULL && r->watch->canceled(r->watch->ctx))
		return (media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled."));
	if (r->watch->progress != NULL)
		progress_report(r, 0);

	return (MEDIA_OK);
}

/* Sends a frame of the renditions to the encoders. */
static int
frame_emit(void *ctx, const AVFrame *frame)
{
	struct run	*r = ctx;
	int		status;

	r->video.frames++;
	counter_add(COUNTER_FRAMES, 1);
	if ((status = watch_check(r)) != MEDIA_OK || (status = feed(r, frame, NULL)) != MEDIA_OK)
		return (status);
	if (r->last == NULL && (r->last = av_frame_alloc()) == NULL)
		return (out_of_memory(r));
	av_frame_unref(r->last);

	return (av_frame_ref(r->last, frame) >= 0 ? MEDIA_OK : out_of_memory(r));
}

/* Refuses what would take too long, and what is encrypted. */
static int
packet_check(struct run *r, const AVPacket *p)
{
	if (!media_limits_packet(r->m, p))
		return (media_limits_fail(r->m, r->error));

	return (media_encryption_check(p, r->error));
}

static int
film_read(struct run *r)
{
	AVPacket	*packet = av_packet_alloc();
	int		status = MEDIA_OK, got = 0;

	if (packet == NULL)
		return (out_of_memory(r));
	while (status == MEDIA_OK && (status = watch_check(r)) == MEDIA_OK && (got = media_clock_read(r->m, packet)) >= 0) {
		if ((status = packet_check(r, packet)) == MEDIA_OK && packet->stream_index == r->video.stream)
			status = packet_decode(r, &r->video, packet);
		else if (status == MEDIA_OK && r->audio.decoder != NULL && packet->stream_index == r->audio.stream)
			status = packet_decode(r, &r->audio, packet);
		av_packet_unref(packet);
	}
	av_packet_free(&packet);
	if (status == MEDIA_OK && got == AVERROR_EXIT)
		status = media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled.");
	if (status == MEDIA_OK && r->m->source_failed)
		status = media_fail(r->error, MEDIA_SOURCE, "The source file could not be read.");

	return (status);
}

/* Repeats the last frame until the audio ends, as players do. Otherwise the index, which counts video, would end before the audio. */
static int
frame_hold(struct run *r)
{
	const struct media_info	*info = &r->m->info;
	int64_t			until = av_rescale(r->audio_end, info->fps_num, (int64_t)info->fps_den * AUDIO_RATE);
	int			status = MEDIA_OK;

	/* Less than half a second needs no frames: the last audio packet usually ends a little later than the last frame. */
	if ((until - r->video.frames) * 2 * info->fps_den < info->fps_num)
		return (MEDIA_OK);
	while (status == MEDIA_OK && r->last != NULL && r->video.frames < until && (status = watch_check(r)) == MEDIA_OK) {
		r->video.frames++;
		status = feed(r, r->last, NULL);
	}

	return (status);
}

/* Flushes the decoders, the filters and the audio encoder. */
static int
film_flush(struct run *r)
{
	struct track	*tracks[] = { &r->video, &r->audio };
	int		i, status = MEDIA_OK;

	for (i = 0; i < 2 && status == MEDIA_OK; i++) {
		if (tracks[i]->decoder == NULL)
			continue;
		status = packet_decode(r, tracks[i], NULL);
		if (status == MEDIA_OK && tracks[i] == &r->video)
			status = video_take(r, NULL);
		if (status == MEDIA_OK && tracks[i]->graph != NULL && av_buffersrc_add_frame(tracks[i]->in, NULL) >= 0)
			status = filtered_take(r, tracks[i]);
		if (status == MEDIA_OK && tracks[i] == &r->video)
			status = media_pace_end(&r->pace);
	}
	if (status == MEDIA_OK && r->aac != NULL)
		status = audio_encode(r, NULL);

	return (status == MEDIA_OK ? frame_hold(r) : status);
}

static void
video_note(struct run *r)
{
	if (r->m->telecined)
		media_note(r->m, "The film has 24 frames in 60 fields a second (telecine); the 24 frames were restored.");
	else if (r->scan.marked > 0)
		media_note(r->m, "The video is interlaced although the file does not say so; it was deinterlaced.");
}

/* Fails a film without frames, with more than half of its video packets undecodable, or shorter than its header states. */
static int
film_check(struct run *r)
{
	double	stated, found;

	if (r->video.frames == 0)
		return (media_fail(r->error, r->video.packets > 0 ? MEDIA_DAMAGED : MEDIA_NO_VIDEO_TRACK,
		    r->video.packets > 0 ? "The video is damaged: no frame can be decoded." : "The video track is empty."));
	if (r->video.packets == 1)
		return (media_one_frame(r->m, r->error));
	if ((double)r->video.errors > DAMAGE_SHARE * (double)r->video.packets)
		return (media_fail(r->error, MEDIA_DAMAGED, "The video is damaged: %lld of %lld packets cannot be decoded.", (long long)r->video.errors,
		    (long long)r->video.packets));
	if (!media_clock_complete(r->m, &stated, &found))
		return (media_fail(r->error, MEDIA_TRUNCATED, "The file is incomplete: its header states %.0f seconds, but its data ends after %.0f seconds.",
		    stated, found));
	media_clock_note(r->m);
	video_note(r);

	return (MEDIA_OK);
}

static int
encoders_start(struct run *r, const struct media_step *steps, int nsteps, const struct media_sink *sink)
{
	struct media_encoder	*e;
	int			i;

	for (i = 0; i < nsteps; i++) {
		e = &r->encoders[i];
		e->step = steps[i];
		e->index = i;
		e->threads = r->threads;
		e->info = &r->m->info;
		e->colour = &r->colour;
		e->options = r->options;
		e->sink = sink;
		e->audio = r->aac;
		e->duration = e->info->duration;
		media_queue_init(&e->queue, QUEUE_ITEMS);
		r->nencoders++;
		if (!media_encoder_start(e))
			return (media_fail(r->error, MEDIA_MEMORY, "The encoder thread could not be started."));
	}

	return (MEDIA_OK);
}

/* Ends and joins the encoders; each one finishes its file unless the run has failed. Returns the reason of the first failure. */
static int
encoders_end(struct run *r, int status, struct media_result *result)
{
	struct media_encoder	*e;
	int			i;

	for (i = 0; i < r->nencoders; i++) {
		if (status != MEDIA_OK)
			media_queue_break(&r->encoders[i].queue);
		else
			media_queue_end(&r->encoders[i].queue);
	}
	for (i = 0; i < r->nencoders; i++) {
		e = &r->encoders[i];
		media_encoder_join(e);
		media_queue_free(&e->queue, media_item_free);
		result->renditions[i] = e->result;
		if (e->error.reason != MEDIA_OK && e->error.reason != MEDIA_CANCELED)
			media_fail(r->error, e->error.reason, "%s", e->error.text);
		else if (e->error.reason == MEDIA_CANCELED)
			status = MEDIA_CANCELED;
	}
	result->nrenditions = r->nencoders;
	if (r->error->reason == MEDIA_OK && status != MEDIA_OK)
		media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled.");

	return (r->error->reason);
}

static void
track_close(struct track *t)
{
	avcodec_free_context(&t->decoder);
	avfilter_graph_free(&t->graph);
	av_channel_layout_uninit(&t->layout);
}

static int
run_open(struct run *r)
{
	struct media	*m = r->m;

	if (!decoder_open(r, &r->video, m->video))
		return (media_fail(r->error, MEDIA_UNSUPPORTED, "Unsupported video codec: %s (its decoder cannot be opened).", m->info.video_codec));
	r->audio.stream = -1;
	if (m->audio >= 0 && decoder_open(r, &r->audio, m->audio) && !aac_open(r))
		return (media_fail(r->error, MEDIA_INTERNAL, "The AAC encoder cannot be opened."));
	r->pace = (struct media_pace){ .rate = { m->info.fps_num, m->info.fps_den }, .emit = frame_emit, .ctx = r };
	r->early = (struct media_pace){ .rate = av_mul_q(r->pace.rate, (AVRational){ 5, 4 }), .emit = early_emit, .ctx = r };
	r->scan.on = m->interlaced_unmarked;
	r->scan.top_first = m->top_first;
	r->scanning = media_scan_wanted(m) || m->field_rate;
	clock_gettime(CLOCK_MONOTONIC, &r->began);

	return (MEDIA_OK);
}

int
media_transcode(struct media *m, const struct media_step *steps, int nsteps, const struct media_options *options,
    const struct media_sink *sink, const struct media_watch *watch, struct media_result *result, struct media_error *error)
{
	struct run	*r;
	int		status;

	memset(result, 0, sizeof(*result));
	memset(error, 0, sizeof(*error));
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	r->m = m;
	r->options = options;
	r->watch = watch;
	r->error = error;
	r->threads = cpus(options);
	media_limits_transcode(m);
	if (watch != NULL) {
		m->canceled = watch->canceled;
		m->cancel_ctx = watch->ctx;
	}
	if ((status = run_open(r)) == MEDIA_OK && (status = encoders_start(r, steps, nsteps, sink)) == MEDIA_OK &&
	    (status = film_read(r)) == MEDIA_OK && (status = film_flush(r)) == MEDIA_OK)
		status = film_check(r);
	status = encoders_end(r, status, result);
	if (media_limits_reached(m))
		status = media_limits_fail(m, error);
	if (status == MEDIA_OK && watch != NULL && watch->progress != NULL)
		progress_report(r, 1);
	result->duration = result->nrenditions > 0 ? result->renditions[0].duration : 0;
	track_close(&r->video);
	track_close(&r->audio);
	avcodec_free_context(&r->aac);
	media_colour_free(&r->colour);
	av_frame_free(&r->last);
	av_frame_free(&r->pace.held);
	av_frame_free(&r->early.held);
	media_scan_free(&r->scan);
	free(r);
	m->canceled = NULL;
	if (status != MEDIA_OK)
		media_result_free(result);

	return (status);
}

void
media_result_free(struct media_result *result)
{
	int	i;

	for (i = 0; i < result->nrenditions; i++)
		free(result->renditions[i].segments);
	memset(result, 0, sizeof(*result));
}
