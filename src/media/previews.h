/*
 * Previews of a film, made in the pass that transcodes it: storyboard, poster
 * candidates and markers. Declarations that only the files of src/media use; the
 * results are in media.h.
 */
#ifndef WANZAMI_PREVIEWS_H
#define WANZAMI_PREVIEWS_H

#include "media/internal.h"

/*
 * Makes the storyboard and the poster candidates on a thread of its own. See
 * previews.c. Functions are called on the thread of media_transcode().
 */
struct media_previewer;

/* Starts the thread. The film and `colour` must outlive the previewer. Returns NULL if that fails; the others accept NULL. */
struct media_previewer	*media_previewer_new(const struct media_info *, const struct media_colour *colour);
/*
 * Takes frame `number` of the renditions, counted from 0, before it is scaled. Most
 * frames are ignored. Waits while the thread is more than a few thumbnails behind.
 */
void	media_previewer_frame(struct media_previewer *, const AVFrame *, int64_t number);
/* Ends and frees it. `out` gets the previews of the film; what could not be made is missing. NULL drops them. */
void	media_previewer_end(struct media_previewer *, const struct media *, double duration, struct media_previews *out);

/* Reads the chapters of the source into `out`, and from their names the beginning of the end credits. See chapters.c. */
void	media_chapters_read(const struct media *, double duration, struct media_previews *out);

/*
 * The sheets of a storyboard, see storyboard.c. Zeroed at the beginning; used by one
 * thread. begin() returns 0 if out of memory; end() must be called then, too. add()
 * takes the next thumbnail, a frame of the size of a cell.
 */
struct media_storyboard {
	int		sheets_max;
	AVFrame		*sheet;		/* the cells of the sheet that is not full yet */
	int		cells;		/* of it */
	int		failed;
	struct media_previews	made;	/* its fields of the storyboard */
};

#define MEDIA_SHORT_SECONDS	100	/* a shorter film, or one of unknown length, has a thumbnail each second: at most one sheet */

/* Returns the time between two thumbnails in ms, by the duration in the header. */
int	media_storyboard_interval(double duration);
int	media_storyboard_begin(struct media_storyboard *, const struct media_info *);
void	media_storyboard_add(struct media_storyboard *, const AVFrame *);
/* Moves the storyboard to `out`, unless it has failed, and frees the rest. */
void	media_storyboard_end(struct media_storyboard *, struct media_previews *out);

#define MEDIA_POSTER_PLACES	32

/* The candidates for the poster, see poster.c. Zeroed at the beginning. Used by one thread. */
struct media_poster_choice {
	int64_t			place_ms;	/* length of film that a candidate stands for */
	struct {
		double			score;	/* 0: none */
		struct media_jpeg	jpeg;
	} places[MEDIA_POSTER_PLACES];
};

/* Suitability of a frame as a poster. */
struct media_poster_view {
	double	score;			/* 0: not fit to be one */
	double	left, top;		/* bars on either side, as a share of width and height */
};

/* Looks at a small BT.709 frame of at least 32 x 32 pixels. */
void	media_poster_look(const AVFrame *, struct media_poster_view *);
/* Returns 1 if a frame with this score and time, in ms, is the best of its place so far. */
int	media_poster_wanted(struct media_poster_choice *, int64_t ms, double score);
/* Takes the frame, in its size as a poster, in place of the one before. */
void	media_poster_put(struct media_poster_choice *, int64_t ms, const struct media_poster_view *, const AVFrame *);
/* Moves the best candidates to `out` and frees the others. */
void	media_poster_end(struct media_poster_choice *, double duration, struct media_previews *out);

/* Writes the files of the previews into a folder: sheet-N.jpg, previews.vtt and poster-N.jpg. Returns MEDIA_OK or the reason. See previews_file.c. */
int	media_previews_write(const char *folder, const struct media_result *, struct media_error *);

/* Encodes a BT.709 frame of even size, 4:2:0 in limited range, as a JPEG file (JFIF). Returns 0 if out of memory. See jpeg.c. */
int	media_jpeg_make(const AVFrame *, int quality, struct media_jpeg *out);

#define MEDIA_JPEG_SHEET	5	/* quality: FFmpeg's quantiser scale, 1 is the best */
#define MEDIA_JPEG_POSTER	3

#endif
