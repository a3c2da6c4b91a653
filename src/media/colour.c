/*
 * Decides how a film's colours are coded (ITU-T H.273) and converts frames to
 * BT.709 in limited range. The decision is made once, so that all renditions of
 * a film agree. Tags that are missing, reserved or contradict the pixel format
 * are replaced, with a note.
 *
 * Primaries of standard definition (BT.470BG, SMPTE 170M, 240M) are close to
 * those of BT.709 and are taken as these, as ffmpeg's scaler and television do;
 * all transfer functions of that family count as one.
 */
#include <math.h>
#include <string.h>

#include <libavutil/csp.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/pixdesc.h>

#include "media/colour.h"
#include "media/internal.h"

#define SD_LINES	576	/* untagged frames up to this height are BT.601 */
#define HD_LINES	720
#define HD_WIDTH	1280
#define PEAK_MIN	1000.0f	/* cd/m2; metadata below it is not believed */
#define PEAK_MAX	10000.0f
#define FIXED		16384

/* Returns 1 for R'G'B' and what the scaler takes as such: palettes and X'Y'Z'. */
static int
is_rgb(int format)
{
	const AVPixFmtDescriptor	*d = av_pix_fmt_desc_get(format);

	return (d != NULL && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_XYZ)) != 0);
}

static int
is_standard_definition(int primaries)
{
	return (primaries == AVCOL_PRI_BT470BG || primaries == AVCOL_PRI_SMPTE170M || primaries == AVCOL_PRI_SMPTE240M);
}

static void
transfer_decide(struct media *m, const AVFrame *f, struct media_colour *c)
{
	int	tag = f->color_trc != AVCOL_TRC_UNSPECIFIED ? f->color_trc : m->format->streams[m->video]->codecpar->color_trc;

	if (tag == AVCOL_TRC_RESERVED0 || tag == AVCOL_TRC_RESERVED || tag >= AVCOL_TRC_NB) {
		media_note(m, "The transfer characteristics of the video have a reserved value (%d); those of BT.709 were assumed.", tag);
		tag = AVCOL_TRC_BT709;
	}
	c->transfer = tag == AVCOL_TRC_UNSPECIFIED ? AVCOL_TRC_BT709 : tag;
	if (f->colorspace == AVCOL_SPC_ICTCP && c->transfer != AVCOL_TRC_ARIB_STD_B67)
		c->transfer = AVCOL_TRC_SMPTE2084;
	c->hdr = c->transfer == AVCOL_TRC_SMPTE2084 || c->transfer == AVCOL_TRC_ARIB_STD_B67;
}

static void
primaries_decide(struct media *m, const AVFrame *f, int matrix, struct media_colour *c)
{
	int	tag = f->color_primaries != AVCOL_PRI_UNSPECIFIED ? f->color_primaries : m->format->streams[m->video]->codecpar->color_primaries;

	if (tag != AVCOL_PRI_UNSPECIFIED && av_csp_primaries_desc_from_id(tag) == NULL) {
		media_note(m, "The colour primaries of the video have a reserved value (%d); those of BT.709 were assumed.", tag);
		tag = AVCOL_PRI_BT709;
	}
	if (tag == AVCOL_PRI_UNSPECIFIED && (c->hdr || matrix == AVCOL_SPC_BT2020_NCL || matrix == AVCOL_SPC_BT2020_CL))
		tag = AVCOL_PRI_BT2020;
	if (matrix == AVCOL_SPC_ICTCP)
		tag = AVCOL_PRI_BT2020;
	c->primaries = tag;
}

/* Returns the matrix of frames that do not state one. */
static int
matrix_assume(const AVFrame *f, const struct media_colour *c)
{
	if (c->hdr || c->primaries == AVCOL_PRI_BT2020)
		return (AVCOL_SPC_BT2020_NCL);
	if (is_standard_definition(c->primaries))
		return (AVCOL_SPC_SMPTE170M);

	return (f->height <= SD_LINES ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709);
}

/*
 * Notes an assumption that may be wrong. Most films do not state a matrix, and programs agree on it for usual sizes. Between
 * standard and high definition, and for wide pictures with few lines, they do not.
 */
