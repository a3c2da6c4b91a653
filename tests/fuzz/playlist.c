/*
 * The playlist writer: renditions, names and URIs are taken from the input. Every
 * playlist is written; no name adds a line to HLS or an element to DASH, and each
 * segment is listed once.
 */
#include "fuzz.h"

#include "base/vtt.h"
#include "media/playlist.h"

#define NAMES		3
#define SEGMENTS_MAX	64

/* The part of the input that is not used yet. */
struct input {
	const uint8_t	*data;
	size_t		len;
};

FUZZ_BEGIN(kore_mem_init())

/* Takes a number of so many bytes, 0 behind the end. */
static uint64_t
number(struct input *in, size_t bytes)
{
	uint64_t	n = 0;

	for (; bytes > 0 && in->len > 0; bytes--, in->data++, in->len--)
		n = n << 8 | *in->data;

	return (n);
}

static void
stream_take(struct input *in, struct media_stream *s, size_t segments)
{
	size_t	i;

	snprintf(s->codecs, sizeof(s->codecs), "avc1.64001f");
	s->timescale = (uint32_t)number(in, 2) + 1;
	s->init = (struct media_range){ number(in, 8), (uint32_t)number(in, 4) };
	s->index = (struct media_range){ number(in, 8), (uint32_t)number(in, 4) };
	s->peak = (uint32_t)number(in, 4);
	s->iframe_peak = (uint32_t)number(in, 1);
	s->nsegments = segments;
	s->segments = calloc(segments + 1, sizeof(*s->segments));
	for (i = 0; i < segments; i++)
		s->segments[i] = (struct media_stream_segment){ number(in, 8), (uint32_t)number(in, 4), (uint32_t)number(in, 4), (uint32_t)number(in, 2) };
}

static size_t
count(const char *text, const char *what)
{
	size_t	n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}

	return (n);
}

/* Checks that a playlist of HLS has lines of printable text only, each of which is a tag or a URI. Frees it. */
static void
hls_check(char *text, size_t segments)
{
	const char	*p;

	MUST(text != NULL && !strncmp(text, "#EXTM3U\n#EXT-X-VERSION:", 23) && text[strlen(text) - 1] == '\n' && strstr(text, "\n\n") == NULL);
	for (p = text; *p != '\0'; p++)
		MUST((unsigned char)*p >= ' ' || *p == '\n');
	MUST(count(text, "\n#EXTINF:") == segments && count(text, "\n#EXT-X-ENDLIST\n") == (segments > 0));
	free(text);
}

/* Checks that a manifest has balanced elements: each "<" begins a tag, a declaration or an end, and each attribute ends in its tag. Frees it. */
static void
dash_check(char *text, size_t renditions)
{
	const char	*p;
	size_t		depth = 0, quotes = 0;

	MUST(text != NULL && !strncmp(text, "<?xml ", 6) && count(text, "<Representation ") == renditions);
	for (p = text; *p != '\0'; p++) {
		quotes += *p == '"';
		MUST((unsigned char)*p >= ' ' || *p == '\n');
		if (*p == '&')
			MUST(!strncmp(p, "&amp;", 5) || !strncmp(p, "&lt;", 4) || !strncmp(p, "&gt;", 4) || !strncmp(p, "&quot;", 6));
		if (*p == '<')
			MUST(quotes % 2 == 0);
		if (*p == '<' && p[1] != '?')
			depth += p[1] == '/' ? (size_t)-1 : 1;
		if (*p == '/' && p[1] == '>')
			depth--;
	}
	MUST(depth == 0 && quotes % 2 == 0);
	free(text);
}

