/*
 * Frames with other primaries, another transfer function or HDR to BT.709. A
 * pixel goes from Y'CbCr to the signals of three channels, by a table to linear
 * light, by a matrix to the primaries of BT.709, through the tone curve (HDR) and
 * by a table to R'G'B'. SDR is taken as a display with gamma 2.4 shows it (ITU-R
 * BT.1886 and BT.2087). HDR follows ITU-R BT.2100; diffuse white is 203 cd/m2
 * (ITU-R BT.2408).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/colour.h"

#define WHITE_NITS	203.0f
#define HLG_NITS	1000.0f	/* peak of the display that HLG is meant for */
#define HLG_GAMMA	1.2f
#define DISPLAY_GAMMA	2.4f
#define KNEE		0.3f	/* light below it is kept as it is: middle greys and skin */
#define SIGNALS		2048
/* Tables of light have 128 entries for each octave from 2^-20 to 2^6 in units of diffuse white. */
#define OCTAVE_SHIFT	16
#define LIGHT_LOW	(107 << (23 - OCTAVE_SHIFT))
#define LIGHTS		(26 << (23 - OCTAVE_SHIFT))

struct media_tone {
	float		signal[3][2];		/* what Cb and Cr add to Y' for each channel */
	int		constant;		/* constant luminance: ->signal is not used */
	float		kr, kb;
	float		matrix[3][3];		/* channels in linear light to BT.709 */
	int		hdr;
	float		light[SIGNALS + 1];
	float		curve[LIGHTS];		/* factor of the tone curve for the greatest of R, G and B */
	float		display[LIGHTS];	/* signal from 0 to 255 */
};

/* Returns the luminance of a PQ signal, in units of diffuse white. */
static float
pq_light(float v)
{
	float	p = powf(v, 1 / 78.84375f), n = p - 0.8359375f;

	return (powf((n > 0 ? n : 0) / (18.8515625f - 18.6875f * p), 1 / 0.1593017578125f) * 10000 / WHITE_NITS);
}

/*
 * Returns the luminance of an HLG signal on a display of 1000 cd/m2, in units of
 * diffuse white. The system gamma is applied to each channel, as zimg does.
 */
static float
hlg_light(float v)
{
	float	scene = v <= 0.5f ? v * v / 3 : (expf((v - 0.55991073f) / 0.17883277f) + 0.28466892f) / 12;

	return (powf(scene, HLG_GAMMA) * HLG_NITS / WHITE_NITS);
}

static float
light_of(int transfer, float v)
{
	switch (transfer) {
	case AVCOL_TRC_SMPTE2084:
		return (pq_light(v));
	case AVCOL_TRC_ARIB_STD_B67:
		return (hlg_light(v));
	case AVCOL_TRC_LINEAR:
		return (v);
	case AVCOL_TRC_LOG:
		return (powf(10, 2 * (v - 1)));
	case AVCOL_TRC_LOG_SQRT:
		return (powf(10, 2.5f * (v - 1)));
	case AVCOL_TRC_SMPTE428:
		return (powf(v, 2.6f) * 52.37f / 48);
	default:
		return (powf(v, DISPLAY_GAMMA));
	}
}

/* Möbius with a straight line below the knee, as in FFmpeg's filter tonemap. 1 is diffuse white; the peak becomes 1. */
static float
tone_curve(float v, float peak)
{
	float	j = KNEE, a, b;

	if (v <= j || peak <= 1)
		return (v);
	a = -j * j * (peak - 1) / (j * j - 2 * j + peak);
	b = (j * j - 2 * j * peak + peak) / (peak - 1);

	return ((b * b + 2 * b * j + j * j) / (b - a) * (v + a) / (v + b));
}

/* Returns the place of a luminance in the tables of light: the exponent and the highest bits of the fraction. */
static inline unsigned
light_index(float v)
{
	int32_t	bits, i;

	/* The bits of a negative number are a negative integer. */
	memcpy(&bits, &v, sizeof(bits));
	i = (bits >> OCTAVE_SHIFT) - LIGHT_LOW;

	return ((unsigned)(i < 0 ? 0 : i >= LIGHTS ? LIGHTS - 1 : i));
}

/* Returns the luminance in the middle of an entry. */
static float
light_at(unsigned i)
{
	uint32_t	bits = ((uint32_t)(LIGHT_LOW + (int)i) << OCTAVE_SHIFT) + (1u << (OCTAVE_SHIFT - 1));
	float		v;

	memcpy(&v, &bits, sizeof(v));

	return (i == 0 ? 0 : v);
}

