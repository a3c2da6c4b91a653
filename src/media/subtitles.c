/*
 * Tracks of subtitles: text becomes WebVTT on the clock of the film while the
 * film is transcoded. Subtitles that are pictures are only named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avstring.h>

#include "base/language.h"
#include "base/utf8.h"
#include "base/vtt.h"
#include "media/internal.h"

#define UNKNOWN_MS	4000	/* duration of a cue whose end the file does not state; the next cue ends it earlier */
#define EVENT_COMMAS	8	/* before the text of an event of SubStation Alpha */
#define EVENT_STYLE	2	/* commas before the name of its style */
#define NAMES_BYTES	160	/* of the names of tracks in a note */

struct text_track {
	int		stream;
	AVCodecContext	*decoder;
	struct vtt	vtt;
	int		open;		/* the end of the last cue is a guess */
	int		over;		/* a limit was reached */
	int64_t		damaged;	/* packets that do not decode */
};

struct media_subtitles {
	struct text_track	tracks[MEDIA_TEXTS_MAX];
	int			n;
};

static const char *
tag(const AVStream *s, const char *name)
{
	const AVDictionaryEntry	*e = av_dict_get(s->metadata, name, NULL, 0);

	return (e != NULL ? e->value : "");
}

static const char *
language(const AVStream *s, char out[LANGUAGE_MAX])
{
	(void)language_tag(tag(s, "language"), out);

	return (out);
}

static const char *
format_name(const AVStream *s, char *buf, size_t size)
{
	switch (s->codecpar->codec_id) {
	case AV_CODEC_ID_HDMV_PGS_SUBTITLE:
		return ("PGS of Blu-ray discs");
	case AV_CODEC_ID_DVD_SUBTITLE:
		return ("VobSub of DVDs");
	case AV_CODEC_ID_DVB_SUBTITLE:
		return ("DVB");
	case AV_CODEC_ID_XSUB:
		return ("XSUB of DivX");
	default:
		return (media_codec_name(s->codecpar, buf, size));
	}
}

static int
is_pictures(const AVStream *s)
{
	const AVCodecDescriptor	*d = avcodec_descriptor_get(s->codecpar->codec_id);

	return (d != NULL && (d->props & AV_CODEC_PROP_BITMAP_SUB) != 0);
}

/* Adds the format and language of a track to a list, once. */
static void
name_add(char names[NAMES_BYTES], const AVStream *s)
{
	char	buf[80], one[128], tag[LANGUAGE_MAX];
	size_t	len = strlen(names);

	snprintf(one, sizeof(one), "%s (%s)", format_name(s, buf, sizeof(buf)), language(s, tag));
	if (strstr(names, one) == NULL && len + strlen(one) + 2 < NAMES_BYTES)
		snprintf(names + len, NAMES_BYTES - len, "%s%s", len > 0 ? ", " : "", one);
}

/* Opens the decoder of a track. Returns NULL if its format cannot be converted. */
static AVCodecContext *
decoder_open(const AVStream *s)
{
	const AVCodec	*codec = is_pictures(s) ? NULL : avcodec_find_decoder(s->codecpar->codec_id);
	AVCodecContext	*c;

	if (codec == NULL || (c = avcodec_alloc_context3(codec)) == NULL)
		return (NULL);
	c->pkt_timebase = s->time_base;
	if (avcodec_parameters_to_context(c, s->codecpar) < 0 || avcodec_open2(c, codec, NULL) < 0)
		avcodec_free_context(&c);

	return (c);
}

int
media_subtitles_choose(struct media *m)
{
	char			pictures[NAMES_BYTES] = "", unknown[NAMES_BYTES] = "";
	struct media_subtitles	*t;
	AVCodecContext		*decoder;
	AVStream		*s;
	unsigned		i;

	if ((t = m->subtitles = calloc(1, sizeof(*t))) == NULL)
		return (0);
	for (i = 0; i < m->format->nb_streams; i++) {
		s = m->format->streams[i];
		if (s->codecpar->codec_type != AVMEDIA_TYPE_SUBTITLE)
			continue;
		if (t->n == MEDIA_TEXTS_MAX)
			media_note(m, "The film has more than %d tracks of subtitles; the others were left out.", MEDIA_TEXTS_MAX);
		else if ((decoder = decoder_open(s)) == NULL)
			name_add(is_pictures(s) ? pictures : unknown, s);
		else
			t->tracks[t->n++] = (struct text_track){ .stream = (int)i, .decoder = decoder };
	}
	if (*pictures != '\0')
		media_note(m, "Subtitles that are pictures cannot be converted to text and were left out: %s.", pictures);
	if (*unknown != '\0')
		media_note(m, "Subtitles in a format that cannot be converted were left out: %s.", unknown);

	return (1);
}

