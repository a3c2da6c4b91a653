/*
 * Playlists over the objects of a film (media/media.h): HLS (RFC 8216 and its
 * second edition, draft-pantos-hls-rfc8216bis) and DASH (ISO/IEC 23009-1), both
 * by byte ranges. Computes only; any thread.
 *
 * The functions return a text that the caller frees, or NULL if out of memory.
 * `list` has the renditions of one film, at least one, in the order in which they
 * are listed, the smallest last. `sounds` has what is played with each of them,
 * by track, stereo before 5.1, then the highest bit rate first: audio objects, or, of films without,
 * media_sound_of() of the smallest rendition.
 */
#ifndef WANZAMI_PLAYLIST_H
#define WANZAMI_PLAYLIST_H

#include "media/media.h"

/* Sound that playlists list: an audio object, or the audio track of a rendition. */
struct media_sound_listed {
	const char			*id;		/* letters, digits and hyphens, for the name of its playlist, a-ID.m3u8 */
	int				track;		/* the same for those that differ in their channels or bit rate only */
	const char			*tag;		/* BCP 47, "und" if unknown */
	const char			*name;		/* for viewers */
	enum media_purpose		purpose;
	int				channels;	/* 2; 6 for 5.1 */
	int				bitrate;	/* bit/s, by which sounds of several tracks are grouped; 0 for that of a rendition */
	const char			*uri;		/* of its object; for DASH only */
	const struct media_stream	*stream;
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
	MEDIA_LIST_AUDIO = 'a',		/* a-ID.m3u8: an audio track */
	MEDIA_LIST_IFRAMES = 'i',	/* i-RUNG.m3u8: the first frame of each video segment */
	MEDIA_LIST_VIDEO = 'v'		/* v-RUNG.m3u8: the video track */
};

#define MEDIA_LIST_NAME_MAX	64	/* of the name of a media playlist, with its NUL */

/* Writes the name of a media playlist, such as v-R720.m3u8; `what` is a rung or the id of a sound. */
void	media_list_name(enum media_list, const char *what, char out[MEDIA_LIST_NAME_MAX]);

/*
 * Fills the sound of a film without audio objects, except its uri: that of the last rendition which has some. Returns the index of the
 * rendition, -1 if there is none.
 */
int	media_sound_of(const struct media_rendition *list, int n, const char *tag, const char *name, struct media_sound_listed *);

/*
 * The HLS multivariant playlist, version 7. The rendition nearest to 730 kbit/s comes first. It names the media playlists by
 * media_list_name(), or t-ID.m3u8, and `query`, which is "" or begins with "?". The segments of
 * the renditions are not read.
 */
char	*media_hls_master(const struct media_rendition *list, int n, const struct media_sound_listed *sounds, int nsounds,
	    const struct media_subtitle *texts, int ntexts, const char *query);

/* The HLS media playlist of a track of text, version 7: one segment, which is the whole file. `duration` is that of the film in seconds. */
char	*media_hls_text(double duration, const char *uri);

/*
 * An HLS media playlist of one track of an object. If `define` is 1, the URI is defined once
 * with EXT-X-DEFINE (version 8) and segments refer to it; otherwise each segment
 * has the whole URI (version 7). The URI is copied unchanged; it must not have
 * quotation marks.
 */
char	*media_hls_media(const struct media_stream *, enum media_list, const char *uri, int define);

/* The DASH manifest. `uris` are those of the objects, in the order of the list; they are escaped for XML. */
char	*media_dash(const struct media_rendition *list, int n, const struct media_sound_listed *sounds, int nsounds, const char *const uris[]);
/*
 * Adds tracks of text, one WebVTT file each, to a DASH manifest of media_dash(),
 * which is freed; NULL stays NULL. `uris` are those of the files, escaped for XML.
 */
char	*media_dash_texts(char *manifest, const struct media_subtitle *, int n, const char *const uris[]);

#endif
