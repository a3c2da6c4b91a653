/*
 * Files with sound alone, which become an audio track of a film that was transcoded
 * before: which of their tracks is used, and which files are refused.
 */
#include <math.h>
#include <string.h>

#include "media/internal.h"

#define APART_SHARE	0.25	/* of the film's length by which the sound may be shorter or longer, */
#define APART_SECONDS	10.0	/* and at least so much */

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
media_sound_choose(struct media *m, const struct media_fit *fit, struct media_error *error)
{
	struct media_track	*t = &m->tracks[0];

	if (!has_track(m, AVMEDIA_TYPE_AUDIO))
		return (media_fail(error, MEDIA_UNSUPPORTED, "The file has no audio track."));
	if (has_track(m, AVMEDIA_TYPE_VIDEO))
		return (media_fail(error, MEDIA_UNSUPPORTED, "The file is a video. Export its sound alone, for example as M4A, FLAC or WAV, and upload that."));
	media_audio_choose(m);
	if (m->ntracks == 0)
		return (media_fail(error, MEDIA_UNSUPPORTED, "The sound cannot be decoded: %s.", *m->silent != '\0' ? m->silent : "no sound was found in the file"));
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
