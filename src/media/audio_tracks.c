/*
 * Chooses the audio tracks that become the sound of a film.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/common.h>

#include "base/language.h"
#include "media/internal.h"

#define NAMED_MAX	6	/* tracks that a note names */
#define SIDE		0.70710678f
#define SURROUND	6	/* channels */
#define AROUND		(AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT | AV_CH_BACK_LEFT | AV_CH_BACK_RIGHT | AV_CH_BACK_CENTER)
#define SPEEX_HEADER	80	/* bytes */
#define SPEEX_MODE	40	/* offset of the mode: narrowband, wideband, ultra-wideband */

/* Kinds of a track that are not the sound of the film as most viewers want it. */
#define APART		(AV_DISPOSITION_COMMENT | AV_DISPOSITION_HEARING_IMPAIRED | AV_DISPOSITION_VISUAL_IMPAIRED | AV_DISPOSITION_CLEAN_EFFECTS | \
			    AV_DISPOSITION_DESCRIPTIONS | AV_DISPOSITION_KARAOKE)

/* Points of a track, by the order in which they count. Channels and bit rate count less. */
#define POINTS_PROGRAM	(1 << 30)	/* of the same program as the video */
#define POINTS_KNOWN	(1 << 29)	/* the demuxer has seen its sound */
#define POINTS_MAIN	(1 << 28)
#define POINTS_LANGUAGE	(1 << 27)
#define POINTS_DEFAULT	(1 << 26)
#define CHANNELS_SHIFT	20
#define CHANNELS_MOST	16

static const char *
tag(const AVStream *s, const char *name)
{
	const AVDictionaryEntry	*e = av_dict_get(s->metadata, name, NULL, 0);

	return (e != NULL ? e->value : "");
}

/* Returns the language of a track, "" if unknown. */
static const char *
language(const AVStream *s)
{
	const char	*name = tag(s, "language");

	return (!strcmp(name, "und") || !strcmp(name, "mis") || !strcmp(name, "mul") || !strcmp(name, "zxx") ? "" : name);
}

static int
is_audio(const AVStream *s)
{
	return (s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO);
}

/* Returns 1 if the track has no packet, as far as its container tells. */
static int
empty(const struct media *m, const AVStream *s)
{
	return (!strncmp(m->format->iformat->name, "mov", 3) && s->nb_frames == 0 && s->duration <= 0 && avformat_index_get_entries_count(s) == 0);
}

static int
known(const AVStream *s)
{
	return (s->codecpar->ch_layout.nb_channels > 0 && s->codecpar->sample_rate > 0);
}

/* Returns 1 if FFmpeg has a decoder for the track which accepts its parameters. */
static int
decodable(const AVStream *s)
{
	const AVCodec	*codec = avcodec_find_decoder(s->codecpar->codec_id);
	AVCodecContext	*c;
	int		ok;

	if (codec == NULL || (c = avcodec_alloc_context3(codec)) == NULL)
		return (0);
	/* A decoder need not open without parameters, which it will find in the packets. */
	ok = !known(s) || (avcodec_parameters_to_context(c, s->codecpar) >= 0 && avcodec_open2(c, codec, NULL) >= 0);
	avcodec_free_context(&c);

	return (ok);
}

/* Returns 1 if both tracks belong to one program, or the video belongs to none. */
static int
program_shared(const struct media *m, int stream)
{
	const AVProgram	*p = NULL;
	unsigned	i;
	int		programs = 0;

	while ((p = av_find_program_from_stream(m->format, (AVProgram *)(uintptr_t)p, m->video)) != NULL) {
		programs++;
		for (i = 0; i < p->nb_stream_indexes; i++) {
			if (p->stream_index[i] == (unsigned)stream)
				return (1);
		}
	}

	return (programs == 0);
}

static int
apart(const AVStream *s)
{
	return ((s->disposition & APART) != 0 || av_stristr(tag(s, "title"), "commentary") != NULL ||
	    av_stristr(tag(s, "title"), "audio description") != NULL);
}

