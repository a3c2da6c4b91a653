/*
 * Colours of a film: how its frames are coded, and their conversion to BT.709
 * in limited range, which every rendition has.
 */
#ifndef WANZAMI_COLOUR_H
#define WANZAMI_COLOUR_H

#include <libavutil/frame.h>

struct media;
struct media_tone;

enum media_colour_kind {
	MEDIA_COLOUR_SAME,	/* BT.709 already, or R'G'B', which the scaler converts */
	MEDIA_COLOUR_MATRIX,	/* another matrix: 8-bit frames are converted by sums of their samples */
	MEDIA_COLOUR_TONE	/* other primaries or transfer, or HDR: 10-bit frames are converted in linear light (tone.c) */
};

/* The colours of one film. media_colour_decide() fills it from the first frame; afterwards threads only read it. */
struct media_colour {
	int			decided;
	enum media_colour_kind	kind;
	int			matrix;			/* enum AVColorSpace of the frames to convert */
	int			primaries;		/* enum AVColorPrimaries */
	int			transfer;		/* enum AVColorTransferCharacteristic */
	int			full;			/* Y'CbCr in full range */
	int			hdr;			/* PQ or HLG */
	float			hdr_peak;		/* cd/m2 of the brightest sample */
	double			kr, kb;			/* weights of R' and B' in Y' */
	double			primaries709[3][3];	/* linear light of the film's primaries to BT.709 */
	int			to709[3][2];		/* MATRIX: what Cb and Cr add to Y', and make of Cb and Cr, in 1/16384 */
	struct media_tone	*tone;			/* TONE */
};

/*
 * Decides how the film's frames are coded from the tags of its first frame and
 * notes what had to be assumed. Returns MEDIA_OK or MEDIA_MEMORY. Main thread.
 */
int	media_colour_decide(struct media *, const AVFrame *first, struct media_colour *);
void	media_colour_free(struct media_colour *);

/* Returns the pixel format that media_colour_convert() takes, in limited range; YUV420P if there is nothing to convert. */
enum AVPixelFormat	media_colour_format(const struct media_colour *);
/* Converts a frame of even size into an 8-bit 4:2:0 frame of the same size. Any thread. */
void	media_colour_convert(const struct media_colour *, const AVFrame *in, AVFrame *out);

/* Computes what Cb and Cr (-0.5 to 0.5) add to Y' to give R', G' and B', for the film's matrix. See tone.c. */
void	media_colour_signals(const struct media_colour *, double out[3][2]);

/* The tables for MEDIA_COLOUR_TONE; NULL if out of memory. media_tone_free() frees them. media_tone_convert() as media_colour_convert(). */
struct media_tone	*media_tone_new(const struct media_colour *);
void			media_tone_free(struct media_tone *);
void			media_tone_convert(const struct media_tone *, const AVFrame *in, AVFrame *out);

#endif
