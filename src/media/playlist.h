/*
 * Playlists over the objects of a film (media/media.h): HLS (RFC 8216 and its
 * second edition, draft-pantos-hls-rfc8216bis) and DASH (ISO/IEC 23009-1), both
 * by byte ranges. Computes only; any thread.
 *
 * The functions return a text that the caller frees, or NULL if out of memory.
 * `list` has the renditions of one film, at least one, in the order in which they
 * are listed, the smallest last. Its last rendition with an audio track is the one whose
 * sound is played with each video track.
 */
#ifndef WANZAMI_PLAYLIST_H
#define WANZAMI_PLAYLIST_H

#include "media/media.h"

/* The language of the sound: BCP 47 tag, "und" if unknown, and a name for viewers. */
struct media_language {
	const char	*tag;
	const char	*name;
};

/* A track of text that is one WebVTT file. */
struct media_subtitle {
	const char	*id;		/* letters and digits, for the name of its playlist, t-ID.m3u8 */
	const char	*tag;		/* BCP 47, "und" if unknown */
	const char	*name;
	int		is_default;
	int		forced;
	int		captions;	/* for the deaf and hard of hearing */
};

/* Content of a media playlist. The value is the first letter of its name. */
enum media_list {
	MEDIA_LIST_AUDIO = 'a',		/* a-TAG.m3u8: the audio track */
	MEDIA_LIST_IFRAMES = 'i',	/* i-RUNG.m3u8: the first frame of each video segment */
	MEDIA_LIST_VIDEO = 'v'		/* v-RUNG.m3u8: the video track */
};

#define MEDIA_LIST_NAME_MAX	64	/* of the name of a media playlist, with its NUL */

/* Writes the name of a media playlist, such as v-R720.m3u8. */
void	media_list_name(enum media_list, const struct media_rendition *, const struct media_language *, char out[MEDIA_LIST_NAME_MAX]);

/* Returns the index of the rendition whose sound is played, -1 if no rendition has an audio track. */
int	media_list_audio(const struct media_rendition *list, int n);

/*
 * The HLS multivariant playlist, version 7. It names the media playlists by
 * media_list_name(), or t-ID.m3u8, and `query`, which is "" or begins with "?". The segments of
 * the renditions are not read.
 */
char	*media_hls_master(const struct media_rendition *list, int n, const struct media_language *, const struct media_subtitle *texts, int ntexts,
	    const char *query);

/* The HLS media playlist of a track of text, version 7: one segment, which is the whole file. `duration` is that of the film in seconds. */
char	*media_hls_text(double duration, const char *uri);

/*
 * An HLS media playlist of one object. If `define` is 1, the URI is defined once
 * with EXT-X-DEFINE (version 8) and segments refer to it; otherwise each segment
 * has the whole URI (version 7). The URI is copied unchanged; it must not have
 * quotation marks.
 */
char	*media_hls_media(const struct media_rendition *, enum media_list, const char *uri, int define);

/* The DASH manifest. `uris` are those of the objects, in the order of the list; they are escaped for XML. */
char	*media_dash(const struct media_rendition *list, int n, const struct media_language *, const char *const uris[]);

#endif
