/*
 * Opens a film and reads its container, tracks, size, rotation and frame rate.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/display.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>

#include "media/internal.h"

#define PROBE_BYTES	(32 << 20)
#define PROBE_SECONDS	20
#define LOG_LINES	100	/* for one film */
#define RATE_PRECISE	1001000		/* greatest number in the fraction of a frame rate: 60000/1001 is exact */
#define LEAST_RATE	2000		/* bytes per second of a film that is taken at its word */

static void		(*log_line)(int, const char *);
static _Atomic int	lines;	/* of the log for the open film */
static _Atomic int	streams_over;	/* the open film has more than MEDIA_MAX_STREAMS; FFmpeg says so in the log only */

static void
av_log_line(void *ctx, int level, const char *fmt, va_list args)
{
	char	line[512];
	int	prefix = 1;

	if (level <= AV_LOG_ERROR && strstr(fmt, "max_streams") != NULL)
		atomic_store(&streams_over, 1);
	if (log_line == NULL || level > AV_LOG_WARNING || atomic_fetch_add(&lines, 1) >= LOG_LINES)
		return;
	av_log_format_line2(ctx, level, fmt, args, line, sizeof(line), &prefix);
	line[strcspn(line, "\n")] = '\0';
	if (*line != '\0')
		log_line(level <= AV_LOG_ERROR ? 0 : 1, line);
}

void
media_init(void (*log)(int level, const char *line))
{
	log_line = log;
	av_log_set_callback(av_log_line);
}

/* Returns 1 if the source begins with a box that MP4 and QuickTime files begin with; a truncated file does too. */
static int
looks_like_mov(const struct media_source *source)
{
	uint8_t	head[12] = { 0 };

	if (source->read_at(source->ctx, 0, head, sizeof(head)) < 8)
		return (0);

	return (!memcmp(head + 4, "ftyp", 4) || !memcmp(head + 4, "mdat", 4) || !memcmp(head + 4, "wide", 4) || !memcmp(head + 4, "moov", 4));
}

static int
format_open(struct media *m, struct media_error *error)
{
	int	status;

	m->format->flags |= AVFMT_FLAG_DISCARD_CORRUPT;
	m->format->probesize = PROBE_BYTES;
	m->format->max_analyze_duration = (int64_t)PROBE_SECONDS * AV_TIME_BASE;
	if ((status = avformat_open_input(&m->format, "", NULL, NULL)) < 0 || media_limits_reached(m)) {
		if (media_limits_reached(m))
			return (media_limits_fail(m, error));
		if (m->source_failed)
			return (media_fail(error, MEDIA_SOURCE, "The source file could not be read."));
		if (atomic_load(&streams_over))
			return (media_fail(error, MEDIA_TOO_LARGE, "The file has too many tracks: the maximum is %d.", MEDIA_MAX_STREAMS));
		if (status == AVERROR(ENOMEM))
			return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
		if (looks_like_mov(&m->source))
			return (media_fail(error, MEDIA_TRUNCATED, "The file is incomplete: its index (moov box) is missing. Please export it or upload it again."));
		return (media_fail(error, MEDIA_NOT_VIDEO, "The file is not %s: unknown container format.", m->fit_frames > 0 ? "an audio file" : "a video"));
	}
	media_limits_probe(m);
	status = avformat_find_stream_info(m->format, NULL);
	if (media_limits_reached(m))
		return (media_limits_fail(m, error));
	if (status < 0 && !m->source_failed)
		return (media_fail(error, MEDIA_NOT_VIDEO, "The file is not %s that can be read: no track was detected.", m->fit_frames > 0 ? "an audio file" : "a video"));
	if (m->source_failed)
		return (media_fail(error, MEDIA_SOURCE, "The source file could not be read."));

	return (MEDIA_OK);
}

/* Chooses the video track and the audio tracks that belong to it, or the one of a file with sound alone. */
static int
streams_choose(struct media *m, const struct media_fit *fit, struct media_error *error)
{
	unsigned	i;

	if (fit == NULL && media_video_choose(m, error) != MEDIA_OK)
		return (error->reason);
	if (fit == NULL && !media_subtitles_choose(m))
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	if (fit == NULL)
		media_audio_choose(m);
	else
		(void)media_sound_choose(m, fit, error);
	/* A limit, or a source that cannot be read, is the reason of whatever else has failed. */
	if (media_limits_reached(m))
		return (media_limits_fail(m, error));
	if (m->source_failed) {
		memset(error, 0, sizeof(*error));
		return (media_fail(error, MEDIA_SOURCE, "The source file could not be read."));
	}
	if (error->reason != MEDIA_OK)
		return (error->reason);
	for (i = 0; i < m->format->nb_streams; i++)
		m->format->streams[i]->discard = (int)i == m->video || media_audio_uses(m, (int)i) || media_subtitles_uses(m, (int)i) ?
		    AVDISCARD_DEFAULT : AVDISCARD_ALL;

	return (MEDIA_OK);
}

