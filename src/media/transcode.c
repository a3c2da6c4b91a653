/*
 * One pass over a film: reads and decodes it, converts video and audio to one
 * time line and sends the same frames to the encoder of each rendition. A file with
 * sound alone (sound_file.c) has no rendition.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "base/cgroup.h"
#include "base/counter.h"
#include "media/internal.h"
#include "media/previews.h"

#define QUEUE_ITEMS		24	/* frames and packets of audio that wait for an encoder, at most */
#define REPORT_MS		200
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

struct run;

/* The sound of an audio track of the film. */
struct sound {
	struct run			*run;
	int				track;		/* index */
	int				channels;
	struct media_audio		*audio;
};

struct run {
	struct media			*m;
	const struct media_options	*options;
	const struct media_watch	*watch;
	struct media_error		*error;
	struct track			video;
	struct sound			sounds[2 * MEDIA_TRACKS_MAX];	/* stereo of each track, the first one is that of the renditions; then 5.1 */
	int				nsounds;
	struct media_audio_object	objects[MEDIA_AUDIOS_MAX];	/* of all sounds */
	int				nobjects;
	struct media_aac		*aac;		/* the encoders of the objects */
	struct media_colour		colour;
	struct media_encoder		encoders[MEDIA_RUNGS];
	int				nencoders;
	struct media_previewer		*previewer;
	int				threads, waiting;	/* CPUs to use; items of each queue */
	struct media_scan		scan;
	int				scanning;
	int				captioned;	/* frames have captions */
	struct media_pace		early;		/* before the filters; only if they need a constant rate */
	struct media_pace		pace;		/* after the filters */
	int64_t				video_next;	/* end of the last decoded frame, in the time base of the track */
	AVFrame				*last;		/* last video frame that was sent to the encoders */
	int64_t				audio_end;	/* length of the audio in samples, at the end of the film */
	double				heard;		/* seconds of a file with sound alone that were sent to the encoders */
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
	return (o != NULL && o->threads > 0 ? o->threads : cgroup_cpus());
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
	t->decoder->thread_count = r->threads;

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
	r->video.shape = f->sample_aspect_ratio;
	r->video.deinterlaces = r->m->telecined || info->interlaced || (f->flags & AV_FRAME_FLAG_INTERLACED);
	field_filters(r, fields, sizeof(fields));
	if (r->m->telecined)
		snprintf(rate, sizeof(rate), ":frame_rate=%d/%d", r->early.rate.num, r->early.rate.den);
	snprintf(text, sizeof(text), "buffer=video_size=%dx%d:pix_fmt=%d:time_base=%d/%d%s:pixel_aspect=%d/%d:colorspace=%d:range=%d,"
	    "%s%s%snull%s,buffersink", f->width, f->height, f->format, base.num, base.den, rate, f->sample_aspect_ratio.num,
	    f->sample_aspect_ratio.den, f->colorspace, f->color_range, fields, crop, rotation_filters(info), media_alpha_filter(f));

	return (media_graph_parse(&r->video.graph, &r->video.in, &r->video.out, text));
}

/* Sends a video frame or an audio packet to each encoder. An encoder that has failed ends the run. Thread of the run, or that of the audio. */
static int
feed(struct run *r, const AVFrame *frame, const AVPacket *audio, struct media_error *error)
{
	struct media_item	*item;
	int			i;

	for (i = 0; i < r->nencoders; i++) {
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
		if (!media_queue_put(&r->encoders[i].queue, item)) {
			media_item_free(item);
			/* encoders_end() reads the error of the encoder. */
			return (MEDIA_INTERNAL);
		}
	}

	return (MEDIA_OK);
}

static int
video_feed(struct run *r, const AVFrame *frame)
{
	if (!media_limits_frame(r->m))
		return (media_limits_fail(r->m, r->error));
	media_previewer_frame(r->previewer, frame, r->video.frames - 1);

	return (feed(r, frame, NULL, r->error));
}

