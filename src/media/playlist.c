/*
 * HLS and DASH playlists. All byte ranges are those of struct media_stream.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/playlist.h"

#define AUDIO_GROUP	"audio"
#define TEXT_GROUP	"text"
#define FOR_THE_DEAF	"public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
#define AUDIO_CHANNELS	2	/* the renditions have stereo sound */
#define START_RATE	730e3	/* bit/s: what Apple's authoring rules name for mobile networks */
#define GROUP_MAX	32	/* of the name of a group of sounds */
#define DESCRIBES_VIDEO	"public.accessibility.describes-video"
#define CLEAR_SPEECH	"public.accessibility.enhances-speech-intelligibility"
#define SURROUND_ID	51	/* DASH: the adaptation sets of sounds with more than two channels have the numbers behind it */
#define TEXT_ID		101	/* DASH: number of the first adaptation set of text; those of the sound come before */
#define TEXT_BANDWIDTH	1000	/* DASH: bit/s of a track of text; DASH wants a number, and no player chooses by it */
#define INDEX_WASTE	10	/* DASH: a tenth of the bytes of a track may be those of the other */

struct text {
	char	*data;
	size_t	len, size;
	int	failed;
};

static int
text_grow(struct text *t, size_t more)
{
	char	*grown;

	if (t->failed || (grown = realloc(t->data, (t->size + more) * 2)) == NULL) {
		t->failed = 1;
		return (0);
	}
	t->data = grown;
	t->size = (t->size + more) * 2;

	return (1);
}

static void __attribute__((format(printf, 2, 3)))
add(struct text *t, const char *fmt, ...)
{
	va_list	args;
	size_t	n;

	for (;;) {
		va_start(args, fmt);
		n = (size_t)vsnprintf(t->data != NULL ? t->data + t->len : NULL, t->size - t->len, fmt, args);
		va_end(args);
		if (n < t->size - t->len)
			break;
		if (!text_grow(t, n + 1))
			return;
	}
	t->len += n;
}

static char *
finish(struct text *t)
{
	if (t->failed) {
		free(t->data);
		return (NULL);
	}

	return (t->data);
}

/* Adds a text as an XML attribute or element. Control characters, which XML forbids, are left out. */
static void
add_xml(struct text *t, const char *s)
{
	static const char	special[] = "&<>\"";
	static const char	*names[] = { "&amp;", "&lt;", "&gt;", "&quot;" };
	const char		*found;

	for (; *s != '\0'; s++) {
		if ((found = strchr(special, *s)) != NULL)
			add(t, "%s", names[found - special]);
		else if ((unsigned char)*s >= ' ')
			add(t, "%c", *s);
	}
}

/* Adds an HLS quoted string, which can hold no quotation mark and no control character (RFC 8216 §4.2). */
static void
add_quoted(struct text *t, const char *s)
{
	add(t, "\"");
	for (; *s != '\0'; s++) {
		if (*s != '"' && (unsigned char)*s >= ' ')
			add(t, "%c", *s);
	}
	add(t, "\"");
}

/* Returns a time in milliseconds, rounded. */
static uint64_t
milliseconds(uint64_t units, uint32_t timescale)
{
	return ((units * 1000 + timescale / 2) / timescale);
}

