/*
 * One pass over a film: reads and decodes it, converts video and audio to one
 * time line and sends the same frames to the encoder of each rendition.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "base/counter.h"
#include "media/internal.h"
#include "media/previews.h"
#include "media/run.h"

#define QUEUE_ITEMS		24	/* frames and packets of audio that wait for an encoder, at most */
#define DAMAGE_SHARE		0.5	/* maximum share of video packets that do not decode */

/* The video track of the source: its decoder and the filters that make its frames uniform. */
struct track {
	int			stream;
	AVCodecContext		*decoder;
	AVFilterGraph		*graph;
	AVFilterContext		*in, *out;
	int			format, width, height;	/* of the frames that the graph accepts */
	AVRational		shape;		/* aspect ratio of their pixels, which a graph gives to every frame */
	int			deinterlaces;		/* the graph does */
	int64_t			packets, errors, frames;
};

/* The pass over a film. */
struct pass {
	struct media_run		run;
	struct track			video;
	struct media_audio_set		*audio;
	struct media_colour		colour;
	struct media_encoder		encoders[MEDIA_RUNGS];
	int				nencoders;
	struct media_previewer		*previewer;
	int				waiting;	/* items of each queue */
	struct media_scan		scan;
	int				scanning;
	int				captioned;	/* frames have captions */
	struct media_pace		early;		/* before the filters; only if they need a constant rate */
	struct media_pace		pace;		/* after the filters */
	int64_t				video_next;	/* end of the last decoded frame, in the time base of the track */
	AVFrame				*last;		/* last video frame that was sent to the encoders */
	int64_t				audio_end;	/* length of the audio in samples, at the end of the film */
};

