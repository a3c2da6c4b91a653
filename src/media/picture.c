/*
 * The frames of one rendition: scaled, letterboxed if their shape is not that of
 * the film, and converted to BT.709. Before that, for the whole film: frames as
 * the filters expect them, and alpha over black.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "media/internal.h"

#define SHAPE_SHARE	0.02	/* frames whose aspect ratio differs from the film's by no more are stretched */

/* Makes frame a writable buffer of this size; its contents may be those of the last use. Returns 0 if out of memory. */
static int
buffer_make(AVFrame **frame, enum AVPixelFormat format, int width, int height)
{
	AVFrame	*f = *frame;

	if (f != NULL && f->format == format && f->width == width && f->height == height && av_frame_is_writable(f))
		return (1);
	av_frame_free(frame);
	if ((f = av_frame_alloc()) == NULL)
		return (0);
	f->format = format;
	f->width = width;
	f->height = height;
	if (av_frame_get_buffer(f, 0) < 0)
		av_frame_free(&f);
	*frame = f;

	return (f != NULL);
}

/* Sets where the chroma samples of the source lie, and those of the renditions: left, as H.264 has it by default. */
static void
chroma_place(struct SwsContext *s, const AVFrame *frame)
{
	const AVPixFmtDescriptor	*d = av_pix_fmt_desc_get(frame->format);
	int				x, y, place = frame->chroma_location;

	if (place == AVCHROMA_LOC_UNSPECIFIED)
		place = AVCHROMA_LOC_LEFT;
	if (d->log2_chroma_w != 0 && av_chroma_location_enum_to_pos(&x, &y, place) >= 0) {
		av_opt_set_int(s, "src_h_chr_pos", x * ((1 << d->log2_chroma_w) - 1), 0);
		if (d->log2_chroma_h != 0)
			av_opt_set_int(s, "src_v_chr_pos", y * ((1 << d->log2_chroma_h) - 1), 0);
	}
	av_opt_set_int(s, "dst_h_chr_pos", 0, 0);
	av_opt_set_int(s, "dst_v_chr_pos", 128, 0);
}

/* Opens the scaler for frames like this one. It keeps their matrix, which media_colour_convert() changes, and makes their range limited. */
static int
scaler_open(struct media_picture *p, const AVFrame *frame)
{
	const AVPixFmtDescriptor	*d = av_pix_fmt_desc_get(frame->format);
	const int			*matrix = sws_getCoefficients(p->colour->matrix);
	int				full = p->colour->full || (d != NULL && (d->flags & AV_PIX_FMT_FLAG_RGB));

	sws_freeContext(p->scaler);
	if (d == NULL || (p->scaler = sws_alloc_context()) == NULL)
		return (0);
	av_opt_set_int(p->scaler, "srcw", frame->width, 0);
	av_opt_set_int(p->scaler, "srch", frame->height, 0);
	av_opt_set_int(p->scaler, "src_format", frame->format, 0);
	av_opt_set_int(p->scaler, "dstw", p->inner_width, 0);
	av_opt_set_int(p->scaler, "dsth", p->inner_height, 0);
	av_opt_set_int(p->scaler, "dst_format", media_colour_format(p->colour), 0);
	av_opt_set_int(p->scaler, "src_range", full, 0);
	av_opt_set_int(p->scaler, "dst_range", 0, 0);
	av_opt_set_int(p->scaler, "sws_flags", SWS_BICUBIC | (d->flags & AV_PIX_FMT_FLAG_RGB ? SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP : 0), 0);
	chroma_place(p->scaler, frame);
	if (sws_init_context(p->scaler, NULL, NULL) < 0)
		return (0);

	return (sws_setColorspaceDetails(p->scaler, matrix, full, matrix, 0, 0, 1 << 16, 1 << 16) >= 0);
}

/* Chooses the part of the rendition that frames like this one fill, so that their aspect ratio is kept. */
static void
inner_choose(struct media_picture *p, const AVFrame *frame)
{
	double	shape = (double)frame->width / frame->height, film = (double)p->info->width / p->info->height;

	if (frame->sample_aspect_ratio.num > 0 && frame->sample_aspect_ratio.den > 0)
		shape *= av_q2d(frame->sample_aspect_ratio);
	p->inner_width = p->width;
	p->inner_height = p->height;
	if (shape > film * (1 + SHAPE_SHARE))
		p->inner_height = (int)lrint(p->height * film / shape / 2) * 2;
	else if (shape < film * (1 - SHAPE_SHARE))
		p->inner_width = (int)lrint(p->width * shape / film / 2) * 2;
	if (p->inner_width < 2)
		p->inner_width = 2;
	if (p->inner_height < 2)
		p->inner_height = 2;
}