/* Reads rotation and mirroring from the track's matrix (ISO/IEC 14496-12 §8.3.2), which is applied to the frames of the renditions. */
static void
rotation_read(struct media *m, const AVCodecParameters *par)
{
	const AVPacketSideData	*side = av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
	int32_t			matrix[9];
	double			angle;

	if (side == NULL || side->size < sizeof(matrix))
		return;
	memcpy(matrix, side->data, sizeof(matrix));
	if ((int64_t)matrix[0] * matrix[4] - (int64_t)matrix[1] * matrix[3] < 0) {
		m->info.mirrored = 1;
		av_display_matrix_flip(matrix, 1, 0);
	}
	angle = av_display_rotation_get(matrix);
	if (!isnan(angle))
		m->info.rotation = ((int)lrint(-angle / 90) * 90 % 360 + 360) % 360;
}

/* Computes the size of a displayed frame: rotated, with square pixels. One side keeps its length; the other is enlarged. */
static void
size_read(struct media *m, const AVStream *s)
{
	AVRational	sar = av_guess_sample_aspect_ratio(m->format, (AVStream *)(uintptr_t)s, NULL);
	int		width, height;
	double		w, h;

	media_crop_size(s->codecpar, &width, &height);
	w = width;
	h = height;
	if (sar.num > 0 && sar.den > 0 && av_q2d(sar) < MEDIA_SHAPE_MAX && 1 / av_q2d(sar) < MEDIA_SHAPE_MAX) {
		if (sar.num > sar.den)
			w = w * sar.num / sar.den;
		else
			h = h * sar.den / sar.num;
	}
	if (m->info.rotation % 180 != 0) {
		m->info.width = (int)lrint(h);
		m->info.height = (int)lrint(w);
	} else {
		m->info.width = (int)lrint(w);
		m->info.height = (int)lrint(h);
	}
}

static void
name_copy(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s", name != NULL ? name : "");
}

static int
info_fill(struct media *m, struct media_error *error)
{
	AVStream			*s;
	const AVCodecParameters		*par;

	name_copy(m->info.container, sizeof(m->info.container), m->format->iformat->name);
	if (m->video == -1)
		return (MEDIA_OK);
	s = m->format->streams[m->video];
	par = s->codecpar;
	if (par->width <= 0 || par->height <= 0)
		return (media_fail(error, MEDIA_NO_VIDEO_TRACK, "The video track has no frame size."));
	if (par->width > MEDIA_MAX_SIDE || par->height > MEDIA_MAX_SIDE || (int64_t)par->width * par->height > MEDIA_MAX_PIXELS)
		return (media_fail(error, MEDIA_TOO_LARGE, "The video is too large: %d x %d pixels, the maximum is 8192 x 4608.", par->width, par->height));
	if (media_dolby_check(m, par, error) != MEDIA_OK)
		return (error->reason);
	rotation_read(m, par);
	size_read(m, s);
	m->info.hdr = par->color_trc == AVCOL_TRC_SMPTE2084 || par->color_trc == AVCOL_TRC_ARIB_STD_B67;
	name_copy(m->info.video_codec, sizeof(m->info.video_codec), avcodec_get_name(par->codec_id));

	return (MEDIA_OK);
}

/* Measures duration, frame rate and fields of a film. */
static int
video_measure(struct media *m, struct media_error *error)
{
	int	status;

	if ((status = media_rate_read(m, error)) != MEDIA_OK)
		return (status);
	/* A few bytes can claim any duration, and timestamps may jump: then the film itself has to show how long it is. */
	if (m->info.duration > MEDIA_MAX_SECONDS && (double)m->source.size > m->info.duration * LEAST_RATE &&
	    !(m->format->iformat->flags & AVFMT_TS_DISCONT))
		return (media_fail(error, MEDIA_TOO_LARGE, "The film is too long: %.1f hours, the maximum is 12 hours.", m->info.duration / 3600));
	media_fields_probe(m);

	return (MEDIA_OK);
}