static struct text_track *
track_find(const struct media *m, int stream)
{
	int	i;

	for (i = 0; m->subtitles != NULL && i < m->subtitles->n; i++) {
		if (m->subtitles->tracks[i].stream == stream)
			return (&m->subtitles->tracks[i]);
	}

	return (NULL);
}

int
media_subtitles_uses(const struct media *m, int stream)
{
	return (track_find(m, stream) != NULL);
}

int
media_text_tracks(const struct media *m)
{
	return (m->subtitles != NULL ? m->subtitles->n : 0);
}

/* Returns the text after `commas` commas, NULL if there are fewer. */
static const char *
commas_skip(const char *text, int commas)
{
	for (; commas > 0 && text != NULL; commas--) {
		if ((text = strchr(text, ',')) != NULL)
			text++;
	}

	return (text);
}

/* Returns the number of commas before a column in the line "Format:" of the styles, -1 if there is none. */
static int
column_find(const char *header, const char *name)
{
	const char	*p = strstr(header, "Styles]");
	size_t		len = strlen(name);
	int		commas = 0;

	if (p == NULL || (p = strstr(p, "Format:")) == NULL)
		return (-1);
	for (p += strlen("Format:"); *p != '\0' && *p != '\n'; p++) {
		commas += *p == ',';
		if ((*p == ',' || *p == ' ') && !strncmp(p + 1, name, len) && strchr(", \r\n", p[1 + len]) != NULL)
			return (commas);
	}

	return (-1);
}

/* Returns 1 if the style of an event is italic, by the header of SubStation Alpha that each decoder has. */
static int
is_italic(const AVCodecContext *c, const char *style)
{
	const char	*header = (const char *)c->subtitle_header, *p, *value;
	size_t		len = strcspn(style, ",");
	int		column;

	if (header == NULL || (column = column_find(header, "Italic")) == -1)
		return (0);
	for (p = strstr(header, "\nStyle:"); p != NULL; p = strstr(p + 1, "\nStyle:")) {
		value = p + strlen("\nStyle:");
		value += strspn(value, " ");
		if (!strncmp(value, style, len) && value[len] == ',' && (value = commas_skip(value, column)) != NULL)
			return (*value != '0');
	}

	return (0);
}

static void
cue_add(struct text_track *t, int64_t start, int64_t end, const char *event)
{
	const char	*style = commas_skip(event, EVENT_STYLE), *text = commas_skip(event, EVENT_COMMAS);

	if (text != NULL && vtt_add(&t->vtt, start, end, text, strlen(text), VTT_MARKUP_ASS, is_italic(t->decoder, style) ? VTT_ITALIC : 0) != VTT_OK)
		t->over = 1;
}

/* Ends the cue before, whose end was a guess, when the next one begins. */
static void
guess_end(struct text_track *t, int64_t start)
{
	struct vtt_cue	*c = t->vtt.count > 0 ? &t->vtt.cues[t->vtt.count - 1] : NULL;

	if (t->open && c != NULL && c->start < start && start < c->end)
		c->end = start;
	t->open = 0;
}

/* Returns a packet whose text is UTF-8: the packet itself, or a copy that the caller frees. NULL if out of memory. */
static AVPacket *
packet_utf8(AVPacket *p, enum AVCodecID codec)
{
	AVPacket	*copy;
	char		*text;
	size_t		n;
	int		ok;

	if (codec == AV_CODEC_ID_MOV_TEXT || p->size <= 0 || utf8_ok((const char *)p->data, (size_t)p->size))
		return (p);
	if ((text = vtt_utf8((const char *)p->data, (size_t)p->size, &n)) == NULL)
		return (NULL);
	copy = av_packet_alloc();
	ok = copy != NULL && n <= VTT_FILE_MAX && av_new_packet(copy, (int)n) >= 0 && av_packet_copy_props(copy, p) >= 0;
	if (ok)
		memcpy(copy->data, text, n);
	else
		av_packet_free(&copy);
	free(text);

	return (copy);
}

static void
packet_decode(struct text_track *t, AVPacket *packet, int64_t start, int64_t end)
{
	AVPacket	*p = packet_utf8(packet, t->decoder->codec_id);
	AVSubtitle	sub = { 0 };
	unsigned	i;
	int		got = 0;

	if (p == NULL || avcodec_decode_subtitle2(t->decoder, &sub, &got, p) < 0) {
		t->damaged++;
	} else if (got) {
		for (i = 0; i < sub.num_rects && !t->over; i++) {
			if (sub.rects[i]->ass != NULL)
				cue_add(t, start, end, sub.rects[i]->ass);
		}
		avsubtitle_free(&sub);
	}
	if (p != packet)
		av_packet_free(&p);
}