static int
scaler_fits(const struct media_picture *p, const AVFrame *frame)
{
	return (p->scaler != NULL && frame->width == p->in_width && frame->height == p->in_height && frame->format == p->in_format &&
	    av_cmp_q(frame->sample_aspect_ratio, p->in_shape) == 0);
}

/* Copies the inner picture into the middle of a black one. */
static int
letterbox(struct media_picture *p)
{
	enum AVPixelFormat	format = media_colour_format(p->colour);
	int			bytes = format == AV_PIX_FMT_YUV420P ? 1 : 2, x = (p->width - p->inner_width) / 4 * 2, y = (p->height - p->inner_height) / 4 * 2;
	ptrdiff_t		lines[4] = { 0 };
	uint8_t			*at;
	int			i, shift;

	if (!buffer_make(&p->boxed, format, p->width, p->height))
		return (0);
	for (i = 0; i < 4; i++)
		lines[i] = p->boxed->linesize[i];
	av_image_fill_black(p->boxed->data, lines, format, AVCOL_RANGE_MPEG, p->width, p->height);
	for (i = 0; i < 3; i++) {
		shift = i > 0;
		at = p->boxed->data[i] + (y >> shift) * p->boxed->linesize[i] + (x >> shift) * bytes;
		av_image_copy_plane(at, p->boxed->linesize[i], p->scaled->data[i], p->scaled->linesize[i], (p->inner_width >> shift) * bytes,
		    p->inner_height >> shift);
	}

	return (1);
}

/* Returns 1 if the frame is what the rendition shows. */
static int
is_finished(const struct media_picture *p, const AVFrame *frame)
{
	return (p->colour->kind == MEDIA_COLOUR_SAME && !p->colour->full && frame->format == AV_PIX_FMT_YUV420P && frame->width == p->width &&
	    frame->height == p->height && p->inner_width == p->width && p->inner_height == p->height);
}

/* Scales the frame into p->scaled. Returns 0 on error. */
static int
scale(struct media_picture *p, const AVFrame *frame)
{
	return (buffer_make(&p->scaled, media_colour_format(p->colour), p->inner_width, p->inner_height) &&
	    sws_scale(p->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, p->scaled->data, p->scaled->linesize) >= 0);
}

AVFrame *
media_picture_make(struct media_picture *p, AVFrame *frame)
{
	AVFrame	*out = frame;

	if (!scaler_fits(p, frame)) {
		inner_choose(p, frame);
		p->in_width = frame->width;
		p->in_height = frame->height;
		p->in_format = frame->format;
		p->in_shape = frame->sample_aspect_ratio;
		if (!scaler_open(p, frame))
			return (NULL);
	}
	if (!is_finished(p, frame)) {
		if (!scale(p, frame))
			return (NULL);
		out = p->scaled;
	}
	if (p->inner_width != p->width || p->inner_height != p->height) {
		if (!letterbox(p))
			return (NULL);
		out = p->boxed;
	}
	if (p->colour->kind != MEDIA_COLOUR_SAME) {
		if (!buffer_make(&p->converted, AV_PIX_FMT_YUV420P, p->width, p->height))
			return (NULL);
		media_colour_convert(p->colour, out, p->converted);
		out = p->converted;
	}
	out->sample_aspect_ratio = (AVRational){ 1, 1 };
	out->colorspace = AVCOL_SPC_BT709;
	out->color_primaries = AVCOL_PRI_BT709;
	out->color_trc = AVCOL_TRC_BT709;
	out->color_range = AVCOL_RANGE_MPEG;

	return (out);
}

void
media_picture_close(struct media_picture *p)
{
	sws_freeContext(p->scaler);
	p->scaler = NULL;
	av_frame_free(&p->scaled);
	av_frame_free(&p->boxed);
	av_frame_free(&p->converted);
}

/* Returns the format without the mark "full range", which formats with the letter J carry. */
static int
plain_format(int format)
{
	switch (format) {
	case AV_PIX_FMT_YUVJ420P:
		return (AV_PIX_FMT_YUV420P);
	case AV_PIX_FMT_YUVJ411P:
		return (AV_PIX_FMT_YUV411P);
	case AV_PIX_FMT_YUVJ422P:
		return (AV_PIX_FMT_YUV422P);
	case AV_PIX_FMT_YUVJ440P:
		return (AV_PIX_FMT_YUV440P);
	case AV_PIX_FMT_YUVJ444P:
		return (AV_PIX_FMT_YUV444P);
	default:
		return (format);
	}
}

