/*
 * Playlists over the one file of each rendition: HLS (RFC 8216, version 7) with
 * byte ranges of fragmented MP4, DASH (ISO/IEC 23009-1, on-demand profile) with
 * the segment index of the file.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/media.h"

struct text {
	char	*data;
	size_t	len, size;
	int	failed;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *t, const char *fmt, ...)
{
	va_list	args;
	char	*grown;
	int	n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (t->len + (size_t)n + 1 > t->size) {
		if ((grown = realloc(t->data, (t->len + (size_t)n + 1) * 2)) == NULL) {
			t->failed = 1;
			return;
		}
		t->data = grown;
		t->size = (t->len + (size_t)n + 1) * 2;
	}
	va_start(args, fmt);
	t->len += (size_t)vsnprintf(t->data + t->len, t->size - t->len, fmt, args);
	va_end(args);
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

static void
add_xml(struct text *t, const char *s)
{
	static const char	special[] = "&<>\"";
	static const char	*names[] = { "&amp;", "&lt;", "&gt;", "&quot;" };
	size_t			n;

	for (; *s != '\0'; s += n) {
		if ((n = strcspn(s, special)) > 0) {
			add(t, "%.*s", (int)n, s);
			continue;
		}
		add(t, "%s", names[strchr(special, *s) - special]);
		n = 1;
	}
}

char *
media_hls_master(const struct media_result *result, const char *const uris[])
{
	const struct media_rendition	*r;
	struct text			t = { 0 };
	int				i;

	add(&t, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
	for (i = 0; i < result->nrenditions; i++) {
		r = &result->renditions[i];
		add(&t, "#EXT-X-STREAM-INF:BANDWIDTH=%u,AVERAGE-BANDWIDTH=%u,RESOLUTION=%dx%d,FRAME-RATE=%.3f,CODECS=\"%s\"\n%s\n",
		    r->peak, r->average, r->width, r->height, (double)r->fps_num / r->fps_den, r->codecs, uris[i]);
	}

	return (finish(&t));
}

char *
media_hls_media(const struct media_rendition *r, const char *uri)
{
	const struct media_stream	*s = &r->video;
	struct text			t = { 0 };
	double				longest = 0;
	size_t				i;

	for (i = 0; i < s->nsegments; i++)
		longest = s->segments[i].duration > longest ? s->segments[i].duration : longest;
	longest /= s->timescale;
	add(&t, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n"
	    "#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%u@%llu\"\n", (int)ceil(longest), uri, s->init.size, (unsigned long long)s->init.offset);
	for (i = 0; i < s->nsegments; i++)
		add(&t, "#EXTINF:%.6f,\n#EXT-X-BYTERANGE:%u@%llu\n%s\n", (double)s->segments[i].duration / s->timescale, s->segments[i].size,
		    (unsigned long long)s->segments[i].offset, uri);
	add(&t, "#EXT-X-ENDLIST\n");

	return (finish(&t));
}

static void
add_representation(struct text *t, const struct media_rendition *r, const char *uri)
{
	add(t, "   <Representation id=\"%s\" bandwidth=\"%u\" width=\"%d\" height=\"%d\" frameRate=\"%d/%d\" codecs=\"%s\">\n    <BaseURL>",
	    media_rung_name(r->rung), r->peak, r->width, r->height, r->fps_num, r->fps_den, r->video.codecs);
	add_xml(t, uri);
	add(t, "</BaseURL>\n    <SegmentBase indexRange=\"%llu-%llu\"><Initialization range=\"%llu-%llu\"/></SegmentBase>\n   </Representation>\n",
	    (unsigned long long)r->video.index.offset,
	    (unsigned long long)r->video.index.offset + r->video.index.size - 1, (unsigned long long)r->video.init.offset,
	    (unsigned long long)r->video.init.offset + r->video.init.size - 1);
}

char *
media_dash(const struct media_result *result, const char *const uris[])
{
	struct text	t = { 0 };
	int		i;

	add(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" "
	    "profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\" mediaPresentationDuration=\"PT%.3fS\" minBufferTime=\"PT%dS\">\n"
	    " <Period>\n  <AdaptationSet mimeType=\"video/mp4\" segmentAlignment=\"true\" subsegmentAlignment=\"true\" "
	    "subsegmentStartsWithSAP=\"1\">\n", result->duration, MEDIA_SEGMENT_SECONDS);
	for (i = 0; i < result->nrenditions; i++)
		add_representation(&t, &result->renditions[i], uris[i]);
	add(&t, "  </AdaptationSet>\n </Period>\n</MPD>\n");

	return (finish(&t));
}