static int
decoder_open(struct pass *p, struct track *t, int stream)
{
	const AVStream	*s = p->run.m->format->streams[stream];
	const AVCodec	*codec = avcodec_find_decoder(s->codecpar->codec_id);

	t->stream = stream;
	if ((t->decoder = avcodec_alloc_context3(codec)) == NULL || avcodec_parameters_to_context(t->decoder, s->codecpar) < 0)
		return (0);
	t->decoder->pkt_timebase = s->time_base;
	t->decoder->thread_count = p->run.threads;

	return (avcodec_open2(t->decoder, codec, NULL) >= 0);
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
field_filters(const struct pass *p, char *text, size_t size)
{
	if (p->run.m->telecined)
		snprintf(text, size, "fieldmatch=order=%s:combmatch=full,bwdif=mode=send_frame:deint=interlaced,decimate,", p->run.m->top_first ? "tff" : "bff");
	else if (p->video.deinterlaces)
		snprintf(text, size, "bwdif=mode=%s:deint=interlaced,", p->run.m->field_rate ? "send_field" : "send_frame");
	else
		*text = '\0';
}

/* Returns the time base of the frames that the filters of the video get. */
static AVRational
video_base(const struct pass *p)
{
	return (p->run.m->telecined ? av_inv_q(p->early.rate) : p->run.m->format->streams[p->video.stream]->time_base);
}

/* Makes the filter graph of the video: deinterlaces and rotates. */
static int
video_graph(struct pass *p, const AVFrame *f)
{
	const struct media_info	*info = &p->run.m->info;
	AVRational		base = video_base(p);
	char			text[512], crop[64], rate[64] = "", fields[128];

	media_crop_filter(p->run.m->format->streams[p->video.stream]->codecpar, f, crop, sizeof(crop));
	p->video.format = f->format;
	p->video.width = f->width;
	p->video.height = f->height;
	p->video.shape = f->sample_aspect_ratio;
	p->video.deinterlaces = p->run.m->telecined || info->interlaced || (f->flags & AV_FRAME_FLAG_INTERLACED);
	field_filters(p, fields, sizeof(fields));
	if (p->run.m->telecined)
		snprintf(rate, sizeof(rate), ":frame_rate=%d/%d", p->early.rate.num, p->early.rate.den);
	snprintf(text, sizeof(text), "buffer=video_size=%dx%d:pix_fmt=%d:time_base=%d/%d%s:pixel_aspect=%d/%d:colorspace=%d:range=%d,"
	    "%s%s%snull%s,buffersink", f->width, f->height, f->format, base.num, base.den, rate, f->sample_aspect_ratio.num,
	    f->sample_aspect_ratio.den, f->colorspace, f->color_range, fields, crop, rotation_filters(info), media_alpha_filter(f));

	return (media_graph_parse(&p->video.graph, &p->video.in, &p->video.out, text));
}

/* Sends a video frame or an audio packet to each encoder. An encoder that has failed ends the run. Thread of the run, or that of the audio. */
static int
feed(struct pass *p, const AVFrame *frame, const AVPacket *audio, struct media_error *error)
{
	struct media_item	*item;
	int			i;

	for (i = 0; i < p->nencoders; i++) {
		if ((item = calloc(1, sizeof(*item))) == NULL)
			return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
		if (frame != NULL)
			item->frame = av_frame_clone(frame);
		else
			item->audio = av_packet_clone(audio);
		if (item->frame == NULL && item->audio == NULL) {
			media_item_free(item);
			return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
		}
		if (!media_queue_put(&p->encoders[i].queue, item)) {
			media_item_free(item);
			/* encoders_end() reads the error of the encoder. */
			return (MEDIA_INTERNAL);
		}
	}

	return (MEDIA_OK);
}

static int
video_feed(struct pass *p, const AVFrame *frame)
{
	if (!media_limits_frame(p->run.m))
		return (media_limits_fail(p->run.m, p->run.error));
	media_previewer_frame(p->previewer, frame, p->video.frames - 1);

	return (feed(p, frame, NULL, p->run.error));
}

/* Returns the length of the video that was sent to the encoders, in seconds. */
static double
video_end(const struct pass *p)
{
	return ((double)p->video.frames * p->run.m->info.fps_den / p->run.m->info.fps_num);
}

/* Sends the packets of the first audio object to the renditions, whose sound they are. */
static int
audio_feed(void *ctx, int encoder, const AVPacket *packet, struct media_error *error)
{
	return (encoder == 0 ? feed(ctx, NULL, packet, error) : MEDIA_OK);
}

/* Takes the frames that the filters of the video have ready and passes them on. */
static int
filtered_take(struct pass *p)
{
	AVFrame	*frame;
	int	status = MEDIA_OK;

	while (status == MEDIA_OK) {
		if ((frame = av_frame_alloc()) == NULL)
			return (media_run_memory(&p->run));
		if (av_buffersink_get_frame(p->video.out, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		if (!media_alpha_compose(frame, p->colour.full)) {
			av_frame_free(&frame);
			return (media_run_memory(&p->run));
		}
		status = media_pace_put(&p->pace, frame, av_buffersink_get_time_base(p->video.out));
		if (status == MEDIA_OK)
			status = media_audio_set_follow(p->audio, video_end(p));
	}

	return (status);
}

static int
graph_fits(const struct track *t, const AVFrame *f)
{
	return (t->graph != NULL && t->format == f->format && t->width == f->width && t->height == f->height &&
	    av_cmp_q(t->shape, f->sample_aspect_ratio) == 0 && (t->deinterlaces || !(f->flags & AV_FRAME_FLAG_INTERLACED)));
}

static int
format_refused(struct pass *p, const AVFrame *f)
{
	const char	*name = av_get_pix_fmt_name(f->format);

	return (media_fail(p->run.error, MEDIA_UNSUPPORTED, "Unsupported video format: %d x %d pixels, %s.", f->width, f->height,
	    name != NULL ? name : "unknown"));
}

/* Decides the colours of the film by its first frame, and removes what the filters must not see. */
static int
frame_prepare(struct pass *p, AVFrame *frame)
{
	if (!p->colour.decided && media_dolby_frame(p->run.m, frame, p->run.error) != MEDIA_OK)
		return (p->run.error->reason);
	if (!p->colour.decided && media_colour_decide(p->run.m, frame, &p->colour) != MEDIA_OK)
		return (media_run_memory(&p->run));
	media_frame_plain(p->run.m, frame);

	return (MEDIA_OK);
}

static int
frame_filter(struct pass *p, AVFrame *frame)
{
	struct track	*t = &p->video;
	int		status;

	if ((status = frame_prepare(p, frame)) != MEDIA_OK)
		return (status);
	if (!graph_fits(t, frame)) {
		if (t->graph != NULL && av_buffersrc_add_frame(t->in, NULL) >= 0 && (status = filtered_take(p)) != MEDIA_OK)
			return (status);
		if (!video_graph(p, frame))
			return (format_refused(p, frame));
	}
	if (av_buffersrc_add_frame(t->in, frame) < 0)
		return (MEDIA_OK);	/* skip the frame: one bad frame must not fail the film */

	return (filtered_take(p));
}

/* Sets the time of a decoded frame: 0 is the beginning of the film. */
static void
frame_time(const struct pass *p, AVFrame *frame)
{
	if (frame->best_effort_timestamp != AV_NOPTS_VALUE)
		frame->pts = frame->best_effort_timestamp;
	if (frame->pts != AV_NOPTS_VALUE)
		frame->pts -= av_rescale_q(p->run.m->clock.origin, AV_TIME_BASE_Q, p->run.m->format->streams[p->video.stream]->time_base);
}

/* Sets time and duration of a video frame. A frame without timestamp follows the one before, as in H.264 without container. */
static void
video_time(struct pass *p, AVFrame *frame)
{
	const AVStream	*s = p->run.m->format->streams[p->video.stream];
	AVRational	rate = { p->run.m->info.fps_num, p->run.m->info.fps_den };
	int		counted = (p->run.m->format->iformat->flags & AVFMT_NOTIMESTAMPS) &&
			    (s->codecpar->codec_id == AV_CODEC_ID_H264 || s->codecpar->codec_id == AV_CODEC_ID_HEVC);

	frame_time(p, frame);
	if (counted || frame->duration <= 0)
		frame->duration = av_rescale_q(1, av_inv_q(rate), s->time_base);
	if (counted || frame->pts == AV_NOPTS_VALUE)
		frame->pts = p->video_next;
	p->video_next = frame->pts + frame->duration;
}

/* Looks for fields and passes frames on to the filters. Takes the frame; NULL flushes. */
static int
video_scan(struct pass *p, AVFrame *frame)
{
	AVFrame	*ready;
	int	status = MEDIA_OK;

	do {
		if (!media_scan_put(&p->scan, frame, &ready))
			return (media_run_memory(&p->run));
		if (ready == NULL)
			break;
		status = frame_filter(p, ready);
		av_frame_free(&ready);
	} while (status == MEDIA_OK && frame == NULL);

	return (status);
}

/* Passes a decoded frame on to the filters; NULL flushes what is between decoder and filters. Takes the frame. */
static int
video_take(struct pass *p, AVFrame *frame)
{
	int	status;

	if (frame != NULL) {
		video_time(p, frame);
		p->captioned = p->captioned || media_captions(frame);
	}
	if (p->run.m->telecined)
		return (frame != NULL ? media_pace_put(&p->early, frame, p->run.m->format->streams[p->video.stream]->time_base) :
		    media_pace_end(&p->early));
	if (p->scanning)
		return (video_scan(p, frame));
	status = frame != NULL ? frame_filter(p, frame) : MEDIA_OK;
	av_frame_free(&frame);

	return (status);
}

/* Passes a frame of the constant rate on to the filters. */
static int
early_emit(void *ctx, const AVFrame *frame)
{
	struct pass	*p = ctx;
	AVFrame		*copy = av_frame_clone(frame);
	int		status;

	if (copy == NULL)
		return (media_run_memory(&p->run));
	copy->pts = p->early.next;
	copy->duration = 1;
	status = frame_filter(p, copy);
	av_frame_free(&copy);

	return (status);
}

static int
packet_decode(struct pass *p, const AVPacket *packet)
{
	struct track	*t = &p->video;
	AVFrame		*frame;
	int		sent, status = MEDIA_OK;

	if (packet != NULL)
		t->packets++;
	sent = avcodec_send_packet(t->decoder, packet);
	if (sent == AVERROR(ENOMEM))
		return (media_run_memory(&p->run));
	if (sent < 0 && sent != AVERROR_EOF)
		t->errors++;
	while (status == MEDIA_OK) {
		if ((frame = av_frame_alloc()) == NULL)
			return (media_run_memory(&p->run));
		if (avcodec_receive_frame(t->decoder, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		status = video_take(p, frame);
	}

	return (status);
}

static void
progress_fill(void *ctx, struct media_progress *out)
{
	const struct pass	*p = ctx;
	const struct media_info	*info = &p->run.m->info;
	int			i;

	out->renditions = p->nencoders;
	out->seconds = INFINITY;
	for (i = 0; i < p->nencoders; i++) {
		out->done[i] = (double)atomic_load(&p->encoders[i].done) * info->fps_den / info->fps_num;
		out->fps += (double)atomic_load(&p->encoders[i].done) / p->nencoders;
		out->seconds = fmin(out->seconds, out->done[i]);
	}
	out->fps /= media_run_seconds(&p->run) + 1e-3;
}

/* Sends a frame of the renditions to the encoders. */
static int
frame_emit(void *ctx, const AVFrame *frame)
{
	struct pass	*p = ctx;
	int		status;

	p->video.frames++;
	counter_add(COUNTER_FRAMES, 1);
	if ((status = media_run_check(&p->run)) != MEDIA_OK || (status = video_feed(p, frame)) != MEDIA_OK)
		return (status);
	if (p->last == NULL && (p->last = av_frame_alloc()) == NULL)
		return (media_run_memory(&p->run));
	av_frame_unref(p->last);

	return (av_frame_ref(p->last, frame) >= 0 ? MEDIA_OK : media_run_memory(&p->run));
}

static int
packet_take(void *ctx, AVPacket *packet)
{
	struct pass	*p = ctx;

	if (packet->stream_index == p->video.stream)
		return (packet_decode(p, packet));
	if (!media_subtitles_uses(p->run.m, packet->stream_index))
		return (media_audio_set_packet(p->audio, packet));
	media_subtitles_packet(p->run.m, packet);

	return (MEDIA_OK);
}

/* Repeats the last frame until the audio ends, as players do. Otherwise the index, which counts video, would end before the audio. */
static int
frame_hold(struct pass *p)
{
	const struct media_info	*info = &p->run.m->info;
	int64_t			until = av_rescale(p->audio_end, info->fps_num, (int64_t)info->fps_den * MEDIA_AUDIO_RATE);
	int			status = MEDIA_OK;

	/* Less than half a second needs no frames: the last audio packet usually ends a little later than the last frame. */
	if ((until - p->video.frames) * 2 * info->fps_den < info->fps_num)
		return (MEDIA_OK);
	while (status == MEDIA_OK && p->last != NULL && p->video.frames < until && (status = media_run_check(&p->run)) == MEDIA_OK) {
		p->video.frames++;
		status = video_feed(p, p->last);
	}

	return (status);
}

/* Flushes the decoder and the filters of the video, then the sound, which becomes as long as the video or longer. */
static int
film_flush(struct pass *p)
{
	int	status;

	status = packet_decode(p, NULL);
	if (status == MEDIA_OK)
		status = video_take(p, NULL);
	if (status == MEDIA_OK && p->video.graph != NULL && av_buffersrc_add_frame(p->video.in, NULL) >= 0)
		status = filtered_take(p);
	if (status == MEDIA_OK)
		status = media_pace_end(&p->pace);
	if (status == MEDIA_OK)
		status = media_audio_set_end(p->audio, video_end(p), &p->audio_end);

	return (status == MEDIA_OK ? frame_hold(p) : status);
}

static void
video_note(struct pass *p)
{
	if (p->run.m->telecined)
		media_note(p->run.m, "The film has 24 frames in 60 fields a second (telecine); the 24 frames were restored.");
	else if (p->scan.marked > 0)
		media_note(p->run.m, "The video is interlaced although the file does not say so; it was deinterlaced.");
	if (p->captioned)
		media_note(p->run.m, "The captions in the video (CEA-608 or CEA-708) were left out.");
}

/* Fails a film without frames, with more than half of its video packets undecodable, or shorter than its header states. */
static int
film_check(struct pass *p)
{
	if (p->video.frames == 0)
		return (media_fail(p->run.error, p->video.packets > 0 ? MEDIA_DAMAGED : MEDIA_NO_VIDEO_TRACK,
		    p->video.packets > 0 ? "The video is damaged: no frame can be decoded." : "The video track is empty."));
	if (p->video.packets == 1)
		return (media_one_frame(p->run.m, p->run.error));
	if ((double)p->video.errors > DAMAGE_SHARE * (double)p->video.packets)
		return (media_fail(p->run.error, MEDIA_DAMAGED, "The video is damaged: %lld of %lld packets cannot be decoded.", (long long)p->video.errors,
		    (long long)p->video.packets));
	if (media_run_complete(&p->run) != MEDIA_OK)
		return (p->run.error->reason);
	video_note(p);

	return (MEDIA_OK);
}

static int
encoders_start(struct pass *p, const struct media_step *steps, int nsteps, const struct media_sink *sink)
{
	struct media_encoder	*e;
	int			i;

	for (i = 0; i < nsteps; i++) {
		e = &p->encoders[i];
		e->step = steps[i];
		e->index = i;
		e->threads = p->run.threads;
		e->info = &p->run.m->info;
		e->colour = &p->colour;
		e->options = p->run.options;
		e->sink = sink;
		e->audio = media_audio_set_codec(p->audio);
		e->duration = e->info->duration;
		media_queue_init(&e->queue, p->waiting);
		p->nencoders++;
		if (!media_encoder_start(e))
			return (media_fail(p->run.error, MEDIA_MEMORY, "The encoder thread could not be started."));
	}

	return (media_audio_set_start(p->audio));
}

static void
queues_break(struct pass *p)
{
	int	i;

	for (i = 0; i < p->nencoders; i++)
		media_queue_break(&p->encoders[i].queue);
}

/* Ends and joins the encoders; each one finishes its file unless the run has failed. Returns the reason of the first failure. */
static int
encoders_end(struct pass *p, int status, struct media_result *result)
{
	struct media_encoder	*e;
	int			i;

	if (status != MEDIA_OK)
		queues_break(p);
	for (i = 0; i < p->nencoders && status == MEDIA_OK; i++)
		media_queue_end(&p->encoders[i].queue);
	for (i = 0; i < p->nencoders; i++) {
		e = &p->encoders[i];
		media_encoder_join(e);
		media_queue_free(&e->queue, media_item_free);
		result->renditions[i] = e->result;
		if (e->error.reason != MEDIA_OK && e->error.reason != MEDIA_CANCELED)
			media_fail(p->run.error, e->error.reason, "%s", e->error.text);
		else if (e->error.reason == MEDIA_CANCELED)
			status = MEDIA_CANCELED;
	}
	result->nrenditions = p->nencoders;

	return (p->run.error->reason != MEDIA_OK ? (int)p->run.error->reason : status);
}

static void
track_close(struct track *t)
{
	avcodec_free_context(&t->decoder);
	avfilter_graph_free(&t->graph);
}

static int
pass_open(struct pass *p, const struct media_sink *sink, int nsteps)
{
	struct media	*m = p->run.m;

	p->video.stream = m->video;
	if (!decoder_open(p, &p->video, m->video))
		return (media_fail(p->run.error, MEDIA_UNSUPPORTED, "Unsupported video codec: %s (its decoder cannot be opened).", m->info.video_codec));
	if (*m->silent != '\0') {
		if (p->run.options == NULL || !p->run.options->allow_silent)
			return (media_sound_fail(m, p->run.error));
		media_note(m, "The film is silent, because its sound cannot be decoded: %s.", m->silent);
	}
	if ((p->audio = media_audio_set_new(&p->run, sink, nsteps, (struct media_audio_sink){ .packet = audio_feed, .ctx = p })) == NULL)
		return (p->run.error->reason);
	p->pace = (struct media_pace){ .rate = { m->info.fps_num, m->info.fps_den }, .emit = frame_emit, .ctx = p };
	p->early = (struct media_pace){ .rate = av_mul_q(p->pace.rate, (AVRational){ 5, 4 }), .emit = early_emit, .ctx = p };
	p->scan.on = m->interlaced_unmarked;
	p->scan.top_first = m->top_first;
	p->scanning = media_scan_wanted(m) || m->field_rate;
	p->previewer = media_previewer_new(&m->info, &p->colour);

	return (MEDIA_OK);
}

/* Ends the encoders and what else makes parts of the result. Stops them if the status is a failure. */
static int
pass_end(struct pass *p, int status, struct media_result *result)
{
	if (status != MEDIA_OK)
		queues_break(p);
	status = media_audio_set_finish(p->audio, status, p->video.frames, result);
	status = encoders_end(p, status, result);
	if (status == MEDIA_OK && !media_subtitles_end(p->run.m, result))
		status = media_run_memory(&p->run);
	status = media_run_end(&p->run, status);
	result->duration = result->nrenditions > 0 ? result->renditions[0].duration : 0;
	media_previewer_end(p->previewer, p->run.m, result->duration, status == MEDIA_OK ? &result->previews : NULL);

	return (status);
}

static void
pass_free(struct pass *p)
{
	track_close(&p->video);
	media_audio_set_free(p->audio);
	media_colour_free(&p->colour);
	av_frame_free(&p->last);
	av_frame_free(&p->pace.held);
	av_frame_free(&p->early.held);
	media_scan_free(&p->scan);
	free(p);
}

static int
film_transcode(const struct media_run *run, const struct media_step *steps, int nsteps, const struct media_sink *sink, struct media_result *result)
{
	struct pass	*p = calloc(1, sizeof(*p));
	int		status;

	if (p == NULL)
		return (media_run_memory(run));
	p->run = *run;
	p->run.ctx = p;
	p->run.progress = progress_fill;
	p->waiting = QUEUE_ITEMS;
	media_run_begin(&p->run);
	media_limits_fit(p->run.m, steps, nsteps, &p->run.threads, &p->waiting);
	if ((status = pass_open(p, sink, nsteps)) == MEDIA_OK && (status = encoders_start(p, steps, nsteps, sink)) == MEDIA_OK &&
	    (status = media_run_read(&p->run, packet_take)) == MEDIA_OK && (status = film_flush(p)) == MEDIA_OK)
		status = film_check(p);
	status = pass_end(p, status, result);
	pass_free(p);

	return (status);
}

int
media_transcode(struct media *m, const struct media_step *steps, int nsteps, const struct media_options *options,
    const struct media_sink *sink, const struct media_watch *watch, struct media_result *result, struct media_error *error)
{
	struct media_run	run = { .m = m, .options = options, .watch = watch, .error = error };
	int			status;

	memset(result, 0, sizeof(*result));
	memset(error, 0, sizeof(*error));
	status = m->video == -1 ? media_sound_transcode(&run, sink, result) : film_transcode(&run, steps, nsteps, sink, result);
	if (status != MEDIA_OK)
		media_result_free(result);

	return (status);
}

void
media_result_free(struct media_result *result)
{
	int	i;

	for (i = 0; i < result->nrenditions; i++) {
		free(result->renditions[i].video.segments);
		free(result->renditions[i].audio.segments);
	}
	for (i = 0; i < result->naudios; i++)
		free(result->audios[i].stream.segments);
	media_texts_free(result);
	media_previews_free(&result->previews);
	memset(result, 0, sizeof(*result));
}