/* Sets the duration to that of the film, to which the sound is fitted. */
static int
sound_measure(struct media *m, struct media_error *error)
{
	double	stated = m->format->duration_estimation_method == AVFMT_DURATION_FROM_STREAM ? m->info.duration : 0;

	m->info.duration = (double)m->fit_frames * m->info.fps_den / m->info.fps_num;

	return (media_sound_length(m, stated, error));
}

/* Measures what needs the first packets. */
static int
times_measure(struct media *m, struct media_error *error)
{
	int	status;

	if ((status = media_clock_open(m, error)) != MEDIA_OK ||
	    (status = m->video != -1 ? video_measure(m, error) : sound_measure(m, error)) != MEDIA_OK)
		return (status);
	media_audio_probe(m);
	if (media_limits_reached(m))
		return (media_limits_fail(m, error));
	if (m->source_failed)
		return (media_fail(error, MEDIA_SOURCE, "The source file could not be read."));

	return (MEDIA_OK);
}

/* Sets what is known of the film to which a file with sound alone is fitted. */
static void
fit_read(struct media *m, const struct media_fit *fit)
{
	AVRational	rate = av_d2q(fit->frame_rate, RATE_PRECISE);

	m->video = -1;
	m->info.fps_num = rate.num;
	m->info.fps_den = rate.den;
	m->fit_frames = FFMAX(llround(fit->seconds * av_q2d(rate)), 1);
}

/* Opens a source without the audio tracks that were found damaged. */
static int
source_open(const struct media_source *source, const struct media_fit *fit, const int *damaged, int ndamaged, struct media **out, struct media_error *error)
{
	struct media	*m;
	int		status;

	*out = NULL;
	memset(error, 0, sizeof(*error));
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	m->source = *source;
	memcpy(m->damaged, damaged, (size_t)ndamaged * sizeof(*damaged));
	m->ndamaged = ndamaged;
	if (fit != NULL)
		fit_read(m, fit);
	pthread_mutex_init(&m->notes_lock, NULL);
	atomic_store(&lines, 0);
	atomic_store(&streams_over, 0);
	if (!media_limits_begin(m) || !media_io_open(m))
		status = media_fail(error, MEDIA_MEMORY, "Out of memory.");
	else if ((status = format_open(m, error)) == MEDIA_OK && (status = streams_choose(m, fit, error)) == MEDIA_OK)
		status = info_fill(m, error);
	if (status == MEDIA_OK)
		(void)times_measure(m, error);	/* the reason is in error, as those above */
	if ((status = media_scrambled_check(m, error)) != MEDIA_OK)
		media_close(m);
	else
		*out = m;

	return (status);
}

/* Opens a source, again and again as long as a damaged audio track can be replaced by another one. */
static int
sources_open(const struct media_source *source, const struct media_fit *fit, struct media **out, struct media_error *error)
{
	int	damaged[MEDIA_DAMAGED_MAX], ndamaged = 0, status;

	*out = NULL;
	memset(error, 0, sizeof(*error));
	if (source->size == 0)
		return (media_fail(error, MEDIA_EMPTY, "The file is empty."));
	for (;;) {
		status = source_open(source, fit, damaged, ndamaged, out, error);
		if (*out == NULL || (*out)->ndamaged == ndamaged || media_audio_best(*out) == -1)
			return (status);
		ndamaged = (*out)->ndamaged;
		memcpy(damaged, (*out)->damaged, sizeof(damaged));
		media_close(*out);
	}
}

int
media_open(const struct media_source *source, struct media **out, struct media_error *error)
{
	return (sources_open(source, NULL, out, error));
}

int
media_open_sound(const struct media_source *source, const struct media_fit *fit, struct media **out, struct media_error *error)
{
	return (sources_open(source, fit, out, error));
}

const struct media_info *
media_info(const struct media *m)
{
	return (&m->info);
}

void
media_close(struct media *m)
{
	int	i;

	if (m == NULL)
		return;
	for (i = 0; i < m->nnotes; i++)
		free(m->notes[i]);
	pthread_mutex_destroy(&m->notes_lock);
	media_clock_close(m);
	media_subtitles_close(m);
	media_io_close(m);
	media_limits_end(m);
	free(m);
}