/* Adds a number of milliseconds as seconds, with as few decimals as it needs. */
static void
add_seconds(struct text *t, uint64_t ms)
{
	char	digits[32];
	size_t	n;

	n = (size_t)snprintf(digits, sizeof(digits), "%llu.%03llu", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
	while (digits[n - 1] == '0')
		n--;
	add(t, "%.*s", (int)(digits[n - 1] == '.' ? n - 1 : n), digits);
}

void
media_list_name(enum media_list kind, const char *what, char out[MEDIA_LIST_NAME_MAX])
{
	snprintf(out, MEDIA_LIST_NAME_MAX, "%c-%s.m3u8", (int)kind, what);
}

int
media_sound_of(const struct media_rendition *list, int n, const char *tag, const char *name, struct media_sound_listed *sound)
{
	while (--n >= 0 && list[n].audio.nsegments == 0)
		;
	if (n >= 0)
		*sound = (struct media_sound_listed){ .id = tag, .track = 1, .tag = tag, .name = name, .channels = AUDIO_CHANNELS,
		    .stream = &list[n].audio };

	return (n);
}

static void
add_frame_size(struct text *t, const struct media_rendition *r)
{
	add(t, ",RESOLUTION=%dx%d,VIDEO-RANGE=SDR", r->width, r->height);
}

/* The sounds of a film, and one of them which stands for its group: those with its channels and bit rate. */
struct group {
	const struct media_sound_listed	*sounds;
	int				nsounds;
	const struct media_sound_listed	*like;	/* NULL: the film has no sound */
};

static int
is_surround(const struct media_sound_listed *s)
{
	return (s->channels > AUDIO_CHANNELS);
}

/* Writes the name of a group: "audio", "audio-surround" for more than two channels, or with a number for a lower bit rate. */
static void
group_name(const struct group *g, char out[GROUP_MAX])
{
	if (is_surround(g->like))
		snprintf(out, GROUP_MAX, AUDIO_GROUP "-surround");
	else if (g->like->bitrate == g->sounds[0].bitrate)
		snprintf(out, GROUP_MAX, AUDIO_GROUP);
	else
		snprintf(out, GROUP_MAX, AUDIO_GROUP "-%d", g->like->bitrate / 1000);
}

/* Returns 1 if a sound is in the group. Each group has all tracks, so stereo stands in for a track without more channels. */
static int
group_has(const struct group *g, const struct media_sound_listed *s)
{
	int	i;

	if (s->channels == g->like->channels && s->bitrate == g->like->bitrate)
		return (1);
	if (!is_surround(g->like) || is_surround(s) || s->bitrate != g->sounds[0].bitrate)
		return (0);
	for (i = 0; i < g->nsounds && (g->sounds[i].track != s->track || !is_surround(&g->sounds[i])); i++)
		;

	return (i == g->nsounds);
}

/* Returns how many sounds before this one have its name in the group. */
static int
namesakes(const struct group *g, const struct media_sound_listed *s)
{
	const struct media_sound_listed	*before;
	int				n = 0;

	for (before = g->sounds; before < s; before++)
		n += group_has(g, before) && !strcmp(before->name, s->name);

	return (n);
}

/* Adds a sound to a group. A commentary is not played unless a viewer chooses it. Names in a group differ as those of add_subtitle(). */
static void
add_sound(struct text *t, const struct group *g, const struct media_sound_listed *s, const char *query)
{
	char	group[GROUP_MAX], list[MEDIA_LIST_NAME_MAX], name[256];
	int	before = namesakes(g, s), first = s->track == g->sounds[0].track;

	group_name(g, group);
	media_list_name(MEDIA_LIST_AUDIO, s->id, list);
	add(t, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"%s\",NAME=", group);
	snprintf(name, sizeof(name), before > 0 ? "%.200s (%d)" : "%.200s", s->name, before + 1);
	add_quoted(t, name);
	if (strcmp(s->tag, "und"))
		add(t, ",LANGUAGE=\"%s\"", s->tag);
	add(t, ",DEFAULT=%s,AUTOSELECT=%s%s,CHANNELS=\"%d\",URI=\"%s%s\"\n", first ? "YES" : "NO",
	    !first && s->purpose == MEDIA_PURPOSE_COMMENTARY ? "NO" : "YES",
	    s->purpose == MEDIA_PURPOSE_DESCRIPTION ? ",CHARACTERISTICS=\"" DESCRIBES_VIDEO "\"" :
	    s->purpose == MEDIA_PURPOSE_CLEAR ? ",CHARACTERISTICS=\"" CLEAR_SPEECH "\"" : "", s->channels, list, query);
}

/* Returns the highest bit rate in a group: the peak, or the average. */
static uint32_t
group_rate(const struct group *g, int peak)
{
	uint32_t	rate, most = 0;
	int		i;

	for (i = 0; i < g->nsounds; i++) {
		rate = peak ? g->sounds[i].stream->peak : g->sounds[i].stream->average;
		if (group_has(g, &g->sounds[i]) && rate > most)
			most = rate;
	}

	return (most);
}

/* Returns the group that is played with a rendition: with the smallest of several that of the lowest bit rate. */
static struct group
group_choose(const struct media_sound_listed *sounds, int nsounds, int smallest)
{
	struct group	g = { .sounds = sounds, .nsounds = nsounds, .like = nsounds > 0 ? sounds : NULL };
	int		i;

	for (i = 1; i < nsounds && smallest; i++) {
		if (sounds[i].track == sounds[0].track && sounds[i].channels == sounds[0].channels && sounds[i].bitrate < g.like->bitrate)
			g.like = &sounds[i];
	}

	return (g);
}

/* Returns the group with more than two channels, if there is one. */
static struct group
group_surround(const struct media_sound_listed *sounds, int nsounds)
{
	struct group	g = { .sounds = sounds, .nsounds = nsounds };
	int		i;

	for (i = 0; i < nsounds && g.like == NULL; i++)
		g.like = is_surround(&sounds[i]) ? &sounds[i] : NULL;

	return (g);
}

/* Adds the sounds: those with two channels, then the group with more. */
static void
add_groups(struct text *t, const struct media_sound_listed *sounds, int nsounds, const char *query)
{
	struct group	g = { .sounds = sounds, .nsounds = nsounds }, wide = group_surround(sounds, nsounds);
	int		i;

	for (i = 0; i < nsounds; i++) {
		g.like = &sounds[i];
		if (!is_surround(g.like))
			add_sound(t, &g, &sounds[i], query);
	}
	for (i = 0; i < nsounds && wide.like != NULL; i++) {
		if (group_has(&wide, &sounds[i]))
			add_sound(t, &wide, &sounds[i], query);
	}
}

/* Adds a variant: a rendition with a group of sounds, if the film has sound. */
static void
add_variant(struct text *t, const struct media_rendition *r, const struct group *g, int ntexts, const char *query)
{
	int	heard = g->like != NULL;
	char	name[MEDIA_LIST_NAME_MAX], group[GROUP_MAX];

	media_list_name(MEDIA_LIST_VIDEO, media_rung_name(r->rung), name);
	add(t, "#EXT-X-STREAM-INF:BANDWIDTH=%u,AVERAGE-BANDWIDTH=%u,CODECS=\"%s%s%s\"", r->video.peak + (heard ? group_rate(g, 1) : 0),
	    r->video.average + (heard ? group_rate(g, 0) : 0), r->video.codecs, heard ? "," : "", heard ? g->like->stream->codecs : "");
	add_frame_size(t, r);
	add(t, ",FRAME-RATE=%.3f,CLOSED-CAPTIONS=NONE", (double)r->fps_num / r->fps_den);
	if (heard) {
		group_name(g, group);
		add(t, ",AUDIO=\"%s\"", group);
	}
	add(t, "%s\n%s%s\n", ntexts > 0 ? ",SUBTITLES=\"" TEXT_GROUP "\"" : "", name, query);
}

/* Adds the variants of a rendition: with two channels, and with more, which are for the larger ones of several. */
static void
add_variants(struct text *t, const struct media_rendition *r, const struct media_sound_listed *sounds, int nsounds, int smallest, int ntexts,
    const char *query)
{
	struct group	g = group_choose(sounds, nsounds, smallest), wide = group_surround(sounds, nsounds);

	add_variant(t, r, &g, ntexts, query);
	if (wide.like != NULL && !smallest)
		add_variant(t, r, &wide, ntexts, query);
}

/* Adds track i of text. Names in a group differ (RFC 8216 §4.3.4.1.1): one that is there already gets a number. */
static void
add_subtitle(struct text *t, const struct media_subtitle *texts, int i, const char *query)
{
	const struct media_subtitle	*s = &texts[i];
	char				name[256];
	int				k, same = 1;

	for (k = 0; k < i; k++)
		same += !strcmp(texts[k].name, s->name);
	snprintf(name, sizeof(name), same > 1 ? "%.200s (%d)" : "%.200s", s->name, same);
	add(t, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"" TEXT_GROUP "\",NAME=");
	add_quoted(t, name);
	if (strcmp(s->tag, "und") != 0)
		add(t, ",LANGUAGE=\"%s\"", s->tag);
	add(t, ",DEFAULT=%s,AUTOSELECT=YES%s%s,URI=\"t-%s.m3u8%s\"\n", s->is_default ? "YES" : "NO", s->forced ? ",FORCED=YES" : "",
	    s->captions ? ",CHARACTERISTICS=\"" FOR_THE_DEAF "\"" : "", s->id, query);
}

/*
 * Returns the rendition to list first, with which AVPlayer and hls.js start: the nearest to START_RATE as a ratio. On a slow network, one of a
 * higher rate costs many seconds, after which hls.js gives its first segment up and begins anew with a lower one.
 */
static int
variant_first(const struct media_rendition *list, int n)
{
	double	distance, least = INFINITY;
	int	i, found = n - 1;

	for (i = 0; i < n; i++) {
		distance = fabs(log(fmax(list[i].video.average, 1) / START_RATE));
		if (distance < least) {
			least = distance;
			found = i;
		}
	}

	return (found);
}

static void
add_iframes(struct text *t, const struct media_rendition *r, const char *query)
{
	char	name[MEDIA_LIST_NAME_MAX];

	if (r->video.iframe_peak == 0)
		return;
	media_list_name(MEDIA_LIST_IFRAMES, media_rung_name(r->rung), name);
	add(t, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=%u,CODECS=\"%s\"", r->video.iframe_peak, r->video.codecs);
	add_frame_size(t, r);
	add(t, ",URI=\"%s%s\"\n", name, query);
}

char *
media_hls_master(const struct media_rendition *list, int n, const struct media_sound_listed *sounds, int nsounds,
    const struct media_subtitle *texts, int ntexts, const char *query)
{
	struct text	t = { 0 };
	int		first = variant_first(list, n), i;

	add(&t, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
	add_groups(&t, sounds, nsounds, query);
	for (i = 0; i < ntexts; i++)
		add_subtitle(&t, texts, i, query);
	add_variants(&t, &list[first], sounds, nsounds, n > 1 && first == n - 1, ntexts, query);
	for (i = 0; i < n; i++) {
		if (i != first)
			add_variants(&t, &list[i], sounds, nsounds, n > 1 && i == n - 1, ntexts, query);
	}
	for (i = 0; i < n; i++)
		add_iframes(&t, &list[i], query);

	return (finish(&t));
}

char *
media_hls_text(double duration, const char *uri)
{
	struct text	t = { 0 };

	add(&t, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%ld\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:%.3f,\n%s\n#EXT-X-ENDLIST\n",
	    lround(duration) > 0 ? lround(duration) : 1, duration, uri);

	return (finish(&t));
}

/* Returns EXT-X-TARGETDURATION: no duration, rounded to a whole number of seconds, is above it. */
static long
target_duration(const struct media_stream *s)
{
	uint32_t	longest = 0;
	size_t		i;

	for (i = 0; i < s->nsegments; i++)
		longest = s->segments[i].duration > longest ? s->segments[i].duration : longest;
	/* A duration in a playlist is up to 1 ms above that of its segment. */
	i = (size_t)lround((double)longest / s->timescale + 0.001);

	return (i > 0 ? (long)i : 1);
}

char *
media_hls_media(const struct media_stream *s, enum media_list kind, const char *uri, int define)
{
	const struct media_stream_segment	*segment;
	struct text				t = { 0 };
	uint64_t				time = 0, begin, end = 0;	/* units; milliseconds */
	size_t					i;

	add(&t, "#EXTM3U\n#EXT-X-VERSION:%d\n", define ? 8 : 7);
	if (define)
		add(&t, "#EXT-X-DEFINE:NAME=\"m\",VALUE=\"%s\"\n", uri);
	add(&t, "#EXT-X-TARGETDURATION:%ld\n#EXT-X-PLAYLIST-TYPE:VOD\n%s\n#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%u@%llu\"\n", target_duration(s),
	    kind == MEDIA_LIST_IFRAMES ? "#EXT-X-I-FRAMES-ONLY" : "#EXT-X-INDEPENDENT-SEGMENTS", define ? "{$m}" : uri, s->init.size,
	    (unsigned long long)s->init.offset);
	for (i = 0; i < s->nsegments; i++) {
		segment = &s->segments[i];
		/* Durations are the differences of rounded times, so that the segments of a long film do not drift from their times. */
		begin = end;
		end = milliseconds(time += segment->duration, s->timescale);
		add(&t, "#EXTINF:");
		add_seconds(&t, end - begin);
		add(&t, ",\n#EXT-X-BYTERANGE:%u@%llu\n%s\n", kind == MEDIA_LIST_IFRAMES ? segment->iframe : segment->size,
		    (unsigned long long)segment->offset, define ? "{$m}" : uri);
	}
	add(&t, "#EXT-X-ENDLIST\n");

	return (finish(&t));
}

/*
 * Returns 1 if players may read the index of the object in place of a list of
 * segments. They then read also what stands between the segments, which must be
 * little.
 */
static int
index_suffices(const struct media_stream *s)
{
	const struct media_stream_segment	*last = &s->segments[s->nsegments - 1];
	uint64_t				own = 0;
	size_t					i;

	for (i = 0; i < s->nsegments; i++)
		own += s->segments[i].size;

	return (s->index.size > 0 && last->offset + last->size - s->segments[0].offset <= own + own / INDEX_WASTE);
}

static void
add_range(struct text *t, const char *name, uint64_t offset, uint32_t size)
{
	add(t, " %s=\"%llu-%llu\"", name, (unsigned long long)offset, (unsigned long long)(offset + size - 1));
}

/* Returns the sum of the durations of n segments. */
static uint64_t
segments_time(const struct media_stream *s, size_t n)
{
	uint64_t	sum = 0;

	while (n-- > 0)
		sum += s->segments[n].duration;

	return (sum);
}

/*
 * Returns the duration from which players may compute the number of the segments
 * and, roughly, their times (ISO/IEC 23009-1 §5.3.9.2.2), 0 if there is none.
 */
static uint32_t
usual_duration(const struct media_stream *s)
{
	uint64_t	usual, time = 0;
	size_t		i, n = s->nsegments;

	usual = n > 1 ? segments_time(s, n - 1) / (n - 1) : s->segments[0].duration;
	for (i = 0; i < n; time += s->segments[i++].duration) {
		if (time + usual / 4 < i * usual || time > i * usual + usual / 4)
			return (0);
	}

	return (time > (n - 1) * usual && time <= n * usual ? (uint32_t)usual : 0);
}

/* Each segment has its own S element, because dash.js takes the URL of a segment by the number of the element. */
static void
add_timeline(struct text *t, const struct media_stream *s)
{
	size_t	i;

	add(t, "<SegmentTimeline>");
	for (i = 0; i < s->nsegments; i++)
		add(t, "<S d=\"%u\"/>", s->segments[i].duration);
	add(t, "</SegmentTimeline>");
}

static void
add_segment_list(struct text *t, const struct media_stream *s)
{
	uint32_t	usual = usual_duration(s);
	size_t		i;

	add(t, "<SegmentList timescale=\"%u\"", s->timescale);
	if (usual > 0)
		add(t, " duration=\"%u\"", usual);
	add(t, "><Initialization");
	add_range(t, "range", s->init.offset, s->init.size);
	add(t, "/>");
	if (usual == 0)
		add_timeline(t, s);
	for (i = 0; i < s->nsegments; i++) {
		add(t, "\n<SegmentURL");
		add_range(t, "mediaRange", s->segments[i].offset, s->segments[i].size);
		add(t, "/>");
	}
	add(t, "</SegmentList>\n");
}

static void
add_segments(struct text *t, const struct media_stream *s)
{
	if (!index_suffices(s)) {
		add_segment_list(t, s);
		return;
	}
	add(t, "<SegmentBase timescale=\"%u\"", s->timescale);
	add_range(t, "indexRange", s->index.offset, s->index.size);
	add(t, "><Initialization");
	add_range(t, "range", s->init.offset, s->init.size);
	add(t, "/></SegmentBase>\n");
}

static void
add_base(struct text *t, const char *uri)
{
	add(t, "<BaseURL>");
	add_xml(t, uri);
	add(t, "</BaseURL>\n");
}

static void
add_video(struct text *t, const struct media_rendition *r, const char *uri)
{
	uint32_t	peak = index_suffices(&r->video) ? r->peak : r->video.peak;

	add(t, "<Representation id=\"v-%s\" bandwidth=\"%u\" codecs=\"%s\" width=\"%d\" height=\"%d\" sar=\"1:1\" frameRate=\"%d", media_rung_name(r->rung),
	    peak, r->video.codecs, r->width, r->height, r->fps_num);
	if (r->fps_den != 1)
		add(t, "/%d", r->fps_den);
	add(t, "\">");
	add_base(t, uri);
	add_segments(t, &r->video);
	add(t, "</Representation>\n");
}

/* Adds the name of a track of several, and its purpose (ISO/IEC 23009-1 §5.8.5.5; ETSI TS 102 822-3-1, AudioPurposeCS). */
static void
add_roles(struct text *t, const struct media_sound_listed *s, int first)
{
	static const char *const	roles[MEDIA_PURPOSES] = { "dub", "description", "commentary", "enhanced-audio-intelligibility" };
	static const char *const	codes[MEDIA_PURPOSES] = { NULL, "1", NULL, "2" };

	add(t, "<Label>");
	add_xml(t, s->name);
	add(t, "</Label>");
	if (codes[s->purpose] != NULL)
		add(t, "<Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" value=\"%s\"/>", codes[s->purpose]);
	add(t, "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"%s\"/>\n", first ? "main" : roles[s->purpose]);
}

static int
set_shared(const struct media_sound_listed *a, const struct media_sound_listed *b)
{
	return (a->track == b->track && a->channels == b->channels);
}

/*
 * Adds the sounds: an AdaptationSet for the stereo of each track, and one for 5.1, with a Representation for each bit rate. A player that
 * does not know what its device can play takes stereo, which has the higher selectionPriority.
 */
static void
add_sounds(struct text *t, const struct media_sound_listed *sounds, int nsounds)
{
	const struct media_sound_listed	*s, *end = sounds + nsounds;
	int				several = group_surround(sounds, nsounds).like != NULL;

	for (s = sounds; s < end; s++) {
		if (s == sounds || !set_shared(s, s - 1)) {
			add(t, "<AdaptationSet id=\"%d\" contentType=\"audio\" mimeType=\"audio/mp4\" lang=\"%s\" segmentAlignment=\"true\" "
			    "startWithSAP=\"1\"%s>\n", (is_surround(s) ? SURROUND_ID : 1) + s->track, s->tag,
			    several && !is_surround(s) ? " selectionPriority=\"2\"" : "");
			if (sounds[0].track != end[-1].track)
				add_roles(t, s, s->track == sounds[0].track);
		}
		add(t, "<Representation id=\"a-%s\" bandwidth=\"%u\" codecs=\"%s\"><AudioChannelConfiguration "
		    "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"%d\"/>", s->id, s->stream->peak, s->stream->codecs,
		    s->channels);
		add_base(t, s->uri);
		add_segments(t, s->stream);
		add(t, "</Representation>\n");
		if (s + 1 == end || !set_shared(s, s + 1))
			add(t, "</AdaptationSet>\n");
	}
}

/* Returns the end of the track, in seconds. */
static double
stream_end(const struct media_stream *s)
{
	return ((double)segments_time(s, s->nsegments) / s->timescale);
}

/* Returns the end of the longest track, in seconds, rounded up to ms: a player that expects less does not end (dash.js). */
static double
presentation_duration(const struct media_rendition *list, int n, const struct media_sound_listed *sounds, int nsounds)
{
	double	end = 0;
	int	i;

	for (i = 0; i < nsounds; i++)
		end = fmax(end, stream_end(sounds[i].stream));
	for (i = 0; i < n; i++)
		end = fmax(end, stream_end(&list[i].video));

	return (ceil(end * 1000) / 1000);
}

char *
media_dash(const struct media_rendition *list, int n, const struct media_sound_listed *sounds, int nsounds, const char *const uris[])
{
	struct text	t = { 0 };
	int		i;

	add(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" "
	    "profiles=\"urn:mpeg:dash:profile:full:2011\" mediaPresentationDuration=\"PT%.3fS\" minBufferTime=\"PT%ldS\">\n<Period id=\"0\">\n"
	    "<AdaptationSet id=\"1\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">\n",
	    presentation_duration(list, n, sounds, nsounds), target_duration(&list[0].video));
	for (i = 0; i < n; i++)
		add_video(&t, &list[i], uris[i]);
	add(&t, "</AdaptationSet>\n");
	add_sounds(&t, sounds, nsounds);
	add(&t, "</Period>\n</MPD>\n");

	return (finish(&t));
}

/* Adds a track of text, a single file. */
static void
add_text(struct text *t, int id, const struct media_subtitle *s, const char *uri)
{
	add(t, "<AdaptationSet id=\"%d\" contentType=\"text\" mimeType=\"text/vtt\" lang=\"%s\"><Label>", id, s->tag);
	add_xml(t, s->name);
	add(t, "</Label>");
	if (s->is_default)
		add(t, "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>");
	add(t, "<Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"%s\"/>\n<Representation id=\"t-%s\" bandwidth=\"%d\">",
	    s->forced ? "forced-subtitle" : s->captions ? "caption" : "subtitle", s->id, TEXT_BANDWIDTH);
	add_base(t, uri);
	add(t, "</Representation>\n</AdaptationSet>\n");
}

char *
media_dash_texts(char *manifest, const struct media_subtitle *texts, int n, const char *const uris[])
{
	struct text	t = { 0 };
	const char	*end;
	int		i;

	if (n == 0 || manifest == NULL)
		return (manifest);
	end = strstr(manifest, "</Period>");
	add(&t, "%.*s", (int)(end - manifest), manifest);
	for (i = 0; i < n; i++)
		add_text(&t, TEXT_ID + i, &texts[i], uris[i]);
	add(&t, "%s", end);
	free(manifest);

	return (finish(&t));
}