/* Returns the length of the video that was sent to the encoders, in seconds. */
static double
video_end(const struct run *r)
{
	return ((double)r->video.frames * r->m->info.fps_den / r->m->info.fps_num);
}

/* Sends the packets of the first audio object to the renditions, whose sound they are. */
static int
audio_feed(void *ctx, int encoder, const AVPacket *packet, struct media_error *error)
{
	return (encoder == 0 ? feed(ctx, NULL, packet, error) : MEDIA_OK);
}

/* Counts the time of a file with sound alone as the frames of its film. */
static int
sound_count(struct run *r, const AVFrame *frame)
{
	r->heard = (double)(frame->pts + frame->nb_samples) / MEDIA_AUDIO_RATE;
	while (video_end(r) < r->heard) {
		r->video.frames++;
		if (!media_limits_frame(r->m))
			return (media_limits_fail(r->m, r->error));
	}

	return (MEDIA_OK);
}

/* Sends samples of a sound to the encoders of its objects. */
static int
samples_feed(void *ctx, const AVFrame *frame)
{
	struct sound	*s = ctx;
	struct run	*r = s->run;
	int		i, status = MEDIA_OK;

	if (r->m->video == -1 && frame != NULL && s == &r->sounds[0])
		status = sound_count(r, frame);
	for (i = 0; i < r->nobjects && status == MEDIA_OK; i++) {
		if (r->objects[i].track == s->track + 1 && r->objects[i].channels == s->channels)
			status = media_aac_put(r->aac, i, frame);
	}

	return (status == MEDIA_MEMORY ? out_of_memory(r) : status);
}

/* Passes a packet on to the sound that it belongs to. Ends a file with sound alone that is much too long. */
static int
audio_packet(struct run *r, const AVPacket *packet)
{
	double	reach;
	int	i, status = MEDIA_OK;

	for (i = 0; i < r->m->ntracks && status == MEDIA_OK; i++)
		status = media_audio_packet(r->sounds[i].audio, packet);
	if (status == MEDIA_OK && r->m->video == -1 && (reach = media_audio_reach(r->sounds[0].audio)) > r->m->info.duration)
		status = media_sound_length(r->m, reach, r->error);

	return (status);
}

/* Tells the sounds the length of the video; the first one goes ahead of the others. */
static int
audio_follow(struct run *r, double seconds)
{
	int	i, status = MEDIA_OK;

	for (i = 0; i < r->nsounds && status == MEDIA_OK; i++)
		status = media_audio_follow(r->sounds[i].audio, seconds);

	return (status);
}

/* Ends the sounds: the first one decides how long all are. */
static int
audio_end(struct run *r, double seconds)
{
	int	i, status = MEDIA_OK;

	for (i = 0; i < r->nsounds && status == MEDIA_OK; i++)
		status = media_audio_end(r->sounds[i].audio, seconds, &r->audio_end);

	return (status);
}