static void
assumption_note(struct media *m, const AVFrame *f, const struct media_colour *c)
{
	int	unusual = f->height <= SD_LINES ? f->width >= HD_WIDTH : f->height < HD_LINES;

	if (unusual && !c->hdr && (c->primaries == AVCOL_PRI_UNSPECIFIED || c->primaries == AVCOL_PRI_BT709))
		media_note(m, "The video does not state how its colours are coded, and programs differ for %d x %d pixels: %s was assumed; if the colours "
		    "look wrong, export it with colour tags.", f->width, f->height, c->matrix == AVCOL_SPC_BT709 ? "BT.709" : "BT.601");
}

static void
matrix_decide(struct media *m, const AVFrame *f, int tag, struct media_colour *c)
{
	const AVLumaCoefficients	*luma;

	if (is_rgb(f->format)) {
		c->matrix = c->hdr || c->primaries == AVCOL_PRI_BT2020 ? AVCOL_SPC_BT2020_NCL : AVCOL_SPC_BT709;
	} else if (tag == AVCOL_SPC_UNSPECIFIED) {
		c->matrix = matrix_assume(f, c);
		assumption_note(m, f, c);
	} else if (tag == AVCOL_SPC_ICTCP || tag == AVCOL_SPC_YCGCO || tag == AVCOL_SPC_CHROMA_DERIVED_NCL || tag == AVCOL_SPC_CHROMA_DERIVED_CL ||
	    (tag != AVCOL_SPC_RGB && av_csp_luma_coeffs_from_avcsp(tag) != NULL)) {
		c->matrix = tag;
	} else {
		c->matrix = matrix_assume(f, c);
		media_note(m, "The colour matrix of the video (%s) is reserved or cannot be converted; %s was used.",
		    av_color_space_name(tag) != NULL ? av_color_space_name(tag) : "unknown", av_color_space_name(c->matrix));
	}
	if ((luma = av_csp_luma_coeffs_from_avcsp(c->matrix)) != NULL) {
		c->kr = av_q2d(luma->cr);
		c->kb = av_q2d(luma->cb);
	}
}

static void
invert(const double m[3][3], double out[3][3])
{
	double	det = 0;
	int	i, k;

	for (i = 0; i < 3; i++)
		det += m[0][i] * (m[1][(i + 1) % 3] * m[2][(i + 2) % 3] - m[1][(i + 2) % 3] * m[2][(i + 1) % 3]);
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 3; k++)
			out[k][i] = (m[(i + 1) % 3][(k + 1) % 3] * m[(i + 2) % 3][(k + 2) % 3] -
			    m[(i + 1) % 3][(k + 2) % 3] * m[(i + 2) % 3][(k + 1) % 3]) / det;
	}
}

static void
multiply(const double a[3][3], const double b[3][3], double out[3][3])
{
	int	i, k;

	for (i = 0; i < 3; i++) {
		for (k = 0; k < 3; k++)
			out[i][k] = a[i][0] * b[0][k] + a[i][1] * b[1][k] + a[i][2] * b[2][k];
	}
}

/* Computes the matrix from linear R, G and B to X, Y and Z. */
static void
primaries_xyz(int primaries, double out[3][3])
{
	const AVColorPrimariesDesc	*d = av_csp_primaries_desc_from_id(primaries);
	const AVCIExy			*at[3] = { &d->prim.r, &d->prim.g, &d->prim.b };
	double				raw[3][3], inverse[3][3], white[3];
	int				i, k;

	for (i = 0; i < 3; i++) {
		raw[0][i] = av_q2d(at[i]->x) / av_q2d(at[i]->y);
		raw[1][i] = 1;
		raw[2][i] = (1 - av_q2d(at[i]->x)) / av_q2d(at[i]->y) - 1;
	}
	white[0] = av_q2d(d->wp.x) / av_q2d(d->wp.y);
	white[1] = 1;
	white[2] = (1 - av_q2d(d->wp.x)) / av_q2d(d->wp.y) - 1;
	invert(raw, inverse);
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 3; k++)
			out[k][i] = raw[k][i] * (inverse[i][0] * white[0] + inverse[i][1] * white[1] + inverse[i][2] * white[2]);
	}
}