/* Returns the length of the text up to max bytes, without the beginning of a character (UTF-8) that does not fit. */
static int
length_cut(const char *text, size_t max)
{
	size_t	n = strnlen(text, max);

	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;

	return ((int)n);
}

/* Returns 1 for a track that is no sound of its own for viewers: parts to be mixed with others, and music without voices. */
static int
partial(const AVStream *s)
{
	return ((s->disposition & (AV_DISPOSITION_DEPENDENT | AV_DISPOSITION_CLEAN_EFFECTS | AV_DISPOSITION_KARAOKE)) != 0);
}

static enum media_purpose
purpose(const AVStream *s)
{
	const char	*title = tag(s, "title");

	if ((s->disposition & (AV_DISPOSITION_DESCRIPTIONS | AV_DISPOSITION_VISUAL_IMPAIRED)) || av_stristr(title, "audio description") != NULL)
		return (MEDIA_PURPOSE_DESCRIPTION);
	if ((s->disposition & AV_DISPOSITION_COMMENT) || av_stristr(title, "commentary") != NULL)
		return (MEDIA_PURPOSE_COMMENTARY);

	return (s->disposition & AV_DISPOSITION_HEARING_IMPAIRED ? MEDIA_PURPOSE_CLEAR : MEDIA_PURPOSE_MAIN);
}

/* Returns the number of a stream among those of sound, from 1. */
static int
number_of(const struct media *m, int stream)
{
	int	i, n = 0;

	for (i = 0; i <= stream; i++)
		n += is_audio(m->format->streams[i]);

	return (n);
}

/* Returns the language of the track that a player would take: the first default track, else the first one, decodable or not. */
static const char *
language_wanted(const struct media *m)
{
	const AVStream	*s, *first = NULL;
	unsigned	i;

	for (i = 0; i < m->format->nb_streams; i++) {
		s = m->format->streams[i];
		if (!is_audio(s) || apart(s) || empty(m, s))
			continue;
		if (s->disposition & AV_DISPOSITION_DEFAULT)
			return (language(s));
		if (first == NULL)
			first = s;
	}

	return (first != NULL ? language(first) : "");
}

/* Returns the points of a track; the one with most is the sound. */
static int
points(const struct media *m, int stream, const char *wanted)
{
	const AVStream		*s = m->format->streams[stream];
	const AVChannelLayout	*l = &s->codecpar->ch_layout;
	int			n = 0;

	n += program_shared(m, stream) ? POINTS_PROGRAM : 0;
	n += known(s) ? POINTS_KNOWN : 0;
	n += apart(s) ? 0 : POINTS_MAIN;
	n += !strcasecmp(language(s), wanted) ? POINTS_LANGUAGE : 0;
	n += s->disposition & AV_DISPOSITION_DEFAULT ? POINTS_DEFAULT : 0;
	if (l->order != AV_CHANNEL_ORDER_AMBISONIC && l->nb_channels <= CHANNELS_MOST)
		n += l->nb_channels << CHANNELS_SHIFT;

	return (n + (int)FFMIN(s->codecpar->bit_rate >> 10, (1 << CHANNELS_SHIFT) - 1));
}

int
media_audio_best(const struct media *m)
{
	const char	*wanted = language_wanted(m);
	unsigned	i;
	int		n, most = -1, found = -1;

	for (i = 0; i < m->format->nb_streams; i++) {
		if (!is_audio(m->format->streams[i]) || empty(m, m->format->streams[i]) || media_audio_damaged(m, (int)i) || !decodable(m->format->streams[i]))
			continue;
		if ((n = points(m, (int)i, wanted)) > most) {
			most = n;
			found = (int)i;
		}
	}

	return (found);
}

/* Returns 1 if `text` contains the word. */
static int
has_word(const char *text, const char *word)
{
	const char	*p = text;
	size_t		n = strlen(word);

	while ((p = av_stristr(p, word)) != NULL) {
		if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
			return (1);
		p++;
	}

	return (0);
}

