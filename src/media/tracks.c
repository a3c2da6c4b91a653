/*
 * Chooses the video track, and says what else a file has: why it is no film, and
 * what of it is left out.
 */
#include <stdio.h>
#include <string.h>

#include "media/internal.h"

/* Codecs that FFmpeg does not know or gives a name that nobody uses. */
static const struct {
	uint32_t	tag;
	const char	*name;
} tag_names[] = {
	{ MKTAG('a', 'p', 'r', 'n'), "Apple ProRes RAW" },
	{ MKTAG('a', 'p', 'r', 'h'), "Apple ProRes RAW HQ" },
	{ MKTAG('a', 'p', 'a', 'c'), "Apple Positional Audio (APAC)" },
	{ MKTAG('a', 'p', 'v', '1'), "Advanced Professional Video (APV)" },
	{ MKTAG('i', 'c', 'o', 'd'), "Apple Intermediate Codec" },
	{ MKTAG('b', 'r', 'a', 'w'), "Blackmagic RAW" },
	{ MKTAG('C', 'R', 'A', 'W'), "Canon Cinema RAW Light" },
	{ MKTAG('R', '3', 'D', ' '), "REDCODE RAW" },
	{ MKTAG('v', 'v', 'c', '1'), "H.266 (VVC)" },
	{ MKTAG('v', 'v', 'i', '1'), "H.266 (VVC)" },
	{ MKTAG('e', 'v', 'c', '1'), "MPEG-5 EVC" },
	{ MKTAG('a', 'c', '-', '4'), "Dolby AC-4" },
	{ MKTAG('m', 'h', 'a', '1'), "MPEG-H 3D Audio" },
	{ MKTAG('m', 'h', 'm', '1'), "MPEG-H 3D Audio" },
	{ MKTAG('i', 'a', 'm', 'f'), "IAMF (Eclipsa Audio)" },
	{ MKTAG('t', 'm', 'c', 'd'), "timecode" },
	{ MKTAG('m', 'e', 'b', 'x'), "timed metadata" },
	{ MKTAG('r', 't', 'm', 'd'), "timed metadata" },
	{ MKTAG('g', 'p', 'm', 'd'), "telemetry of GoPro" },
};

const char *
media_codec_name(const AVCodecParameters *par, char *buf, size_t size)
{
	const AVCodecDescriptor	*d = avcodec_descriptor_get(par->codec_id);
	char			tag[AV_FOURCC_MAX_STRING_SIZE];
	size_t			i;

	for (i = 0; i < sizeof(tag_names) / sizeof(*tag_names); i++) {
		if (par->codec_tag == tag_names[i].tag)
			return (tag_names[i].name);
	}
	if (d != NULL)
		snprintf(buf, size, "%.*s", (int)strcspn(d->long_name != NULL ? d->long_name : d->name, "/"), d->long_name != NULL ? d->long_name : d->name);
	else if (par->codec_tag != 0)
		snprintf(buf, size, "with the code \"%s\"", av_fourcc_make_string(tag, par->codec_tag));
	else
		snprintf(buf, size, "unknown");
	for (i = strlen(buf); i > 0 && buf[i - 1] == ' '; i--)
		buf[i - 1] = '\0';

	return (buf);
}

/* Returns the name of the protection of a track, NULL if it has none. */
static const char *
encryption_name(const AVFormatContext *format, const AVStream *s)
{
	const AVCodecParameters	*par = s->codecpar;

	switch (par->codec_tag) {
	case MKTAG('d', 'r', 'm', 'i'):
	case MKTAG('d', 'r', 'm', 's'):
	case MKTAG('p', '6', '0', '8'):
		return ("Apple FairPlay");
	case MKTAG('e', 'n', 'c', 'v'):
	case MKTAG('e', 'n', 'c', 'a'):
		return ("Common Encryption, CENC");
	}
	if (av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_ENCRYPTION_INIT_INFO) != NULL)
		return ("Common Encryption, CENC");
	if (av_dict_get(s->metadata, "enc_key_id", NULL, 0) != NULL)
		return ("encrypted Matroska or WebM");
	if (av_dict_get(format->metadata, "encryption", NULL, 0) != NULL)
		return ("Windows Media DRM");

	return (NULL);
}

static int
is_picture(const AVStream *s)
{
	return ((s->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) != 0);
}

/* Codecs of photos and covers, which films use too. */
static int
is_picture_codec(enum AVCodecID id)
{
	switch (id) {
	case AV_CODEC_ID_MJPEG:
	case AV_CODEC_ID_PNG:
	case AV_CODEC_ID_BMP:
	case AV_CODEC_ID_TIFF:
	case AV_CODEC_ID_WEBP:
	case AV_CODEC_ID_GIF:
	case AV_CODEC_ID_JPEG2000:
		return (1);
	default:
		return (0);
	}
}

int
media_encryption_fail(const char *what, const char *name, struct media_error *error)
{
	return (media_fail(error, MEDIA_UNSUPPORTED, "The %s is encrypted (%s). Please export it without copy protection.", what, name));
}

/* Returns how good a track is as the film: pictures in motion before single ones, readable tracks before others; -1 if it is a cover. */
static int
track_worth(const AVFormatContext *format, const AVStream *s)
{
	int	motion = 2;

	if (s->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || is_picture(s))
		return (-1);
	if (s->nb_frames == 1)
		motion = 0;
	else if (s->nb_frames == 0 && is_picture_codec(s->codecpar->codec_id))
		motion = 1;

	return (2 * motion + (avcodec_find_decoder(s->codecpar->codec_id) != NULL && encryption_name(format, s) == NULL));
}

/* Counts of the streams beside the chosen video track. */
struct contents {
	int	videos, covers, sounds, subtitles, attachments, data;
};