/* Scales each row to the sum 1, so that white stays white if the primaries have another white (DCI-P3). */
static void
primaries_convert(int primaries, double out[3][3])
{
	double	from[3][3], to[3][3], inverse[3][3], sum;
	int	i, k;

	primaries_xyz(primaries, from);
	primaries_xyz(AVCOL_PRI_BT709, to);
	invert(to, inverse);
	multiply(inverse, from, out);
	for (i = 0; i < 3; i++) {
		sum = out[i][0] + out[i][1] + out[i][2];
		for (k = 0; k < 3; k++)
			out[i][k] /= sum;
	}
}

/* Returns the brightness of the film's brightest sample by its metadata (SMPTE ST 2086, CTA-861.3), in cd/m2. */
static float
peak_read(const struct media *m, const AVFrame *f, int transfer)
{
	const AVCodecParameters			*par = m->format->streams[m->video]->codecpar;
	const AVFrameSideData			*side;
	const AVPacketSideData			*packet;
	const AVMasteringDisplayMetadata	*display = NULL;
	const AVContentLightMetadata		*light = NULL;
	float					peak = PEAK_MAX;

	if (transfer == AVCOL_TRC_ARIB_STD_B67)
		return (1000);
	if ((side = av_frame_get_side_data(f, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA)) != NULL)
		display = (const void *)side->data;
	else if ((packet = av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_MASTERING_DISPLAY_METADATA)) != NULL)
		display = (const void *)packet->data;
	if ((side = av_frame_get_side_data(f, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL)) != NULL)
		light = (const void *)side->data;
	else if ((packet = av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_CONTENT_LIGHT_LEVEL)) != NULL)
		light = (const void *)packet->data;
	if (light != NULL && light->MaxCLL > 0)
		peak = (float)light->MaxCLL;
	else if (display != NULL && display->has_luminance && display->max_luminance.den != 0)
		peak = (float)av_q2d(display->max_luminance);

	return (fminf(fmaxf(peak, PEAK_MIN), PEAK_MAX));
}

/* Computes the sums that turn limited-range Y'CbCr of the film's matrix into that of BT.709. Chroma does not depend on Y'. */
static void
matrix_convert(struct media_colour *c)
{
	static const double	luma[3] = { 0.2126, 0.7152, 0.0722 };
	double			rgb[3][2], y;
	int			k;

	media_colour_signals(c, rgb);
	for (k = 0; k < 2; k++) {
		y = luma[0] * rgb[0][k] + luma[1] * rgb[1][k] + luma[2] * rgb[2][k];
		c->to709[0][k] = (int)lrint(y * FIXED * 219 / 224);
		c->to709[1][k] = (int)lrint((rgb[2][k] - y) / (2 * (1 - luma[2])) * FIXED);
		c->to709[2][k] = (int)lrint((rgb[0][k] - y) / (2 * (1 - luma[0])) * FIXED);
	}
}

static int
is_wide(const struct media_colour *c, int format)
{
	const AVPixFmtDescriptor	*d = av_pix_fmt_desc_get(format);

	if (d != NULL && (d->flags & AV_PIX_FMT_FLAG_XYZ))
		return (0);

	return (c->primaries == AVCOL_PRI_BT2020 || c->primaries == AVCOL_PRI_SMPTE431 || c->primaries == AVCOL_PRI_SMPTE432 ||
	    c->primaries == AVCOL_PRI_SMPTE428 || c->transfer == AVCOL_TRC_LINEAR || c->transfer == AVCOL_TRC_LOG ||
	    c->transfer == AVCOL_TRC_LOG_SQRT || c->transfer == AVCOL_TRC_SMPTE428);
}

static int
range_decide(const AVFrame *f)
{
	switch (f->format) {
	case AV_PIX_FMT_YUVJ420P:
	case AV_PIX_FMT_YUVJ411P:
	case AV_PIX_FMT_YUVJ422P:
	case AV_PIX_FMT_YUVJ440P:
	case AV_PIX_FMT_YUVJ444P:
		return (1);
	default:
		return (f->color_range == AVCOL_RANGE_JPEG);
	}
}

