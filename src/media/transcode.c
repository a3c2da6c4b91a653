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
#define COMPLETE_SHARE		0.9	/* minimum share of the duration in the header that must be present */

/* A track of the source: its decoder and the filters that make its frames uniform. */
struct track {
	int			stream;
	AVCodecContext		*decoder;
	AVFilterGraph		*graph;
	AVFilterContext		*in, *out;
	int			format, width, height;	/* of the frames that the graph accepts */
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
	int64_t				origin;		/* start time of the source, in AV_TIME_BASE */
	AVFrame				*last;		/* last video frame that was sent to the encoders */
	int64_t				audio_end;	/* end of the audio that was sent to the encoders, in samples */
	double				reached;	/* end of the last packet that was read, in seconds */
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

/* Makes the filter graph of the video: deinterlaces, rotates and converts to the constant frame rate of the renditions. */
static int
video_graph(struct run *r, const AVFrame *f)
{
	const struct media_info	*info = &r->m->info;
	AVRational		base = r->m->format->streams[r->video.stream]->time_base;
	char			text[512], crop[64];

	media_crop_filter(r->m->format->streams[r->video.stream]->codecpar, f, crop, sizeof(crop));
	r->video.format = f->format;
	r->video.width = f->width;
	r->video.height = f->height;
	/* Start the time line at 0 for the first graph only. A later one, made because the frame size has changed, continues it. */
	snprintf(text, sizeof(text), "buffer=video_size=%dx%d:pix_fmt=%d:time_base=%d/%d:pixel_aspect=1/1:colorspace=%d:range=%d,"
	    "%s%s%sfps=fps=%d/%d%s%s,buffersink", f->width, f->height, f->format, base.num, base.den, f->colorspace,
	    f->color_range, info->interlaced || (f->flags & AV_FRAME_FLAG_INTERLACED) ? "yadif=deint=interlaced," : "", crop,
	    rotation_filters(info), info->fps_num, info->fps_den, r->video.frames == 0 ? ":start_time=0" : "", media_alpha_filter(f));

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
			t->frames++;
			counter_add(COUNTER_FRAMES, 1);
			status = media_alpha_compose(frame, r->colour.full) ? feed(r, frame, NULL) : out_of_memory(r);
			FFSWAP(AVFrame *, r->last, frame);
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
		return (t->width == f->width && t->height == f->height);

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
	AVRational	base = r->m->format->streams[t->stream]->time_base;
	int		status;

	if (t == &r->video && (status = frame_prepare(r, frame)) != MEDIA_OK)
		return (status);
	if (!graph_fits(r, t, frame)) {
		if (t->graph != NULL && av_buffersrc_add_frame(t->in, NULL) >= 0 && (status = filtered_take(r, t)) != MEDIA_OK)
			return (status);
		if (!(t == &r->video ? video_graph(r, frame) : audio_graph(r, frame)))
			return (format_refused(r, t, frame));
	}
	if (frame->best_effort_timestamp != AV_NOPTS_VALUE)
		frame->pts = frame->best_effort_timestamp;
	if (frame->pts != AV_NOPTS_VALUE)
		frame->pts -= av_rescale_q(r->origin, AV_TIME_BASE_Q, base);
	if (t == &r->audio && frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC && av_channel_layout_copy(&frame->ch_layout, &t->layout) < 0)
		return (out_of_memory(r));
	if (av_buffersrc_add_frame(t->in, frame) < 0)
		return (MEDIA_OK);	/* skip the frame: one bad frame must not fail the film */

	return (filtered_take(r, t));
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
		if ((got = avcodec_receive_frame(t->decoder, frame)) >= 0)
			status = frame_filter(r, t, frame);
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

static void
packet_note(struct run *r, const AVPacket *p)
{
	AVRational	base = r->m->format->streams[p->stream_index]->time_base;
	int64_t		time = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
	double		end;

	if (time == AV_NOPTS_VALUE)
		return;
	end = (double)(time + p->duration) * av_q2d(base) - (double)r->origin / AV_TIME_BASE;
	if (end > r->reached)
		r->reached = end;
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
	while (status == MEDIA_OK && (status = watch_check(r)) == MEDIA_OK && (got = av_read_frame(r->m->format, packet)) >= 0) {
		packet_note(r, packet);
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
		if (status == MEDIA_OK && tracks[i]->graph != NULL && av_buffersrc_add_frame(tracks[i]->in, NULL) >= 0)
			status = filtered_take(r, tracks[i]);
	}
	if (status == MEDIA_OK && r->aac != NULL)
		status = audio_encode(r, NULL);

	return (status == MEDIA_OK ? frame_hold(r) : status);
}

/* Fails a film without frames, with more than half of its video packets undecodable, or shorter than its header states. */
static int
film_check(struct run *r)
{
	const struct media_info	*info = &r->m->info;

	if (r->video.frames == 0)
		return (media_fail(r->error, r->video.packets > 0 ? MEDIA_DAMAGED : MEDIA_NO_VIDEO_TRACK,
		    r->video.packets > 0 ? "The video is damaged: no frame can be decoded." : "The video track is empty."));
	if (r->video.packets == 1)
		return (media_one_frame(r->m, r->error));
	if ((double)r->video.errors > DAMAGE_SHARE * (double)r->video.packets)
		return (media_fail(r->error, MEDIA_DAMAGED, "The video is damaged: %lld of %lld packets cannot be decoded.", (long long)r->video.errors,
		    (long long)r->video.packets));
	if (info->duration > 2 && r->reached < info->duration * COMPLETE_SHARE - 1)
		return (media_fail(r->error, MEDIA_TRUNCATED, "The file is incomplete: its header states %.0f seconds, but its data ends after %.0f seconds.",
		    info->duration, r->reached));

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
	r->origin = m->format->start_time != AV_NOPTS_VALUE ? m->format->start_time : 0;
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