static void
tables_fill(struct media_tone *t, const struct media_colour *c)
{
	float		v;
	unsigned	i;

	for (i = 0; i <= SIGNALS; i++)
		t->light[i] = i == 0 ? 0 : light_of(c->transfer, (float)i / SIGNALS);
	for (i = 0; i < LIGHTS; i++) {
		v = light_at(i);
		t->curve[i] = v > 0 ? tone_curve(v, c->hdr_peak / WHITE_NITS) / v : 1;
		t->display[i] = v >= 1 ? 255 : 255 * powf(v, 1 / DISPLAY_GAMMA);
	}
}

/* ICtCp: the channels are L'M'S', the responses of the cones; PQ and HLG have matrices of their own (BT.2100 table 7). */
static void
ictcp_fill(struct media_tone *t, const struct media_colour *c)
{
	static const float	pq[3][2] = { { 0.00860904f, 0.11102963f }, { -0.00860904f, -0.11102963f }, { 0.56003134f, -0.32062717f } };
	static const float	hlg[3][2] = { { 0.01571858f, 0.20958107f }, { -0.01571858f, -0.20958107f }, { 1.02127108f, -0.60527449f } };
	static const float	rgb[3][3] = { { 3.43660669f, -2.50645212f, 0.06984542f }, { -0.79132956f, 1.98360045f, -0.19227090f },
				    { -0.02594990f, -0.09891371f, 1.12486361f } };
	int			i, k;

	memcpy(t->signal, c->transfer == AVCOL_TRC_ARIB_STD_B67 ? hlg : pq, sizeof(t->signal));
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 3; k++)
			t->matrix[k][i] = (float)(c->primaries709[k][0] * rgb[0][i] + c->primaries709[k][1] * rgb[1][i] +
			    c->primaries709[k][2] * rgb[2][i]);
	}
}

void
media_colour_signals(const struct media_colour *c, double out[3][2])
{
	double	kg = 1 - c->kr - c->kb;

	memset(out, 0, 3 * sizeof(out[0]));
	if (c->matrix == AVCOL_SPC_YCGCO) {
		out[0][0] = out[2][0] = out[2][1] = -1;
		out[0][1] = out[1][0] = 1;
		return;
	}
	out[0][1] = 2 * (1 - c->kr);
	out[1][0] = -2 * (1 - c->kb) * c->kb / kg;
	out[1][1] = -2 * (1 - c->kr) * c->kr / kg;
	out[2][0] = 2 * (1 - c->kb);
}

struct media_tone *
media_tone_new(const struct media_colour *c)
{
	struct media_tone	*t;
	double			columns[3][2];
	int			i, k;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->hdr = c->hdr;
	t->kr = (float)c->kr;
	t->kb = (float)c->kb;
	t->constant = c->matrix == AVCOL_SPC_BT2020_CL || c->matrix == AVCOL_SPC_CHROMA_DERIVED_CL;
	tables_fill(t, c);
	if (c->matrix == AVCOL_SPC_ICTCP) {
		ictcp_fill(t, c);
		return (t);
	}
	media_colour_signals(c, columns);
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 2; k++)
			t->signal[i][k] = (float)columns[i][k];
		for (k = 0; k < 3; k++)
			t->matrix[i][k] = (float)c->primaries709[i][k];
	}

	return (t);
}

void
media_tone_free(struct media_tone *t)
{
	free(t);
}

/* The camera's transfer function of BT.2020 and its inverse. */
static float
camera_signal(float light)
{
	return (light < 0.0181f ? 4.5f * light : 1.0993f * powf(light, 0.45f) - 0.0993f);
}

static float
camera_light(float v)
{
	return (v < 0.0814f ? v / 4.5f : powf((v + 0.0993f) / 1.0993f, 1 / 0.45f));
}

/* Constant luminance (BT.2020 table 4): Y' is the signal of the luminance itself; chroma has different scales above and below 0. */
static void
constant_signals(const struct media_tone *t, float y, float cb, float cr, float out[3])
{
	float	kr = t->kr, kb = t->kb;

	out[0] = y + cr * 2 * (cr > 0 ? 1 - camera_signal(kr) : camera_signal(1 - kr));
	out[2] = y + cb * 2 * (cb > 0 ? 1 - camera_signal(kb) : camera_signal(1 - kb));
	out[1] = camera_signal((camera_light(y) - kr * camera_light(out[0]) - kb * camera_light(out[2])) / (1 - kr - kb));
}