/* Checks the storyboard: it is a file of WebVTT with a cue for each thumbnail. */
static void
storyboard_check(struct input *in, const char *uri)
{
	struct media_previews	p = { .interval_ms = (int)number(in, 2) + 1, .columns = 10, .rows = 10, .width = 160, .height = 90,
		    .count = (int)number(in, 1) };
	const char		*uris[] = { uri, uri, uri };
	double			duration = (double)p.interval_ms * p.count / 1000;
	char			*text = media_storyboard_vtt(&p, duration, uris), error[VTT_ERROR_MAX];
	struct vtt		v = { 0 };

	MUST(text != NULL && count(text, " --> ") == (size_t)p.count && count(text, "#xywh=") == (size_t)p.count);
	if (p.count > 0)
		MUST(vtt_read(&v, text, strlen(text), error) == VTT_OK && v.count == (size_t)p.count);
	vtt_free(&v);
	free(text);
}

/* Splits the last lines off the input. They are names, so control characters may be in them; URIs have none. */
static void
names_take(char *text, const char *names[NAMES])
{
	int	i;

	for (i = 0; i < NAMES; i++) {
		names[i] = text != NULL ? text : "";
		if (text != NULL && (text = strchr(text, '\n')) != NULL)
			*text++ = '\0';
	}
}

/* Checks the playlists with the sound of a rendition, or with two tracks of sound. */
static void
playlists_check(const struct media_rendition list[2], const char *names[NAMES], const char *uri, int tracks)
{
	struct media_sound_listed	sounds[2];
	const struct media_subtitle	texts[] = { { "1", "en", names[1], 1, 0, 1 }, { "2", "und", names[2], 0, 1, 0 }, { "3", "fr", names[1], 0, 0, 0 } };
	const char *const		uris[] = { names[1], names[2], names[0] };	/* escaped for XML */
	int				define, n = media_sound_of(list, 2, "en", names[0], &sounds[0]) < 0 ? 0 : tracks;

	sounds[0].uri = names[1];
	/* The second one is 5.1 in every other input. */
	sounds[1] = (struct media_sound_listed){ "fr", 2, "fr", names[2], 1, *names[0] % 2 == 0 ? 6 : 2, 64000, names[2], &list[1].audio };
	hls_check(media_hls_master(list, 2, sounds, n, texts, 3, ""), 0);
	hls_check(media_hls_text(1.5, uri), 1);
	for (define = 0; define < 2; define++) {
		hls_check(media_hls_media(&list[0].video, MEDIA_LIST_VIDEO, uri, define), list[0].video.nsegments);
		hls_check(media_hls_media(&list[0].video, MEDIA_LIST_IFRAMES, uri, define), list[0].video.nsegments);
		if (n > 0)
			hls_check(media_hls_media(sounds[0].stream, MEDIA_LIST_AUDIO, uri, define), sounds[0].stream->nsegments);
	}
	dash_check(media_dash(list, 2, sounds, n, uris), 2 + (size_t)n);
	dash_check(media_dash_texts(media_dash(list, 2, sounds, n, uris), texts, 3, uris), 5 + (size_t)n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input		in = { data, len };
	size_t			split = (size_t)number(&in, 1), i;
	char			*text = text_of(in.data, split < in.len ? split : in.len);
	struct media_rendition	list[2] = { { .rung = MEDIA_R720, .fps_den = 1 }, { .rung = MEDIA_R360, .fps_den = 1001 } };
	const char		*names[NAMES];

	in.data += strnlen(text, in.len);
	in.len -= strnlen(text, in.len);
	names_take(text, names);
	for (i = 0; i < 2; i++) {
		list[i].peak = (uint32_t)number(&in, 4);
		list[i].width = (int)number(&in, 2);
		list[i].fps_num = (int)number(&in, 2);
		stream_take(&in, &list[i].video, 1 + (size_t)number(&in, 1) % SEGMENTS_MAX);
		stream_take(&in, &list[i].audio, (size_t)number(&in, 1) % SEGMENTS_MAX);
	}
	playlists_check(list, names, "https://films.example/R720.mp4?X-Amz-Signature=0", 1 + (list[1].audio.nsegments > 0 && number(&in, 1) % 2));
	storyboard_check(&in, "sheet-0.jpg");
	for (i = 0; i < 2; i++) {
		free(list[i].video.segments);
		free(list[i].audio.segments);
	}
	free(text);

	return (0);
}