/* Takes the frames that the filters of the video have ready and passes them on. */
static int
filtered_take(struct run *r)
{
	AVFrame	*frame;
	int	status = MEDIA_OK;

	while (status == MEDIA_OK) {
		if ((frame = av_frame_alloc()) == NULL)
			return (out_of_memory(r));
		if (av_buffersink_get_frame(r->video.out, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		if (!media_alpha_compose(frame, r->colour.full)) {
			av_frame_free(&frame);
			return (out_of_memory(r));
		}
		status = media_pace_put(&r->pace, frame, av_buffersink_get_time_base(r->video.out));
		if (status == MEDIA_OK)
			status = audio_follow(r, video_end(r));
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
format_refused(struct run *r, const AVFrame *f)
{
	const char	*name = av_get_pix_fmt_name(f->format);

	return (media_fail(r->error, MEDIA_UNSUPPORTED, "Unsupported video format: %d x %d pixels, %s.", f->width, f->height,
	    name != NULL ? name : "unknown"));
}

/* Decides the colours of the film by its first frame, and removes what the filters must not see. */
static int
frame_prepare(struct run *r, AVFrame *frame)
{
	if (!r->colour.decided && media_dolby_frame(r->m, frame, r->error) != MEDIA_OK)
		return (r->error->reason);
	if (!r->colour.decided && media_colour_decide(r->m, frame, &r->colour) != MEDIA_OK)
		return (out_of_memory(r));
	media_frame_plain(r->m, frame);

	return (MEDIA_OK);
}

static int
frame_filter(struct run *r, AVFrame *frame)
{
	struct track	*t = &r->video;
	int		status;

	if ((status = frame_prepare(r, frame)) != MEDIA_OK)
		return (status);
	if (!graph_fits(t, frame)) {
		if (t->graph != NULL && av_buffersrc_add_frame(t->in, NULL) >= 0 && (status = filtered_take(r)) != MEDIA_OK)
			return (status);
		if (!video_graph(r, frame))
			return (format_refused(r, frame));
	}
	if (av_buffersrc_add_frame(t->in, frame) < 0)
		return (MEDIA_OK);	/* skip the frame: one bad frame must not fail the film */

	return (filtered_take(r));
}

/* Sets the time of a decoded frame: 0 is the beginning of the film. */
static void
frame_time(const struct run *r, AVFrame *frame)
{
	if (frame->best_effort_timestamp != AV_NOPTS_VALUE)
		frame->pts = frame->best_effort_timestamp;
	if (frame->pts != AV_NOPTS_VALUE)
		frame->pts -= av_rescale_q(r->m->clock.origin, AV_TIME_BASE_Q, r->m->format->streams[r->video.stream]->time_base);
}

/* Sets time and duration of a video frame. A frame without timestamp follows the one before, as in H.264 without container. */
static void
video_time(struct run *r, AVFrame *frame)
{
	const AVStream	*s = r->m->format->streams[r->video.stream];
	AVRational	rate = { r->m->info.fps_num, r->m->info.fps_den };
	int		counted = (r->m->format->iformat->flags & AVFMT_NOTIMESTAMPS) &&
			    (s->codecpar->codec_id == AV_CODEC_ID_H264 || s->codecpar->codec_id == AV_CODEC_ID_HEVC);

	frame_time(r, frame);
	if (counted || frame->duration <= 0)
		frame->duration = av_rescale_q(1, av_inv_q(rate), s->time_base);
	if (counted || frame->pts == AV_NOPTS_VALUE)
		frame->pts = r->video_next;
	r->video_next = frame->pts + frame->duration;
}

/* Looks for fields and passes frames on to the filters. Takes the frame; NULL flushes. */
static int
video_scan(struct run *r, AVFrame *frame)
{
	AVFrame	*ready;
	int	status = MEDIA_OK;

	do {
		if (!media_scan_put(&r->scan, frame, &ready))
			return (out_of_memory(r));
		if (ready == NULL)
			break;
		status = frame_filter(r, ready);
		av_frame_free(&ready);
	} while (status == MEDIA_OK && frame == NULL);

	return (status);
}

/* Passes a decoded frame on to the filters; NULL flushes what is between decoder and filters. Takes the frame. */
static int
video_take(struct run *r, AVFrame *frame)
{
	int	status;

	if (frame != NULL) {
		video_time(r, frame);
		r->captioned = r->captioned || media_captions(frame);
	}
	if (r->m->telecined)
		return (frame != NULL ? media_pace_put(&r->early, frame, r->m->format->streams[r->video.stream]->time_base) :
		    media_pace_end(&r->early));
	if (r->scanning)
		return (video_scan(r, frame));
	status = frame != NULL ? frame_filter(r, frame) : MEDIA_OK;
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
	status = frame_filter(r, copy);
	av_frame_free(&copy);

	return (status);
}

static int
packet_decode(struct run *r, const AVPacket *packet)
{
	struct track	*t = &r->video;
	AVFrame		*frame;
	int		sent, status = MEDIA_OK;

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
		if (avcodec_receive_frame(t->decoder, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		status = video_take(r, frame);
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

	p.seconds = info->duration;
	if (r->m->video == -1)
		p.seconds = fmin(r->heard, p.seconds);
	else
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
	if ((status = watch_check(r)) != MEDIA_OK || (status = video_feed(r, frame)) != MEDIA_OK)
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

	return (media_subtitles_uses(r->m, p->stream_index) || media_audio_follows(r->m, p->stream_index) ? MEDIA_OK : media_encryption_check(p, r->error));
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
			status = packet_decode(r, packet);
		else if (media_subtitles_uses(r->m, packet->stream_index))
			media_subtitles_packet(r->m, packet);
		else if (status == MEDIA_OK)
			status = audio_packet(r, packet);
		av_packet_unref(packet);
	}
	av_packet_free(&packet);
	if (status == MEDIA_OK && got == AVERROR_EXIT)
		status = media_fail(r->error, MEDIA_CANCELED, "The transcode was canceled.");
	if (status == MEDIA_OK && r->m->source_failed)
		status = media_fail(r->error, MEDIA_SOURCE, "The source file could not be read.");

	return (status);
}

/* Ends a file with sound alone, which is as long as its film. */
static int
sound_finish(struct run *r)
{
	int	status = audio_end(r, r->m->info.duration);

	r->video.frames = r->m->fit_frames;
	if (status == MEDIA_OK && !media_audio_heard(r->sounds[0].audio))
		status = media_fail(r->error, MEDIA_UNSUPPORTED, "The audio track is empty.");

	return (status);
}

/* Repeats the last frame until the audio ends, as players do. Otherwise the index, which counts video, would end before the audio. */
static int
frame_hold(struct run *r)
{
	const struct media_info	*info = &r->m->info;
	int64_t			until = av_rescale(r->audio_end, info->fps_num, (int64_t)info->fps_den * MEDIA_AUDIO_RATE);
	int			status = MEDIA_OK;

	/* Less than half a second needs no frames: the last audio packet usually ends a little later than the last frame. */
	if ((until - r->video.frames) * 2 * info->fps_den < info->fps_num)
		return (MEDIA_OK);
	while (status == MEDIA_OK && r->last != NULL && r->video.frames < until && (status = watch_check(r)) == MEDIA_OK) {
		r->video.frames++;
		status = video_feed(r, r->last);
	}

	return (status);
}

/* Flushes the decoder and the filters of the video, then the sound, which becomes as long as the video or longer. */
static int
film_flush(struct run *r)
{
	int	status;

	if (r->m->video == -1)
		return (sound_finish(r));
	status = packet_decode(r, NULL);
	if (status == MEDIA_OK)
		status = video_take(r, NULL);
	if (status == MEDIA_OK && r->video.graph != NULL && av_buffersrc_add_frame(r->video.in, NULL) >= 0)
		status = filtered_take(r);
	if (status == MEDIA_OK)
		status = media_pace_end(&r->pace);
	if (status == MEDIA_OK)
		status = audio_end(r, video_end(r));

	return (status == MEDIA_OK ? frame_hold(r) : status);
}

static void
video_note(struct run *r)
{
	if (r->m->telecined)
		media_note(r->m, "The film has 24 frames in 60 fields a second (telecine); the 24 frames were restored.");
	else if (r->scan.marked > 0)
		media_note(r->m, "The video is interlaced although the file does not say so; it was deinterlaced.");
	if (r->captioned)
		media_note(r->m, "The captions in the video (CEA-608 or CEA-708) were left out.");
}

/* Fails a film that is shorter than its header states. */
static int
length_check(struct run *r)
{
	double	stated, found;

	if (!media_clock_complete(r->m, &stated, &found))
		return (media_fail(r->error, MEDIA_TRUNCATED, "The file is incomplete: its header states %.0f seconds, but its data ends after %.0f seconds.",
		    stated, found));
	media_clock_note(r->m);

	return (MEDIA_OK);
}

/* Fails a file with sound alone that is incomplete or does not fit its film. */
static int
sound_check(struct run *r)
{
	int	status = length_check(r);

	return (status == MEDIA_OK ? media_sound_length(r->m, media_audio_reach(r->sounds[0].audio), r->error) : status);
}

/* Fails a film without frames, with more than half of its video packets undecodable, or shorter than its header states. */
static int
film_check(struct run *r)
{
	if (r->m->video == -1)
		return (sound_check(r));
	if (r->video.frames == 0)
		return (media_fail(r->error, r->video.packets > 0 ? MEDIA_DAMAGED : MEDIA_NO_VIDEO_TRACK,
		    r->video.packets > 0 ? "The video is damaged: no frame can be decoded." : "The video track is empty."));
	if (r->video.packets == 1)
		return (media_one_frame(r->m, r->error));
	if ((double)r->video.errors > DAMAGE_SHARE * (double)r->video.packets)
		return (media_fail(r->error, MEDIA_DAMAGED, "The video is damaged: %lld of %lld packets cannot be decoded.", (long long)r->video.errors,
		    (long long)r->video.packets));
	if (length_check(r) != MEDIA_OK)
		return (r->error->reason);
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
		e->audio = r->nobjects > 0 ? media_aac_codec(r->aac, 0) : NULL;
		e->duration = e->info->duration;
		media_queue_init(&e->queue, r->waiting);
		r->nencoders++;
		if (!media_encoder_start(e))
			return (media_fail(r->error, MEDIA_MEMORY, "The encoder thread could not be started."));
	}
	if (!media_aac_start(r->aac, r->threads))
		return (media_fail(r->error, MEDIA_MEMORY, "The encoder thread of the audio could not be started."));

	return (MEDIA_OK);
}

/* Ends the audio objects, except those of tracks but the first in which no sound was found. */
static int
objects_end(struct run *r, struct media_result *result)
{
	const struct sound	*s;
	int			i, status = MEDIA_OK;

	for (i = 0; i < r->nobjects && status == MEDIA_OK; i++) {
		s = &r->sounds[r->objects[i].track - 1];
		if (s->track > 0 && !media_audio_heard(s->audio))
			continue;
		result->audios[result->naudios] = r->objects[i];
		status = media_aac_end(r->aac, i, r->video.frames, &result->audios[result->naudios++], r->error);
	}

	return (status);
}

static void
queues_break(struct run *r)
{
	int	i;

	for (i = 0; i < r->nencoders; i++)
		media_queue_break(&r->encoders[i].queue);
}

/* Waits for the encoders of the audio, which pass packets on to those of the renditions, and ends their objects. Stops them if the run has failed. */
static int
audio_finish(struct run *r, int status, struct media_result *result)
{
	if (status != MEDIA_OK)
		queues_break(r);
	if (r->aac != NULL)
		status = media_aac_join(r->aac, status, r->error);

	return (status == MEDIA_OK ? objects_end(r, result) : status);
}

/* Ends and joins the encoders; each one finishes its file unless the run has failed. Returns the reason of the first failure. */
static int
encoders_end(struct run *r, int status, struct media_result *result)
{
	struct media_encoder	*e;
	int			i;

	if (status != MEDIA_OK)
		queues_break(r);
	for (i = 0; i < r->nencoders && status == MEDIA_OK; i++)
		media_queue_end(&r->encoders[i].queue);
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
}

/* Opens the sound of a track: stereo, or 5.1 if its stereo is given. Returns 0 if that fails. */
static int
sound_open(struct run *r, int track, struct media_audio *stereo)
{
	struct sound	*s = &r->sounds[r->nsounds];

	s->run = r;
	s->track = track;
	s->channels = stereo != NULL ? MEDIA_CHANNELS_MAX : 2;
	s->audio = media_audio_new(r->m, track, r->options != NULL && r->options->allow_silent, r->nsounds > 0 ? r->sounds[0].audio : NULL, stereo,
	    samples_feed, s, r->error);
	r->nsounds += s->audio != NULL;

	return (s->audio != NULL);
}

/* Opens the sounds of the film and the encoders of their objects, whose numbers follow those of the renditions. Returns 0 if that fails. */
static int
sounds_open(struct run *r, const struct media_sink *sink, int nsteps)
{
	int	i;

	r->nobjects = media_audio_objects(r->m, r->options, r->objects);
	if ((r->aac = media_aac_new(&r->m->info, r->objects, r->nobjects, sink, nsteps, audio_feed, r)) == NULL)
		return (0);
	for (i = 0; i < r->m->ntracks; i++) {
		if (!sound_open(r, i, NULL))
			return (0);
	}
	for (i = 0; i < r->m->ntracks; i++) {
		if (r->m->tracks[i].surround && !sound_open(r, i, r->sounds[i].audio))
			return (0);
	}

	return (1);
}

static void
sounds_close(struct run *r)
{
	struct sound	*s;

	for (s = r->sounds; s < r->sounds + r->nsounds; s++)
		media_audio_free(s->audio);
	media_aac_free(r->aac);
}

static int
run_open(struct run *r, const struct media_sink *sink, int nsteps)
{
	struct media	*m = r->m;

	clock_gettime(CLOCK_MONOTONIC, &r->began);
	r->video.stream = m->video;
	if (m->video == -1 && m->ntracks == 0)
		return (media_fail(r->error, MEDIA_UNSUPPORTED, "The sound cannot be decoded: %s.", m->silent));
	if (m->video == -1)
		return (sounds_open(r, sink, nsteps) ? MEDIA_OK : media_fail(r->error, MEDIA_INTERNAL, "The AAC encoder cannot be opened."));
	if (!decoder_open(r, &r->video, m->video))
		return (media_fail(r->error, MEDIA_UNSUPPORTED, "Unsupported video codec: %s (its decoder cannot be opened).", m->info.video_codec));
	if (*m->silent != '\0') {
		if (r->options == NULL || !r->options->allow_silent)
			return (media_fail(r->error, MEDIA_UNSUPPORTED, "The sound cannot be decoded: %s.", m->silent));
		media_note(m, "The film is silent, because its sound cannot be decoded: %s.", m->silent);
	}
	if (!sounds_open(r, sink, nsteps))
		return (media_fail(r->error, MEDIA_INTERNAL, "The AAC encoder cannot be opened."));
	r->pace = (struct media_pace){ .rate = { m->info.fps_num, m->info.fps_den }, .emit = frame_emit, .ctx = r };
	r->early = (struct media_pace){ .rate = av_mul_q(r->pace.rate, (AVRational){ 5, 4 }), .emit = early_emit, .ctx = r };
	r->scan.on = m->interlaced_unmarked;
	r->scan.top_first = m->top_first;
	r->scanning = media_scan_wanted(m) || m->field_rate;
	r->previewer = media_previewer_new(&m->info, &r->colour);

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
	r->waiting = QUEUE_ITEMS;
	media_limits_transcode(m);
	if (m->video != -1)
		media_limits_fit(m, steps, nsteps, &r->threads, &r->waiting);
	if (watch != NULL) {
		m->canceled = watch->canceled;
		m->cancel_ctx = watch->ctx;
	}
	if ((status = run_open(r, sink, nsteps)) == MEDIA_OK && (status = encoders_start(r, steps, nsteps, sink)) == MEDIA_OK &&
	    (status = film_read(r)) == MEDIA_OK && (status = film_flush(r)) == MEDIA_OK)
		status = film_check(r);
	status = audio_finish(r, status, result);
	status = encoders_end(r, status, result);
	if (status == MEDIA_DAMAGED)
		status = media_scrambled_check(m, error);
	if (status == MEDIA_OK && m->video != -1 && !media_subtitles_end(m, result))
		status = out_of_memory(r);
	if (media_limits_reached(m))
		status = media_limits_fail(m, error);
	if (status == MEDIA_OK && watch != NULL && watch->progress != NULL)
		progress_report(r, 1);
	result->duration = result->nrenditions > 0 ? result->renditions[0].duration : 0;
	media_previewer_end(r->previewer, m, result->duration, status == MEDIA_OK ? &result->previews : NULL);
	track_close(&r->video);
	sounds_close(r);
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