static inline float
signal_light(const struct media_tone *t, float v)
{
	int	i = (int)(v * SIGNALS + 0.5f);

	return (t->light[i < 0 ? 0 : i > SIGNALS ? SIGNALS : i]);
}

/* Adds BT.709 R'G'B' (0 to 255) of the channels' signals to sum, and returns Y'. */
static inline float
pixel_map(const struct media_tone *t, const float signal[3], float sum[3])
{
	const float	(*m)[3] = t->matrix;
	float		x = signal_light(t, signal[0]), y = signal_light(t, signal[1]), z = signal_light(t, signal[2]);
	float		r = m[0][0] * x + m[0][1] * y + m[0][2] * z, g = m[1][0] * x + m[1][1] * y + m[1][2] * z;
	float		b = m[2][0] * x + m[2][1] * y + m[2][2] * z, scale = 1, max;

	if (t->hdr) {
		/* The greatest channel follows the curve, the other two keep their proportion to it: the hue does not change. */
		max = r > g ? r : g;
		max = b > max ? b : max;
		if (max > KNEE)
			scale = t->curve[light_index(max)];
	}
	r = t->display[light_index(r * scale)];
	g = t->display[light_index(g * scale)];
	b = t->display[light_index(b * scale)];
	sum[0] += r;
	sum[1] += g;
	sum[2] += b;

	return (0.2126f * r + 0.7152f * g + 0.0722f * b);
}

static const uint16_t *
row16(const AVFrame *f, int plane, int y)
{
	return ((const uint16_t *)(const void *)(f->data[plane] + y * f->linesize[plane]));
}

/* Returns Y' (limited range) of a sample whose chroma adds `add` to the channels, and adds its R'G'B' to sum. */
static inline uint8_t
sample_map(const struct media_tone *t, uint16_t sample, float cb, float cr, const float add[3], float sum[3])
{
	float	luma = ((float)sample - 64) * (1 / 876.0f), signal[3] = { luma + add[0], luma + add[1], luma + add[2] };

	if (t->constant)
		constant_signals(t, luma, cb, cr, signal);

	return ((uint8_t)(16.5f + pixel_map(t, signal, sum) * (219 / 255.0f)));
}

/* Maps a row of chroma (4:2:0) and the two rows of luma that belong to it. */
static void
rows_map(const struct media_tone *t, const AVFrame *in, AVFrame *out, int y)
{
	const uint16_t	*luma = row16(in, 0, 2 * y), *below = row16(in, 0, 2 * y + 1), *in_cb = row16(in, 1, y), *in_cr = row16(in, 2, y);
	uint8_t		*to = out->data[0] + 2 * y * out->linesize[0], *to_below = to + out->linesize[0];
	uint8_t		*to_cb = out->data[1] + y * out->linesize[1], *to_cr = out->data[2] + y * out->linesize[2];
	float		cb, cr, add[3];
	int		x, k;

	for (x = 0; x < in->width / 2; x++) {
		float	sum[3] = { 0 };

		cb = ((float)in_cb[x] - 512) * (1 / 896.0f);
		cr = ((float)in_cr[x] - 512) * (1 / 896.0f);
		for (k = 0; k < 3; k++)
			add[k] = t->signal[k][0] * cb + t->signal[k][1] * cr;
		to[2 * x] = sample_map(t, luma[2 * x], cb, cr, add, sum);
		to[2 * x + 1] = sample_map(t, luma[2 * x + 1], cb, cr, add, sum);
		to_below[2 * x] = sample_map(t, below[2 * x], cb, cr, add, sum);
		to_below[2 * x + 1] = sample_map(t, below[2 * x + 1], cb, cr, add, sum);
		to_cb[x] = (uint8_t)(128.5f + (-0.114572f * sum[0] - 0.385428f * sum[1] + 0.5f * sum[2]) * (224 / 1020.0f));
		to_cr[x] = (uint8_t)(128.5f + (0.5f * sum[0] - 0.454153f * sum[1] - 0.045847f * sum[2]) * (224 / 1020.0f));
	}
}

void
media_tone_convert(const struct media_tone *t, const AVFrame *in, AVFrame *out)
{
	int	y;

	for (y = 0; y < in->height / 2; y++)
		rows_map(t, in, out, y);
}