/* Returns the place of a mono track by its title, AV_CHAN_NONE if that names none. */
static enum AVChannel
place_titled(const char *title)
{
	static const struct {
		const char	*word;
		enum AVChannel	place;
	}		names[] = { { "fl", AV_CHAN_FRONT_LEFT }, { "fr", AV_CHAN_FRONT_RIGHT }, { "lfe", AV_CHAN_LOW_FREQUENCY },
			    { "fc", AV_CHAN_FRONT_CENTER }, { "center", AV_CHAN_FRONT_CENTER }, { "centre", AV_CHAN_FRONT_CENTER },
			    { "ls", AV_CHAN_SIDE_LEFT }, { "sl", AV_CHAN_SIDE_LEFT }, { "lss", AV_CHAN_SIDE_LEFT },
			    { "rs", AV_CHAN_SIDE_RIGHT }, { "sr", AV_CHAN_SIDE_RIGHT }, { "rss", AV_CHAN_SIDE_RIGHT },
			    { "bl", AV_CHAN_BACK_LEFT }, { "lsr", AV_CHAN_BACK_LEFT }, { "lrs", AV_CHAN_BACK_LEFT },
			    { "br", AV_CHAN_BACK_RIGHT }, { "rsr", AV_CHAN_BACK_RIGHT }, { "rrs", AV_CHAN_BACK_RIGHT } };
	size_t		i;
	int		behind = has_word(title, "rear") || has_word(title, "back"), beside = has_word(title, "surround") || has_word(title, "side");

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (has_word(title, names[i].word))
			return (names[i].place);
	}
	if (has_word(title, "left") || has_word(title, "l"))
		return (behind ? AV_CHAN_BACK_LEFT : beside ? AV_CHAN_SIDE_LEFT : AV_CHAN_FRONT_LEFT);
	if (has_word(title, "right") || has_word(title, "r"))
		return (behind ? AV_CHAN_BACK_RIGHT : beside ? AV_CHAN_SIDE_RIGHT : AV_CHAN_FRONT_RIGHT);

	return (AV_CHAN_NONE);
}

/* Returns the place of a mono track: by its channel layout, else by its titles. Mono in the centre is no statement. */
static enum AVChannel
place(const AVStream *s)
{
	static const char	*const tags[] = { "title", "name", "handler_name" };
	enum AVChannel		found = av_channel_layout_channel_from_index(&s->codecpar->ch_layout, 0);
	size_t			i;

	if (found >= 0 && found != AV_CHAN_FRONT_CENTER && found < AV_CHAN_UNUSED)
		return (found);
	for (i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		if ((found = place_titled(tag(s, tags[i]))) != AV_CHAN_NONE)
			return (found);
	}

	return (AV_CHAN_NONE);
}

/* Adds a track of the source to the sound of an audio track. */
static struct media_sound *
sound_add(struct media_track *t, int stream, int id)
{
	struct media_sound	*s = &t->sounds[t->nsounds++];

	*s = (struct media_sound){ .stream = stream, .id = id, .stereo = { 1, 1 } };

	return (s);
}

/* The channels of stereo and 5.1 that get a mono track, with the gains of FFmpeg's mixer for stereo. */
static const struct {
	enum AVChannel	place;
	float		stereo[2];
	int		wide;		/* number of the channel of 5.1 */
} places[] = {
	{ AV_CHAN_FRONT_LEFT, { 1, 0 }, 0 },
	{ AV_CHAN_FRONT_RIGHT, { 0, 1 }, 1 },
	{ AV_CHAN_FRONT_CENTER, { SIDE, SIDE }, 2 },
	{ AV_CHAN_LOW_FREQUENCY, { 0, 0 }, 3 },
	{ AV_CHAN_SIDE_LEFT, { SIDE, 0 }, 4 },
	{ AV_CHAN_BACK_LEFT, { SIDE, 0 }, 4 },
	{ AV_CHAN_SIDE_RIGHT, { 0, SIDE }, 5 },
	{ AV_CHAN_BACK_RIGHT, { 0, SIDE }, 5 }
};

