/*
 * Looks in the whole source for sound that can be decoded: sound that begins after
 * the part that was probed, and sound whose beginning is damaged.
 */
#include "media/internal.h"

#define TRIALS	16	/* tracks that are tried */

/* Decoders of the tracks that have had packets. */
struct trials {
	int		streams[TRIALS];
	AVCodecContext	*decoders[TRIALS];	/* NULL if there is none for the track */
	int		n;
};

int
media_track_uses(const struct media_track *t, int stream)
{
	int	i;

	for (i = 0; i < t->nsounds; i++) {
		if (t->sounds[i].stream == stream)
			return (1);
	}

	return (0);
}

int
media_audio_follows(const struct media *m, int stream)
{
	int	i;

	for (i = 1; i < m->ntracks; i++) {
		if (media_track_uses(&m->tracks[i], stream))
			return (1);
	}

	return (0);
}

int
media_audio_uses(const struct media *m, int stream)
{
	return ((m->ntracks > 0 && media_track_uses(&m->tracks[0], stream)) || media_audio_follows(m, stream));
}

/* Returns the decoder of a track, opened for its first packet; NULL if there is none. */
static AVCodecContext *
trial_decoder(struct trials *t, const AVStream *s)
{
	const AVCodec	*codec = avcodec_find_decoder(s->codecpar->codec_id);
	AVCodecContext	*c;
	int		i;

	for (i = 0; i < t->n; i++) {
		if (t->streams[i] == s->index)
			return (t->decoders[i]);
	}
	if (codec == NULL || t->n == TRIALS || (c = avcodec_alloc_context3(codec)) == NULL)
		return (NULL);
	c->thread_count = 1;
	if (avcodec_parameters_to_context(c, s->codecpar) < 0 || avcodec_open2(c, codec, NULL) < 0)
		avcodec_free_context(&c);
	t->streams[t->n] = s->index;

	return (t->decoders[t->n++] = c);
}

/* Returns 1 if a packet, together with those before it, gives sound. */
static int
packet_sounds(struct trials *t, const AVStream *s, const AVPacket *packet, AVFrame *frame)
{
	AVCodecContext	*c = trial_decoder(t, s);
	int		found;

	if (c == NULL || packet->size <= 0)
		return (0);
	(void)avcodec_send_packet(c, packet);
	found = avcodec_receive_frame(c, frame) >= 0 && frame->nb_samples > 0;
	av_frame_unref(frame);

	return (found);
}

static void
trials_close(struct trials *t)
{
	while (t->n > 0)
		avcodec_free_context(&t->decoders[--t->n]);
}

int
media_audio_same(const struct media *m, const AVStream *track, int stream, int id)
{
	return (m->format->ctx_flags & AVFMTCTX_NOHEADER ? track->id == id : track->index == stream);
}

/* Returns 1 for a stream of the demuxer of the search that is searched: audio, of the chosen tracks if there are any. */
static int
searched(const struct media *m, const AVStream *s)
{
	int	i;

	if (s->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
		return (0);
	for (i = 0; m->ntracks > 0 && i < m->tracks[0].nsounds; i++) {
		if (media_audio_same(m, s, m->tracks[0].sounds[i].stream, m->tracks[0].sounds[i].id))
			return (1);
	}

	return (m->ntracks == 0);
}

/* Lets the demuxer drop the packets of tracks that are not searched. It may have met new tracks. */
static void
others_discard(const struct media *m, const AVFormatContext *format)
{
	AVStream	*s;
	unsigned	i;

	for (i = 0; i < format->nb_streams; i++) {
		s = format->streams[i];
		if (!searched(m, s) && s->codecpar->codec_type != AVMEDIA_TYPE_UNKNOWN)
			s->discard = AVDISCARD_ALL;
	}
}

static int
packets_search(const struct media *m, AVFormatContext *format, int *stream, int *id)
{
	AVPacket	*packet = av_packet_alloc();
	AVFrame		*frame = av_frame_alloc();
	struct trials	t = { .n = 0 };
	const AVStream	*s;
	int		found = MEDIA_SOUND_NONE;

	others_discard(m, format);
	while (packet != NULL && frame != NULL && found != MEDIA_SOUND_FOUND && !media_limits_reached(m) && av_read_frame(format, packet) >= 0) {
		s = format->streams[packet->stream_index];
		if (searched(m, s) && avcodec_find_decoder(s->codecpar->codec_id) != NULL) {
			found = packet_sounds(&t, s, packet, frame) ? MEDIA_SOUND_FOUND : MEDIA_SOUND_DAMAGED;
			*stream = s->index;
			*id = s->id;
		}
		others_discard(m, format);
		av_packet_unref(packet);
	}
	trials_close(&t);
	av_frame_free(&frame);
	av_packet_free(&packet);

	return (found);
}

int
media_audio_search(struct media *m, int *stream, int *id)
{
	struct media	again = { .source = m->source, .film = m };
	int		found = MEDIA_SOUND_NONE;

	if (media_io_open(&again) && avformat_open_input(&again.format, "", m->format->iformat, NULL) >= 0)
		found = packets_search(m, again.format, stream, id);
	media_io_close(&again);
	m->source_failed |= again.source_failed;

	return (found);
}

/* Returns 1 if a packet that was read ahead gives sound, or is encrypted; *packets is the number of those before it. */
static int
ahead_sounds(const struct media *m, int *packets)
{
	AVFrame			*frame = av_frame_alloc();
	struct trials		t = { .n = 0 };
	struct media_error	encrypted = { 0 };
	const AVPacket		*p;
	int			i, found = 0;

	for (i = m->clock.first, *packets = 0; frame != NULL && i < m->clock.nahead && !found; i++) {
		p = m->clock.ahead[i];
		if (!media_track_uses(&m->tracks[0], p->stream_index))
			continue;
		found = media_encryption_check(p, &encrypted) != MEDIA_OK || packet_sounds(&t, m->format->streams[p->stream_index], p, frame);
		(*packets)++;
	}
	trials_close(&t);
	av_frame_free(&frame);

	return (found);
}

int
media_audio_damaged(const struct media *m, int stream)
{
	int	i;

	for (i = 0; i < m->ndamaged; i++) {
		if (m->damaged[i] == stream)
			return (1);
	}

	return (0);
}

void
media_audio_probe(struct media *m)
{
	int	packets, stream, id;

	if (m->ntracks == 0 || m->tracks[0].sounds[0].stream == -1 || ahead_sounds(m, &packets) || packets == 0)
		return;
	if (media_audio_search(m, &stream, &id) != MEDIA_SOUND_DAMAGED || media_limits_reached(m) || m->source_failed)
		return;
	if (m->tracks[0].nsounds == 1 && m->ndamaged < MEDIA_DAMAGED_MAX)
		m->damaged[m->ndamaged++] = m->tracks[0].sounds[0].stream;
	m->ntracks = 0;
	*m->info.audio_codec = '\0';
	m->info.audio_channels = m->info.audio_rate = 0;
	snprintf(m->silent, sizeof(m->silent), "%s", MEDIA_SOUND_DAMAGED_TEXT);
}