void
media_subtitles_packet(struct media *m, AVPacket *p)
{
	struct text_track	*t = track_find(m, p->stream_index);
	AVRational		base;
	int64_t			start, end;

	if (t == NULL || t->over || p->pts == AV_NOPTS_VALUE || p->size > (int)VTT_FILE_MAX)
		return;
	base = m->format->streams[p->stream_index]->time_base;
	start = av_rescale(av_rescale_q(p->pts, base, AV_TIME_BASE_Q) - m->clock.origin, 1000, AV_TIME_BASE);
	end = start + (p->duration > 0 ? av_rescale_q(p->duration, base, (AVRational){ 1, 1000 }) : UNKNOWN_MS);
	guess_end(t, start);
	packet_decode(t, p, start, end);
	t->open = p->duration <= 0;
}

/* Returns 1 if the title of a track has a word that stands for subtitles for the deaf and hard of hearing. */
static int
titled_captions(const char *title)
{
	return (av_stristr(title, "SDH") != NULL || av_stristr(title, "hearing") != NULL || av_stristr(title, "closed caption") != NULL ||
	    strstr(title, "[CC]") != NULL || strstr(title, "(CC)") != NULL || !strcmp(title, "CC"));
}

void
media_label_copy(char *out, size_t size, const char *title)
{
	const char	*end = title + strlen(title);
	size_t		len, at = 0;

	for (; title < end; title += len > 0 ? len : 1) {
		len = utf8_length(title, end);
		if (at + len >= size)
			break;
		if (len > 1 || (len == 1 && *title >= ' ' && *title != 0x7f)) {
			memcpy(out + at, title, len);
			at += len;
		}
	}
	out[at] = '\0';
}

/* Notes what was left out of a track. */
static void
track_note(struct media *m, const struct text_track *t, const char *tag)
{
	if (t->over)
		media_note(m, "The subtitles of track %d (%s) were left out: they have more than %d cues or %u MB.", t->stream + 1, tag, VTT_CUES_MAX,
		    VTT_FILE_MAX >> 20);
	else if (t->damaged > 0)
		media_note(m, "Of the subtitles of track %d (%s), %lld could not be read and were left out.", t->stream + 1, tag, (long long)t->damaged);
}

/* Makes the text of a track. Returns 0 if out of memory. */
static int
track_make(struct media *m, struct text_track *t, struct media_text *out)
{
	const AVStream	*s = m->format->streams[t->stream];
	const char	*title = tag(s, "title");

	(void)language(s, out->language);
	track_note(m, t, out->language);
	if (t->over || t->vtt.count == 0)
		return (1);
	media_label_copy(out->label, sizeof(out->label), title);
	out->is_default = (s->disposition & AV_DISPOSITION_DEFAULT) != 0;
	out->forced = (s->disposition & AV_DISPOSITION_FORCED) != 0 || av_stristr(title, "forced") != NULL;
	out->captions = (s->disposition & AV_DISPOSITION_HEARING_IMPAIRED) != 0 || titled_captions(title);
	out->vtt = vtt_write(&t->vtt, &out->size);
	out->cues = t->vtt.count;

	return (out->vtt != NULL);
}

int
media_subtitles_end(struct media *m, struct media_result *result)
{
	struct media_subtitles	*t = m->subtitles;
	struct media_text	*texts;
	int			i, n = 0;

	if (t->n == 0)
		return (1);
	if ((texts = calloc((size_t)t->n, sizeof(*texts))) == NULL)
		return (0);
	result->texts = texts;
	for (i = 0; i < t->n; i++) {
		if (!track_make(m, &t->tracks[i], &texts[n]))
			return (0);
		if (texts[n].vtt != NULL)
			result->ntexts = ++n;
	}

	return (1);
}

void
media_texts_free(struct media_result *result)
{
	int	i;

	for (i = 0; i < result->ntexts; i++)
		free(result->texts[i].vtt);
	free(result->texts);
}

void
media_subtitles_close(struct media *m)
{
	int	i;

	for (i = 0; m->subtitles != NULL && i < m->subtitles->n; i++) {
		avcodec_free_context(&m->subtitles->tracks[i].decoder);
		vtt_free(&m->subtitles->tracks[i].vtt);
	}
	free(m->subtitles);
}