/* Adds a mono track with the channels of its place. */
static void
mono_add(struct media_track *t, int stream, size_t where)
{
	struct media_sound	*s = sound_add(t, stream, 0);

	s->mono = 1;
	memcpy(s->stereo, places[where].stereo, sizeof(s->stereo));
	s->wide[places[where].wide] = 1;
}

/* Returns 1 if the track could be a channel of the same sound as the track `like`: mono, of the same language. */
static int
channel_of(const struct media *m, int stream, int like)
{
	const AVStream	*s = m->format->streams[stream], *o = m->format->streams[like];

	return (is_audio(s) && s->codecpar->ch_layout.nb_channels == 1 && !apart(s) && !strcasecmp(language(s), language(o)) &&
	    program_shared(m, stream) && !media_audio_uses(m, stream) && !empty(m, s) && !media_audio_damaged(m, stream) && decodable(s));
}

/* Returns 1 if 5.1 can be made of channels in these places: at least six, among them the three in front and one beside or behind the listener. */
static int
places_surround(uint64_t mask)
{
	return ((mask & AV_CH_LAYOUT_SURROUND) == AV_CH_LAYOUT_SURROUND && (mask & AROUND) != 0 && av_popcount64(mask) >= SURROUND);
}

/* Adds up of 5.1 only what is beside and what is behind the listener, without clipping. */
static void
sides_lower(struct media_track *t)
{
	float	sum;
	int	c, i;

	for (c = 0; c < MEDIA_CHANNELS_MAX; c++) {
		for (i = 0, sum = 0; i < t->nsounds; i++)
			sum += t->sounds[i].wide[c];
		for (i = 0; i < t->nsounds && sum > 1; i++)
			t->sounds[i].wide[c] /= sum;
	}
}

/* Returns the element of places for a mono track, -1 if it names no place. */
static int
place_number(const AVStream *s)
{
	enum AVChannel	where = place(s);
	size_t		i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (places[i].place == where)
			return ((int)i);
	}

	return (-1);
}

/* Collects mono tracks of different places. Returns 1 if left and right are among them. */
static int
placed_join(const struct media *m, struct media_track *t, int like)
{
	int		streams[sizeof(places) / sizeof(*places)], number;
	uint64_t	mask = 0;
	size_t		i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++)
		streams[i] = -1;
	for (i = 0; i < m->format->nb_streams; i++) {
		number = place_number(m->format->streams[i]);
		if (number == -1 || streams[number] != -1 || !channel_of(m, (int)i, like))
			continue;
		streams[number] = (int)i;
		mask |= UINT64_C(1) << places[number].place;
	}
	t->surround = places_surround(mask);
	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (streams[i] != -1)
			mono_add(t, streams[i], i);
	}
	sides_lower(t);

	return ((mask & AV_CH_LAYOUT_STEREO) == AV_CH_LAYOUT_STEREO);
}

/* Takes the first two mono tracks of an MXF file: broadcasters write left and right so. Returns 1 if there are two. */
static int
mxf_find(const struct media *m, struct media_track *t, int like)
{
	unsigned	i;

	if (strcmp(m->format->iformat->name, "mxf") != 0)
		return (0);
	for (i = 0; i < m->format->nb_streams && t->nsounds < 2; i++) {
		if (channel_of(m, (int)i, like))
			mono_add(t, (int)i, (size_t)t->nsounds);	/* left, then right */
	}

	return (t->nsounds == 2);
}