int
media_colour_decide(struct media *m, const AVFrame *f, struct media_colour *c)
{
	int	matrix = f->colorspace != AVCOL_SPC_UNSPECIFIED ? f->colorspace : m->format->streams[m->video]->codecpar->color_space;
	double	xyz[3][3];

	transfer_decide(m, f, c);
	primaries_decide(m, f, matrix, c);
	matrix_decide(m, f, matrix, c);
	c->full = range_decide(f);
	if (c->matrix == AVCOL_SPC_CHROMA_DERIVED_NCL || c->matrix == AVCOL_SPC_CHROMA_DERIVED_CL) {
		primaries_xyz(c->primaries == AVCOL_PRI_UNSPECIFIED ? AVCOL_PRI_BT709 : c->primaries, xyz);
		c->kr = xyz[1][0];
		c->kb = xyz[1][2];
	}
	if (c->hdr || is_wide(c, f->format) || c->matrix == AVCOL_SPC_BT2020_CL || c->matrix == AVCOL_SPC_CHROMA_DERIVED_CL || c->matrix == AVCOL_SPC_ICTCP)
		c->kind = MEDIA_COLOUR_TONE;
	else
		c->kind = is_rgb(f->format) || c->matrix == AVCOL_SPC_BT709 ? MEDIA_COLOUR_SAME : MEDIA_COLOUR_MATRIX;
	c->decided = 1;
	if (c->kind == MEDIA_COLOUR_MATRIX)
		matrix_convert(c);
	if (c->kind != MEDIA_COLOUR_TONE)
		return (MEDIA_OK);
	primaries_convert(c->primaries == AVCOL_PRI_UNSPECIFIED || is_standard_definition(c->primaries) ? AVCOL_PRI_BT709 : c->primaries, c->primaries709);
	c->hdr_peak = peak_read(m, f, c->transfer);
	if (c->hdr)
		media_note(m, "The video is HDR (%s); its colours were converted to SDR.", c->transfer == AVCOL_TRC_ARIB_STD_B67 ? "HLG" : "PQ");

	return ((c->tone = media_tone_new(c)) != NULL ? MEDIA_OK : MEDIA_MEMORY);
}

void
media_colour_free(struct media_colour *c)
{
	media_tone_free(c->tone);
	c->tone = NULL;
}

enum AVPixelFormat
media_colour_format(const struct media_colour *c)
{
	return (c->kind == MEDIA_COLOUR_TONE ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P);
}

static inline uint8_t
byte(int v)
{
	return ((uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v));
}

/* Converts one row of chroma and the two rows of luma that belong to it. */
static void
rows_convert(const struct media_colour *c, const AVFrame *in, AVFrame *out, int y)
{
	const uint8_t	*cb = in->data[1] + y * in->linesize[1], *cr = in->data[2] + y * in->linesize[2];
	const uint8_t	*luma = in->data[0] + 2 * y * in->linesize[0], *next = luma + in->linesize[0];
	uint8_t		*to = out->data[0] + 2 * y * out->linesize[0], *below = to + out->linesize[0];
	uint8_t		*to_cb = out->data[1] + y * out->linesize[1], *to_cr = out->data[2] + y * out->linesize[2];
	int		x, b, r, add;

	for (x = 0; x < in->width / 2; x++) {
		b = cb[x] - 128;
		r = cr[x] - 128;
		add = (c->to709[0][0] * b + c->to709[0][1] * r + FIXED / 2) >> 14;
		to_cb[x] = byte(128 + ((c->to709[1][0] * b + c->to709[1][1] * r + FIXED / 2) >> 14));
		to_cr[x] = byte(128 + ((c->to709[2][0] * b + c->to709[2][1] * r + FIXED / 2) >> 14));
		to[2 * x] = byte(luma[2 * x] + add);
		to[2 * x + 1] = byte(luma[2 * x + 1] + add);
		below[2 * x] = byte(next[2 * x] + add);
		below[2 * x + 1] = byte(next[2 * x + 1] + add);
	}
}

void
media_colour_convert(const struct media_colour *c, const AVFrame *in, AVFrame *out)
{
	int	y;

	if (c->kind == MEDIA_COLOUR_TONE) {
		media_tone_convert(c->tone, in, out);
		return;
	}
	for (y = 0; y < in->height / 2; y++)
		rows_convert(c, in, out, y);
}
