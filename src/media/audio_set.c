/*
 * The sounds of all audio tracks of a source and the encoders of their audio
 * objects. See run.h.
 */
#include <stdlib.h>

#include "media/run.h"

/* The sound of an audio track. */
struct sound {
	struct media_audio_set	*all;
	int			track;		/* index */
	int			channels;
	struct media_audio	*audio;
};

struct media_audio_set {
	struct media_run		*run;
	struct media_audio_sink		sink;
	struct sound			sounds[2 * MEDIA_TRACKS_MAX];	/* stereo of each track, the first one is that of the renditions; then 5.1 */
	int				nsounds;
	struct media_audio_object	objects[MEDIA_AUDIOS_MAX];	/* of all sounds */
	int				nobjects;
	struct media_aac		*aac;		/* the encoders of the objects */
};

/* Sends samples of a sound to the encoders of its objects. */
static int
samples_feed(void *ctx, const AVFrame *frame)
{
	struct sound		*s = ctx;
	struct media_audio_set	*a = s->all;
	int			i, status = MEDIA_OK;

	if (a->sink.frame != NULL && frame != NULL && s == &a->sounds[0])
		status = a->sink.frame(a->sink.ctx, frame);
	for (i = 0; i < a->nobjects && status == MEDIA_OK; i++) {
		if (a->objects[i].track == s->track + 1 && a->objects[i].channels == s->channels)
			status = media_aac_put(a->aac, i, frame);
	}

	return (status == MEDIA_MEMORY ? media_run_memory(a->run) : status);
}

/* Opens the sound of a track: stereo, or 5.1 if its stereo is given. Returns 0 if that fails. */
static int
sound_open(struct media_audio_set *a, int track, struct media_audio *stereo)
{
	struct sound	*s = &a->sounds[a->nsounds];

	s->all = a;
	s->track = track;
	s->channels = stereo != NULL ? MEDIA_CHANNELS_MAX : 2;
	s->audio = media_audio_new(a->run->m, track, a->run->options != NULL && a->run->options->allow_silent,
	    a->nsounds > 0 ? a->sounds[0].audio : NULL, stereo, samples_feed, s, a->run->error);
	a->nsounds += s->audio != NULL;

	return (s->audio != NULL);
}

static int
sounds_open(struct media_audio_set *a)
{
	const struct media	*m = a->run->m;
	int			i;

	for (i = 0; i < m->ntracks; i++) {
		if (!sound_open(a, i, NULL))
			return (0);
	}
	for (i = 0; i < m->ntracks; i++) {
		if (m->tracks[i].surround && !sound_open(a, i, a->sounds[i].audio))
			return (0);
	}

	return (1);
}

struct media_audio_set *
media_audio_set_new(struct media_run *run, const struct media_sink *sink, int first, struct media_audio_sink out)
{
	struct media_audio_set	*a = calloc(1, sizeof(*a));

	if (a == NULL) {
		media_run_memory(run);
		return (NULL);
	}
	a->run = run;
	a->sink = out;
	a->nobjects = media_audio_objects(run->m, run->options, a->objects);
	a->aac = media_aac_new(&run->m->info, a->objects, a->nobjects, sink, first, out.packet, out.ctx);
	if (a->aac != NULL && sounds_open(a))
		return (a);
	media_fail(run->error, MEDIA_INTERNAL, "The AAC encoder cannot be opened.");
	if (a->aac != NULL)
		media_aac_join(a->aac, MEDIA_INTERNAL, run->error);
	media_audio_set_free(a);

	return (NULL);
}

const AVCodecContext *
media_audio_set_codec(const struct media_audio_set *a)
{
	return (a->nobjects > 0 ? media_aac_codec(a->aac, 0) : NULL);
}

int
media_audio_set_start(struct media_audio_set *a)
{
	if (!media_aac_start(a->aac, a->run->threads))
		return (media_fail(a->run->error, MEDIA_MEMORY, "The encoder thread of the audio could not be started."));

	return (MEDIA_OK);
}

int
media_audio_set_packet(struct media_audio_set *a, const AVPacket *packet)
{
	int	i, status = MEDIA_OK;

	for (i = 0; i < a->run->m->ntracks && status == MEDIA_OK; i++)
		status = media_audio_packet(a->sounds[i].audio, packet);

	return (status);
}

/* The first sound goes ahead of the others. */
int
media_audio_set_follow(struct media_audio_set *a, double seconds)
{
	int	i, status = MEDIA_OK;

	for (i = 0; i < a->nsounds && status == MEDIA_OK; i++)
		status = media_audio_follow(a->sounds[i].audio, seconds);

	return (status);
}

int
media_audio_set_end(struct media_audio_set *a, double seconds, int64_t *length)
{
	int	i, status = MEDIA_OK;

	for (i = 0; i < a->nsounds && status == MEDIA_OK; i++)
		status = media_audio_end(a->sounds[i].audio, seconds, length);

	return (status);
}

double
media_audio_set_reach(const struct media_audio_set *a)
{
	return (media_audio_reach(a->sounds[0].audio));
}

int
media_audio_set_heard(const struct media_audio_set *a)
{
	return (media_audio_heard(a->sounds[0].audio));
}

int
media_audio_set_finish(struct media_audio_set *a, int status, int64_t frames, struct media_result *result)
{
	const struct sound	*s;
	int			i;

	if (a == NULL)
		return (status);
	status = media_aac_join(a->aac, status, a->run->error);
	for (i = 0; i < a->nobjects && status == MEDIA_OK; i++) {
		s = &a->sounds[a->objects[i].track - 1];
		if (s->track > 0 && !media_audio_heard(s->audio))
			continue;
		result->audios[result->naudios] = a->objects[i];
		status = media_aac_end(a->aac, i, frames, &result->audios[result->naudios++], a->run->error);
	}

	return (status);
}

void
media_audio_set_free(struct media_audio_set *a)
{
	struct sound	*s;

	if (a == NULL)
		return;
	for (s = a->sounds; s < a->sounds + a->nsounds; s++)
		media_audio_free(s->audio);
	media_aac_free(a->aac);
	free(a);
}
