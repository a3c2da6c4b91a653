/*
 * Files with sound alone, which become an audio track of a film that was transcoded
 * before: which of their tracks is used, which files are refused, and the pass that
 * makes their audio objects.
 */
#include <math.h>
#include <string.h>

#include "media/run.h"

#define APART_SHARE	0.25	/* of the film's length by which the sound may be shorter or longer, */
#define APART_SECONDS	10.0	/* and at least so much */

struct sound_file {
	struct media_run	*run;
	struct media_audio_set	*audio;
	double			heard;		/* seconds that were sent to the encoders */
	int64_t			frames;		/* of the film, in that time */
};

/* Returns 1 if the file has a track of the type; pictures such as the cover of an album do not count. */
static int
has_track(const struct media *m, enum AVMediaType type)
{
	const AVStream	*s;
	unsigned	i;

	for (i = 0; i < m->format->nb_streams; i++) {
		s = m->format->streams[i];
		if (s->codecpar->codec_type == type && (s->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) == 0)
			return (1);
	}

	return (0);
}

int
media_sound_fail(const struct media *m, struct media_error *error)
{
	return (media_fail(error, MEDIA_UNSUPPORTED, "The sound cannot be decoded: %s.", *m->silent != '\0' ? m->silent : "no sound was found in the file"));
}

int
media_sound_choose(struct media *m, const struct media_fit *fit, struct media_error *error)
{
	struct media_track	*t = &m->tracks[0];

	if (!has_track(m, AVMEDIA_TYPE_AUDIO))
		return (media_fail(error, MEDIA_UNSUPPORTED, "The file has no audio track."));
	if (has_track(m, AVMEDIA_TYPE_VIDEO))
		return (media_fail(error, MEDIA_UNSUPPORTED, "The file is a video. Export its sound alone, for example as M4A, FLAC or WAV, and upload that."));
	media_audio_choose(m);
	if (m->ntracks == 0)
		return (media_sound_fail(m, error));
	t->purpose = fit->purpose;
	memcpy(t->language, fit->language, sizeof(t->language));
	*t->label = '\0';

	return (MEDIA_OK);
}

int
media_sound_length(const struct media *m, double seconds, struct media_error *error)
{
	double	film = m->info.duration;

	if (seconds <= 0 || fabs(seconds - film) <= fmax(film * APART_SHARE, APART_SECONDS))
		return (MEDIA_OK);

	if (seconds > film)
		return (media_fail(error, MEDIA_UNSUPPORTED, "The sound is much longer than the film, which has %.0f seconds.", film));

	return (media_fail(error, MEDIA_UNSUPPORTED, "The sound is much shorter than the film: it has %.0f seconds of %.0f.", seconds, film));
}

static void
progress_fill(void *ctx, struct media_progress *p)
{
	const struct sound_file	*s = ctx;

	p->seconds = fmin(s->heard, p->duration);
}

/* Counts the time of the sound as frames of its film, on which the limit of processor time depends. */
static int
frame_count(void *ctx, const AVFrame *frame)
{
	struct sound_file	*s = ctx;
	struct media		*m = s->run->m;

	s->heard = (double)(frame->pts + frame->nb_samples) / MEDIA_AUDIO_RATE;
	for (; (double)s->frames * m->info.fps_den / m->info.fps_num < s->heard; s->frames++) {
		if (!media_limits_frame(m))
			return (media_limits_fail(m, s->run->error));
	}

	return (MEDIA_OK);
}

/* Ends a file that is much too long. */
static int
packet_take(void *ctx, AVPacket *packet)
{
	struct sound_file	*s = ctx;
	double			reach;
	int			status;

	if ((status = media_audio_set_packet(s->audio, packet)) != MEDIA_OK)
		return (status);
	reach = media_audio_set_reach(s->audio);

	return (reach > s->run->m->info.duration ? media_sound_length(s->run->m, reach, s->run->error) : MEDIA_OK);
}

/* Makes the sound as long as its film. Fails a file that is empty, incomplete, or does not fit the film. */
static int
sound_finish(struct sound_file *s)
{
	const struct media	*m = s->run->m;
	int64_t			length;
	int			status;

	if ((status = media_audio_set_end(s->audio, m->info.duration, &length)) != MEDIA_OK)
		return (status);
	if (!media_audio_set_heard(s->audio))
		return (media_fail(s->run->error, MEDIA_UNSUPPORTED, "The audio track is empty."));
	if ((status = media_run_complete(s->run)) != MEDIA_OK)
		return (status);

	return (media_sound_length(m, media_audio_set_reach(s->audio), s->run->error));
}

static int
sound_encode(struct sound_file *s, const struct media_sink *sink)
{
	int	status;

	if (s->run->m->ntracks == 0)
		return (media_sound_fail(s->run->m, s->run->error));
	if ((s->audio = media_audio_set_new(s->run, sink, 0, (struct media_audio_sink){ .frame = frame_count, .ctx = s })) == NULL)
		return (s->run->error->reason);
	if ((status = media_audio_set_start(s->audio)) != MEDIA_OK || (status = media_run_read(s->run, packet_take)) != MEDIA_OK)
		return (status);

	return (sound_finish(s));
}

int
media_sound_transcode(struct media_run *run, const struct media_sink *sink, struct media_result *result)
{
	struct sound_file	s = { .run = run };
	int			status;

	run->ctx = &s;
	run->progress = progress_fill;
	media_run_begin(run);
	status = sound_encode(&s, sink);
	status = media_run_end(run, media_audio_set_finish(s.audio, status, run->m->fit_frames, result));
	media_audio_set_free(s.audio);

	return (status);
}