/* Returns 1 if 5.1 can be made of a track. Channels without stated places have those of the usual layout of their number, as in audio.c. */
static int
surround(const AVStream *s)
{
	const AVChannelLayout	*l = &s->codecpar->ch_layout;
	AVChannelLayout		usual = { 0 };
	uint64_t		mask = 0;
	int			channel;

	if (l->order == AV_CHANNEL_ORDER_UNSPEC) {
		av_channel_layout_default(&usual, l->nb_channels);
		mask = usual.order == AV_CHANNEL_ORDER_NATIVE ? usual.u.mask : 0;
		av_channel_layout_uninit(&usual);
	}
	for (channel = 0; channel < 64 && (l->order == AV_CHANNEL_ORDER_NATIVE || l->order == AV_CHANNEL_ORDER_CUSTOM); channel++)
		mask |= av_channel_layout_index_from_channel(l, (enum AVChannel)channel) >= 0 ? UINT64_C(1) << channel : 0;

	return (places_surround(mask));
}

/* Adds an audio track whose sound is that of a stream, which may be one of several mono tracks that belong together. */
static void
track_add(struct media *m, int stream)
{
	const AVStream		*s = m->format->streams[stream];
	struct media_track	*t = &m->tracks[m->ntracks++];
	int			mono = s->codecpar->ch_layout.nb_channels == 1 && !apart(s);

	*t = (struct media_track){ .number = number_of(m, stream), .purpose = purpose(s) };
	(void)language_tag(tag(s, "language"), t->language);
	media_label_copy(t->label, sizeof(t->label), tag(s, "title"));
	if (mono && placed_join(m, t, stream) && media_track_uses(t, stream))
		return;
	t->nsounds = t->surround = 0;
	if (mono && mxf_find(m, t, stream) && media_track_uses(t, stream))
		return;
	t->nsounds = 0;
	sound_add(t, stream, s->id);
	t->surround = surround(s);
}

/* Adds the audio track of late_find(). Its stream is -1 if only a demuxer that reads on knows it. */
static void
late_add(struct media *m, int stream, int id)
{
	if (stream != -1) {
		track_add(m, stream);
		return;
	}
	m->tracks[0] = (struct media_track){ .language = "und" };
	sound_add(&m->tracks[0], stream, id);
	m->ntracks = 1;
}

/* Finds sound that begins after the part of the source that was probed: reads on, in a demuxer of its own, until the first sound. */
static void
late_find(struct media *m, int declared)
{
	unsigned	i;
	int		id, dvd, found, stream = -1;

	if (declared == -1 && !(m->format->ctx_flags & AVFMTCTX_NOHEADER))
		return;
	switch (media_audio_search(m, &found, &id)) {
	case MEDIA_SOUND_FOUND:
		for (i = 0; i < m->format->nb_streams; i++) {
			if (is_audio(m->format->streams[i]) && media_audio_same(m, m->format->streams[i], found, id))
				stream = (int)i;
		}
		late_add(m, stream, id);
		break;
	case MEDIA_SOUND_DAMAGED:
		snprintf(m->silent, sizeof(m->silent), "%s", MEDIA_SOUND_DAMAGED_TEXT);
		break;
	default:
		if (declared != -1 && media_scrambled(m, m->format->streams[declared]->id, &dvd) > 0)
			snprintf(m->silent, sizeof(m->silent), "it is encrypted (%s)", MEDIA_SCRAMBLED_NAME);
		break;
	}
}

static void
track_describe(const AVStream *s, int number, char *out, size_t size)
{
	const char	*lang = language(s), *title = tag(s, "title");

	snprintf(out, size, "%d (%.*s%s%s, %d channel%s%s%.*s)", number, length_cut(lang, 8), lang, *lang != '\0' ? ", " : "",
	    avcodec_get_name(s->codecpar->codec_id), s->codecpar->ch_layout.nb_channels, s->codecpar->ch_layout.nb_channels == 1 ? "" : "s",
	    *title != '\0' ? ", " : "", length_cut(title, 40), title);
}

/* Returns 1 if the film has an audio track with the language and purpose of a stream. */
static int
repeated(const struct media *m, const AVStream *s)
{
	char	language[LANGUAGE_MAX];
	int	i;

	(void)language_tag(tag(s, "language"), language);
	for (i = 0; i < m->ntracks; i++) {
		if (m->tracks[i].purpose == purpose(s) && !strcmp(m->tracks[i].language, language))
			return (1);
	}

	return (0);
}