/* The filters refuse reserved values and convert between described ones, so that no frame describes its colours from here on. */
void
media_frame_plain(const struct media *m, AVFrame *f)
{
	AVStream			*s = m->format->streams[m->video];
	const AVCodecParameters		*par = s->codecpar;
	AVRational			shape = f->sample_aspect_ratio;

	f->format = plain_format(f->format);
	f->colorspace = AVCOL_SPC_UNSPECIFIED;
	f->color_primaries = AVCOL_PRI_UNSPECIFIED;
	f->color_trc = AVCOL_TRC_UNSPECIFIED;
	f->color_range = AVCOL_RANGE_UNSPECIFIED;
	/* The container describes the film as it begins. */
	if (f->width == par->width && f->height == par->height)
		shape = av_guess_sample_aspect_ratio(m->format, s, f);
	if (shape.num <= 0 || shape.den <= 0 || av_q2d(shape) >= MEDIA_SHAPE_MAX || av_q2d(shape) <= 1.0 / MEDIA_SHAPE_MAX)
		shape = (AVRational){ 1, 1 };
	f->sample_aspect_ratio = shape;
}

const char *
media_alpha_filter(const AVFrame *f)
{
	const AVPixFmtDescriptor	*d = av_pix_fmt_desc_get(f->format);
	int				depth;

	if (d == NULL || !(d->flags & AV_PIX_FMT_FLAG_ALPHA))
		return ("");
	depth = d->flags & AV_PIX_FMT_FLAG_PAL ? 8 : d->comp[0].depth;
	if (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))
		return (depth <= 8 ? ",format=gbrap" : depth <= 10 ? ",format=gbrap10" : depth <= 12 ? ",format=gbrap12" : ",format=gbrap16");

	return (depth <= 8 ? ",format=yuva444p" : depth <= 10 ? ",format=yuva444p10" : depth <= 12 ? ",format=yuva444p12" : ",format=yuva444p16");
}

/* Returns the format of the same planes without alpha, AV_PIX_FMT_NONE for formats that media_alpha_filter() does not name. */
static enum AVPixelFormat
opaque_format(int format)
{
	static const enum AVPixelFormat	pairs[][2] = {
		{ AV_PIX_FMT_GBRAP, AV_PIX_FMT_GBRP }, { AV_PIX_FMT_GBRAP10, AV_PIX_FMT_GBRP10 }, { AV_PIX_FMT_GBRAP12, AV_PIX_FMT_GBRP12 },
		{ AV_PIX_FMT_GBRAP16, AV_PIX_FMT_GBRP16 }, { AV_PIX_FMT_YUVA444P, AV_PIX_FMT_YUV444P }, { AV_PIX_FMT_YUVA444P10, AV_PIX_FMT_YUV444P10 },
		{ AV_PIX_FMT_YUVA444P12, AV_PIX_FMT_YUV444P12 }, { AV_PIX_FMT_YUVA444P16, AV_PIX_FMT_YUV444P16 },
	};
	size_t	i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if ((int)pairs[i][0] == format)
			return (pairs[i][1]);
	}

	return (AV_PIX_FMT_NONE);
}

/* Mixes one row of samples with black by its alpha. */
static void
row_mix(uint8_t *row, const uint8_t *alpha, int width, int depth, int64_t black)
{
	uint16_t	*wide = (void *)row;
	const uint16_t	*wide_alpha = (const void *)alpha;
	int64_t		max = (1 << depth) - 1;
	int		x;

	for (x = 0; x < width; x++) {
		if (depth == 8)
			row[x] = (uint8_t)(black + (((int64_t)row[x] - black) * alpha[x] + (row[x] >= black ? max : -max) / 2) / max);
		else
			wide[x] = (uint16_t)(black + (((int64_t)wide[x] - black) * wide_alpha[x] + (wide[x] >= black ? max : -max) / 2) / max);
	}
}

int
media_alpha_compose(AVFrame *f, int full)
{
	enum AVPixelFormat		opaque = opaque_format(f->format);
	const AVPixFmtDescriptor	*d = av_pix_fmt_desc_get(f->format);
	int64_t				black;
	int				i, y, depth;

	if (opaque == AV_PIX_FMT_NONE)
		return (1);
	if (av_frame_make_writable(f) < 0)
		return (0);
	depth = d->comp[0].depth;
	for (i = 0; i < 3; i++) {
		black = d->flags & AV_PIX_FMT_FLAG_RGB ? 0 : i > 0 ? 1 << (depth - 1) : full ? 0 : 16 << (depth - 8);
		for (y = 0; y < f->height; y++)
			row_mix(f->data[i] + y * f->linesize[i], f->data[3] + y * f->linesize[3], f->width, depth, black);
	}
	f->format = opaque;
	f->data[3] = NULL;
	f->linesize[3] = 0;

	return (1);
}
