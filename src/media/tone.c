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
#define DISPLAY_GAMMA	2.4f
#define KNEE		0.3f	/* light below it is kept as it is: middle greys and skin */
#define SIGNALS		4096
/* Tables of light have 256 entries for each octave from 2^-20 to 2^6 in units of diffuse white. */
#define OCTAVE_SHIFT	15
#define LIGHT_LOW	(107u << 23 >> OCTAVE_SHIFT)
#define LIGHTS		(26 << (23 - OCTAVE_SHIFT))

struct media_tone {
	float		signal[3][2];		/* what Cb and Cr add to Y' for each channel */
	int		constant;		/* constant luminance: ->signal is not used */
	float		kr, kb;
	float		matrix[3][3];		/* channels in linear light to BT.709 */
	float		luma[3];		/* weights of the channels in the luminance of the scene (HLG) */
	int		hlg, hdr;
	float		light[SIGNALS + 1];
	float		curve[LIGHTS];		/* factor of the tone curve for the greatest of R, G and B */
	float		system[LIGHTS];		/* factor of HLG's system gamma for the luminance */
	float		display[LIGHTS];	/* signal from 0 to 255 */
};

/* Returns the luminance of a PQ signal, in units of diffuse white. */
static float
pq_light(float v)
{
	float	p = powf(v, 1 / 78.84375f), n = p - 0.8359375f;

	return (powf((n > 0 ? n : 0) / (18.8515625f - 18.6875f * p), 1 / 0.1593017578125f) * 10000 / WHITE_NITS);
}

/* Returns the light of the scene of an HLG signal, from 0 to 1. */
static float
hlg_light(float v)
{
	return (v <= 0.5f ? v * v / 3 : (expf((v - 0.55991073f) / 0.17883277f) + 0.28466892f) / 12);
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
static unsigned
light_index(float v)
{
	uint32_t	bits;

	if (v <= 0)
		return (0);
	memcpy(&bits, &v, sizeof(bits));
	bits >>= OCTAVE_SHIFT;

	return (bits <= LIGHT_LOW ? 0 : bits - LIGHT_LOW >= LIGHTS ? LIGHTS - 1 : bits - LIGHT_LOW);
}

/* Returns the luminance in the middle of an entry. */
static float
light_at(unsigned i)
{
	uint32_t	bits = ((LIGHT_LOW + i) << OCTAVE_SHIFT) + (1u << (OCTAVE_SHIFT - 1));
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
		t->system[i] = powf(v, 0.2f) * HLG_NITS / WHITE_NITS;
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

	memcpy(t->signal, t->hlg ? hlg : pq, sizeof(t->signal));
	for (i = 0; i < 3; i++) {
		t->luma[i] = 0.2627f * rgb[0][i] + 0.6780f * rgb[1][i] + 0.0593f * rgb[2][i];
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
	t->hlg = c->transfer == AVCOL_TRC_ARIB_STD_B67;
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
		t->luma[i] = (const float[]){ 0.2627f, 0.6780f, 0.0593f }[i];
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
	return (t->light[v <= 0 ? 0 : v >= 1 ? SIGNALS : (int)(v * SIGNALS + 0.5f)]);
}

/* Adds BT.709 R'G'B' (0 to 255) of the channels' signals to sum, and returns Y'. */
static float
pixel_map(const struct media_tone *t, const float signal[3], float sum[3])
{
	float	a = signal_light(t, signal[0]), b = signal_light(t, signal[1]), c = signal_light(t, signal[2]), rgb[3], scale = 1, max;
	int	i;

	for (i = 0; i < 3; i++)
		rgb[i] = t->matrix[i][0] * a + t->matrix[i][1] * b + t->matrix[i][2] * c;
	if (t->hlg)
		scale = t->system[light_index(t->luma[0] * a + t->luma[1] * b + t->luma[2] * c)];
	if (t->hdr) {
		/* The greatest channel follows the curve, the other two keep their proportion to it: the hue does not change. */
		max = (rgb[0] > rgb[1] ? rgb[0] : rgb[1]);
		max = (rgb[2] > max ? rgb[2] : max) * scale;
		if (max > KNEE)
			scale *= t->curve[light_index(max)];
	}
	for (i = 0; i < 3; i++) {
		rgb[i] = t->display[light_index(rgb[i] * scale)];
		sum[i] += rgb[i];
	}

	return (0.2126f * rgb[0] + 0.7152f * rgb[1] + 0.0722f * rgb[2]);
}

static const uint16_t *
row16(const AVFrame *f, int plane, int y)
{
	return ((const uint16_t *)(const void *)(f->data[plane] + y * f->linesize[plane]));
}

/* Maps a block of 2 x 2 luma samples and one chroma sample (4:2:0). */
static void
block_map(const struct media_tone *t, const AVFrame *in, AVFrame *out, int x, int y)
{
	float	cb = ((float)row16(in, 1, y / 2)[x / 2] - 512) / 896, cr = ((float)row16(in, 2, y / 2)[x / 2] - 512) / 896;
	float	add[3], signal[3], sum[3] = { 0 }, luma;
	int	i, k, px, py;

	for (k = 0; k < 3; k++)
		add[k] = t->signal[k][0] * cb + t->signal[k][1] * cr;
	for (i = 0; i < 4; i++) {
		px = x + (i & 1);
		py = y + (i >> 1);
		luma = ((float)row16(in, 0, py)[px] - 64) / 876;
		for (k = 0; k < 3; k++)
			signal[k] = luma + add[k];
		if (t->constant)
			constant_signals(t, luma, cb, cr, signal);
		out->data[0][py * out->linesize[0] + px] = (uint8_t)(16.5f + pixel_map(t, signal, sum) * 219 / 255);
	}
	out->data[1][y / 2 * out->linesize[1] + x / 2] =
	    (uint8_t)(128.5f + (-0.114572f * sum[0] - 0.385428f * sum[1] + 0.5f * sum[2]) / 4 * 224 / 255);
	out->data[2][y / 2 * out->linesize[2] + x / 2] =
	    (uint8_t)(128.5f + (0.5f * sum[0] - 0.454153f * sum[1] - 0.045847f * sum[2]) / 4 * 224 / 255);
}

void
media_tone_convert(const struct media_tone *t, const AVFrame *in, AVFrame *out)
{
	int	x, y;

	for (y = 0; y < in->height; y += 2) {
		for (x = 0; x < in->width; x += 2)
			block_map(t, in, out, x, y);
	}
}