/* Returns 1 for the track of QuickTime that FFmpeg has read as chapters. */
static int
is_chapters(const AVFormatContext *format, const AVStream *s)
{
	return (format->nb_chapters > 0 && s->codecpar->codec_type == AVMEDIA_TYPE_DATA && s->codecpar->codec_id == AV_CODEC_ID_BIN_DATA);
}

/* Returns 1 for a track that is neither picture, sound nor subtitles. */
static int
is_data(const AVFormatContext *format, const AVStream *s)
{
	return ((s->codecpar->codec_type == AVMEDIA_TYPE_DATA || s->codecpar->codec_type == AVMEDIA_TYPE_UNKNOWN) && !is_chapters(format, s));
}

static struct contents
contents_count(const struct media *m)
{
	struct contents	c = { 0 };
	const AVStream	*s;
	unsigned	i;

	for (i = 0; i < m->format->nb_streams; i++) {
		s = m->format->streams[i];
		if (s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && is_picture(s))
			c.covers++;
		else if (s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
			c.videos += (int)i != m->video;
		else if (s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
			c.sounds++;
		else if (s->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE)
			c.subtitles++;
		else if (s->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT)
			c.attachments++;
		else
			c.data += is_data(m->format, s);
	}

	return (c);
}

/* Fails a file without video track: says what it has. */
static int
no_video(const struct media *m, struct media_error *error)
{
	struct contents	c = contents_count(m);
	const char	*has = c.sounds > 0 && c.covers > 0 ? "sound and a cover picture" : c.sounds > 0 ? "sound" : c.covers > 0 ? "a cover picture" :
			    c.subtitles > 0 ? "subtitles" : NULL;

	if (has == NULL)
		return (media_fail(error, MEDIA_NO_VIDEO_TRACK, "The file has no video track."));

	return (media_fail(error, MEDIA_NO_VIDEO_TRACK, "The file has only %s: it has no video track.", has));
}

/* Notes tracks such as timecode, with each kind once. */
static void
data_note(struct media *m, int count)
{
	char		list[160] = "", buf[80];
	const char	*name;
	unsigned	i;

	for (i = 0; i < m->format->nb_streams; i++) {
		if (!is_data(m->format, m->format->streams[i]))
			continue;
		name = media_codec_name(m->format->streams[i]->codecpar, buf, sizeof(buf));
		if (strstr(list, name) == NULL && strlen(list) + strlen(name) + 3 < sizeof(list))
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", *list != '\0' ? ", " : "", name);
	}
	if (count == 1)
		media_note(m, "A data track was left out: %s.", list);
	else if (count > 1)
		media_note(m, "%d data tracks were left out: %s.", count, list);
}

static void
tracks_note(struct media *m)
{
	struct contents	c = contents_count(m);

	if (c.videos == 1)
		media_note(m, "Another video track was left out.");
	else if (c.videos > 1)
		media_note(m, "%d other video tracks were left out.", c.videos);
	if (c.covers > 0)
		media_note(m, "The cover picture was left out.");
	if (c.attachments > 0)
		media_note(m, "The attached files, such as fonts, were left out.");
	data_note(m, c.data);
	if (m->format->nb_chapters > 0)
		media_note(m, "The chapter marks were left out.");
}

/* Returns 1 for the formats of photos of telephones, HEIC and AVIF, which are built like films. */
static int
is_photo_file(const AVFormatContext *format)
{
	static const char	brands[][5] = { "heic", "heix", "heim", "mif1", "avif" };
	const AVDictionaryEntry	*brand = av_dict_get(format->metadata, "major_brand", NULL, 0);
	size_t			i;

	for (i = 0; brand != NULL && i < sizeof(brands) / sizeof(*brands); i++) {
		if (!strncmp(brand->value, brands[i], 4))
			return (1);
	}

	return (0);
}

int
media_video_choose(struct media *m, struct media_error *error)
{
	AVFormatContext	*format = m->format;
	const char	*encryption;
	char		name[80];
	const AVStream	*s;
	int		i, best = -1, first = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);

	if (first >= 0 && track_worth(format, format->streams[first]) >= 0)
		best = first;
	for (i = 0; i < (int)format->nb_streams; i++) {
		if (track_worth(format, format->streams[i]) > (best == -1 ? -1 : track_worth(format, format->streams[best])))
			best = i;
	}
	if ((m->video = best) == -1)
		return (no_video(m, error));
	s = format->streams[best];
	if ((encryption = encryption_name(format, s)) != NULL)
		return (media_encryption_fail("video", encryption, error));
	if (avcodec_find_decoder(s->codecpar->codec_id) == NULL)
		return (media_fail(error, MEDIA_UNSUPPORTED, "Unsupported video codec: %s.", media_codec_name(s->codecpar, name, sizeof(name))));
	if (s->nb_frames == 1 || (s->nb_frames == 0 && is_photo_file(format)))
		return (media_one_frame(m, error));
	tracks_note(m);

	return (MEDIA_OK);
}

int
media_encryption_check(const AVPacket *p, struct media_error *error)
{
	size_t	size;

	if (av_packet_get_side_data(p, AV_PKT_DATA_ENCRYPTION_INFO, &size) == NULL)
		return (MEDIA_OK);

	return (media_encryption_fail("film", "Common Encryption, CENC", error));
}

int
media_one_frame(const struct media *m, struct media_error *error)
{
	const AVCodecParameters	*par = m->format->streams[m->video]->codecpar;
	char			name[80];

	return (media_fail(error, MEDIA_NOT_VIDEO, "The file is a picture (%s), not a film: its video has one frame only.",
	    par->codec_id == AV_CODEC_ID_MJPEG ? "JPEG" : media_codec_name(par, name, sizeof(name))));
}