/* Returns 1 if the stream can be decoded and was not chosen. */
static int
spare(const struct media *m, int stream)
{
	const AVStream	*s = m->format->streams[stream];

	return (is_audio(s) && !media_audio_uses(m, stream) && !media_audio_damaged(m, stream) && !empty(m, s) && known(s) && decodable(s));
}

/* Returns 1 if a spare stream can be a track of the film. */
static int
eligible(const struct media *m, int stream)
{
	return (program_shared(m, stream) && !partial(m->format->streams[stream]) && spare(m, stream));
}

/* Returns the best stream of the language and purpose of an eligible one. */
static int
best_like(const struct media *m, int stream)
{
	const AVStream	*like = m->format->streams[stream], *s;
	const char	*spoken = language(like);
	unsigned	i;
	int		found = stream;

	for (i = (unsigned)stream + 1; i < m->format->nb_streams; i++) {
		s = m->format->streams[i];
		if (is_audio(s) && purpose(s) == purpose(like) && !strcasecmp(language(s), spoken) &&
		    points(m, (int)i, spoken) > points(m, found, spoken) && eligible(m, (int)i))
			found = (int)i;
	}

	return (found);
}

/* Adds the other audio tracks of the film, one for each language and purpose. */
static void
others_add(struct media *m)
{
	unsigned	i;

	for (i = 0; i < m->format->nb_streams && m->ntracks < MEDIA_TRACKS_MAX; i++) {
		if (is_audio(m->format->streams[i]) && !repeated(m, m->format->streams[i]) && eligible(m, (int)i))
			track_add(m, best_like(m, (int)i));
	}
}

/* Reasons for which a track that could be decoded is left out. */
enum left {
	LEFT_REPEATED,
	LEFT_OTHER,
	LEFT_OVER,
	LEFT_REASONS
};

static enum left
left_reason(const struct media *m, int stream)
{
	const AVStream	*s = m->format->streams[stream];

	if (repeated(m, s))
		return (LEFT_REPEATED);

	return (!program_shared(m, stream) || partial(s) ? LEFT_OTHER : LEFT_OVER);
}

/* Notes the tracks that could be decoded but were left out for a reason, in one sentence. */
static void
left_out_note(struct media *m, enum left reason)
{
	static const char *const	reasons[] = { "since the film has another one of that language and purpose",
					    "since the sound belongs to another programme or is no whole sound", "since a film has at most 8 audio tracks" };
	char				list[640] = "", one[128];
	size_t				used = 0;
	unsigned			i;
	int				n = 0;

	for (i = 0; i < m->format->nb_streams; i++) {
		if (!spare(m, (int)i) || left_reason(m, (int)i) != reason || n++ >= NAMED_MAX)
			continue;
		track_describe(m->format->streams[i], number_of(m, (int)i), one, sizeof(one));
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", one);
		used = FFMIN(used, sizeof(list) - 1);
	}
	if (n > NAMED_MAX)
		media_note(m, "%d audio tracks were left out, %s: %s and %d more.", n, reasons[reason], list, n - NAMED_MAX);
	else if (n > 0)
		media_note(m, "%s left out, %s: %s.", n == 1 ? "An audio track was" : "Audio tracks were", reasons[reason], list);
}

