/*
 * Timed text: reads SubRip (.srt) and WebVTT files, and writes WebVTT
 * (https://www.w3.org/TR/webvtt1/). What is written is UTF-8 and has no markup
 * except <i>, <b> and <u>, which are balanced; no settings, styles, regions and
 * identifiers. Any thread; a struct vtt is used by one thread at a time.
 */
#ifndef WANZAMI_VTT_H
#define WANZAMI_VTT_H

#include <stddef.h>
#include <stdint.h>

#define VTT_FILE_MAX	(2u << 20)	/* bytes of a file that is read, and of the text that is written */
#define VTT_CUES_MAX	20000
#define VTT_TIME_MAX	359999999	/* milliseconds: 99:59:59.999; later cues are dropped */
#define VTT_ERROR_MAX	128		/* bytes of an error message, with its NUL */

/* Markup of a text. */
enum vtt_markup {
	VTT_MARKUP_VTT,		/* tags and entities */
	VTT_MARKUP_SRT,		/* tags that programs know; {\...} of SubStation Alpha */
	VTT_MARKUP_ASS		/* {...} and \N of SubStation Alpha */
};

enum vtt_style {
	VTT_ITALIC	= 1,
	VTT_BOLD	= 2,
	VTT_UNDERLINE	= 4
};

enum vtt_result {
	VTT_OK = 0,
	VTT_INVALID,		/* not a file of timed text */
	VTT_TOO_LARGE,		/* over VTT_FILE_MAX or VTT_CUES_MAX */
	VTT_MEMORY
};

struct vtt_cue {
	int64_t	start, end;	/* milliseconds */
	size_t	order;		/* among cues with the same times */
	char	*text;		/* as WebVTT, terminated */
};

/* Cues of a track. Begins as zero. */
struct vtt {
	struct vtt_cue	*cues;
	size_t		count, room;
	size_t		bytes;		/* of the text to be written, at most */
};

/*
 * Adds a cue. `style` are bits of enum vtt_style that hold at the beginning of
 * the text; it need not be valid UTF-8. Does nothing and returns VTT_OK if the
 * cue ends before time 0 or when it starts, begins after VTT_TIME_MAX, or if it has no visible text.
 */
enum vtt_result	vtt_add(struct vtt *, int64_t start, int64_t end, const char *text, size_t len, enum vtt_markup, unsigned style);

/*
 * Reads a file, WebVTT if it begins with its signature, otherwise SubRip, in
 * UTF-8, UTF-16 with byte order mark or Windows-1252. Unless VTT_OK, `error` is
 * a sentence for the person who has made the file, with the number of the line.
 */
enum vtt_result	vtt_read(struct vtt *, const char *file, size_t len, char error[VTT_ERROR_MAX]);

/*
 * Returns the cues in the order of time as a WebVTT file that the caller frees,
 * and its length; NULL if out of memory. Cues that show the same text at the
 * same time or one right after the other become one.
 */
char	*vtt_write(struct vtt *, size_t *len);
void	vtt_free(struct vtt *);

/*
 * Returns a copy of a text in UTF-8, terminated, that the caller frees. The text
 * is UTF-8 or UTF-16 by its byte order mark, which is removed; otherwise UTF-8 if it
 * is valid as such, else Windows-1252. Returns NULL if out of memory.
 */
char	*vtt_utf8(const char *text, size_t len, size_t *out);

#endif