/* Notes the tracks that are empty or cannot be decoded; if there is no other one, fills m->silent. */
static void
unusable_note(struct media *m)
{
	char		codec[96];
	const AVStream	*s;
	unsigned	i;
	int		number = 0, damaged = *m->silent != '\0';

	for (i = 0; i < m->format->nb_streams; i++) {
		s = m->format->streams[i];
		if (!is_audio(s))
			continue;
		number++;
		if (media_audio_damaged(m, (int)i)) {
			media_note(m, "Audio track %d was left out: nothing in it can be decoded, %s.", number, MEDIA_SOUND_DAMAGED_TEXT);
			continue;
		}
		if (media_audio_uses(m, (int)i) || (!empty(m, s) && known(s) && decodable(s)))
			continue;
		if (damaged && decodable(s))
			continue;
		if (empty(m, s) || decodable(s))
			media_note(m, "Audio track %d was left out: no sound was found in it.", number);
		else if (m->ntracks > 0)
			media_note(m, "Audio track %d was left out: unsupported audio codec %s.", number, media_codec_name(s->codecpar, codec, sizeof(codec)));
		else if (*m->silent == '\0')
			snprintf(m->silent, sizeof(m->silent), "unsupported audio codec %s (FFmpeg has no decoder)", media_codec_name(s->codecpar, codec, sizeof(codec)));
	}
}

/* Notes which track of a file with sound alone is used, if it has several. */
static void
alone_note(struct media *m)
{
	char		one[128];
	unsigned	i;
	int		stream = m->ntracks > 0 ? m->tracks[0].sounds[0].stream : -1, others = 0;

	for (i = 0; i < m->format->nb_streams; i++)
		others += is_audio(m->format->streams[i]) && !media_audio_uses(m, (int)i);
	if (stream == -1 || others == 0)
		return;
	track_describe(m->format->streams[stream], m->tracks[0].number, one, sizeof(one));
	media_note(m, "The file has more than one audio track; the one that was used is %s.", one);
}

static void
mono_note(struct media *m, const struct media_track *t)
{
	char		list[128] = "";
	size_t		used = 0;
	unsigned	i;
	int		number = 0;

	for (i = 0; i < m->format->nb_streams; i++) {
		if (!is_audio(m->format->streams[i]))
			continue;
		number++;
		if (!media_track_uses(t, (int)i) || used >= sizeof(list))
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%d", used > 0 ? ", " : "", number);
	}
	media_note(m, "The mono audio tracks %s were joined to one sound in %s.", list, t->surround ? "stereo and 5.1" : "stereo");
}

static void
info_fill(struct media *m)
{
	const AVCodecParameters	*par;

	if (m->tracks[0].sounds[0].stream == -1)
		return;
	par = m->format->streams[m->tracks[0].sounds[0].stream]->codecpar;
	snprintf(m->info.audio_codec, sizeof(m->info.audio_codec), "%s", avcodec_get_name(par->codec_id));
	m->info.audio_channels = m->tracks[0].nsounds > 1 ? 2 : par->ch_layout.nb_channels;
	m->info.audio_rate = par->sample_rate;
}

/*
 * Removes the header of Speex in wideband. FFmpeg's decoder takes the frame size in it for one of narrowband and doubles it;
 * without header it derives the size from the sample rate.
 */
static void
speex_repair(AVCodecParameters *par)
{
	if (par->codec_id != AV_CODEC_ID_SPEEX || par->extradata_size < SPEEX_HEADER || par->extradata[SPEEX_MODE] == 0 ||
	    (par->sample_rate != 16000 && par->sample_rate != 32000))
		return;
	av_freep(&par->extradata);
	par->extradata_size = 0;
}

void
media_audio_choose(struct media *m)
{
	int		stream, reason;
	unsigned	i;

	for (i = 0; i < m->format->nb_streams; i++)
		speex_repair(m->format->streams[i]->codecpar);
	stream = media_audio_best(m);
	if (stream >= 0 && known(m->format->streams[stream]))
		track_add(m, stream);
	else
		late_find(m, stream);
	if (m->video != -1 && m->ntracks > 0 && m->tracks[0].sounds[0].stream != -1)
		others_add(m);
	for (reason = 0; m->video != -1 && reason < LEFT_REASONS; reason++)
		left_out_note(m, (enum left)reason);
	if (m->video == -1)
		alone_note(m);
	unusable_note(m);
	for (i = 0; i < (unsigned)m->ntracks; i++) {
		if (m->tracks[i].nsounds > 1)
			mono_note(m, &m->tracks[i]);
	}
	if (m->ntracks > 0)
		info_fill(m);
}
