/*
 * Tone mapping of HDR (PQ or HLG in BT.2020) to BT.709. Tables hold the transfer
 * functions (ITU-R BT.2100). The Hable curve compresses highlights. It is applied
 * to the greatest of R, G and B, and the other two are scaled by the same factor,
 * so that the hue does not change.
 */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include <libavutil/frame.h>

#include "media/internal.h"

#define WHITE_NITS	203.0f		/* cd/m2 of diffuse white in HDR (ITU-R BT.2408) */
#define PEAK		10.0f		/* maximum, in units of diffuse white; brighter values are clipped */
#define GAMMA_STEPS	4096

static float		pq_table[1024], hlg_table[1024];
static uint8_t		gamma_table[GAMMA_STEPS + 1];
static pthread_once_t	once = PTHREAD_ONCE_INIT;

/* Returns the luminance of a PQ signal, in units of diffuse white. */
static float
pq_light(float v)
{
	float	p = powf(v, 1 / 78.84375f), n = p - 0.8359375f;

	return (powf((n > 0 ? n : 0) / (18.8515625f - 18.6875f * p), 1 / 0.1593017578125f) * 10000 / WHITE_NITS);
}

/* Returns the luminance of an HLG signal on a display of 1000 cd/m2 with system gamma 1.2, in units of diffuse white. */
static float
hlg_light(float v)
{
	float	scene = v <= 0.5f ? v * v / 3 : (expf((v - 0.55991073f) / 0.17883277f) + 0.28466892f) / 12;

	return (powf(scene, 1.2f) * 1000 / WHITE_NITS);
}

static float
hable(float x)
{
	return ((x * (0.15f * x + 0.05f) + 0.004f) / (x * (0.15f * x + 0.5f) + 0.06f) - 0.02f / 0.3f);
}

static void
tables_make(void)
{
	float	linear;
	int	i;

	for (i = 0; i < 1024; i++) {
		pq_table[i] = pq_light((float)i / 1023);
		hlg_table[i] = hlg_light((float)i / 1023);
	}
	for (i = 0; i <= GAMMA_STEPS; i++) {
		linear = (float)i / GAMMA_STEPS;
		linear = linear < 0.018f ? 4.5f * linear : 1.099f * powf(linear, 0.45f) - 0.099f;
		gamma_table[i] = (uint8_t)(linear * 255 + 0.5f);
	}
}

static int
signal_index(float v)
{
	return (v <= 0 ? 0 : v >= 1 ? 1023 : (int)(v * 1023 + 0.5f));
}

static uint8_t
gamma_of(float linear)
{
	return (gamma_table[linear <= 0 ? 0 : linear >= 1 ? GAMMA_STEPS : (int)(linear * GAMMA_STEPS + 0.5f)]);
}

/* Maps one pixel from BT.2020 Y'CbCr (0 to 1, -0.5 to 0.5) to BT.709 R'G'B' in bytes. */
static void
pixel_map(const float *light, float y, float cb, float cr, uint8_t rgb[3])
{
	float	r, g, b, max, scale;

	r = light[signal_index(y + 1.4746f * cr)];
	g = light[signal_index(y - 0.16455f * cb - 0.57135f * cr)];
	b = light[signal_index(y + 1.8814f * cb)];
	max = r > g ? r : g;
	max = b > max ? b : max;
	if (max > PEAK)
		max = PEAK;
	scale = max > 1e-6f ? hable(max * 2) / hable(PEAK * 2) / max : 0;
	rgb[0] = gamma_of(scale * (1.6605f * r - 0.5876f * g - 0.0728f * b));
	rgb[1] = gamma_of(scale * (-0.1246f * r + 1.1329f * g - 0.0083f * b));
	rgb[2] = gamma_of(scale * (-0.0182f * r - 0.1006f * g + 1.1187f * b));
}

/* Maps a block of 2 x 2 luma samples and one chroma sample (4:2:0). */
static void
block_map(const float *light, const AVFrame *in, AVFrame *out, int x, int y)
{
	const uint16_t	*luma;
	uint8_t		rgb[3];
	float		cb, cr, sum[3] = { 0 };
	int		i, k, px, py;

	cb = (float)((const uint16_t *)(const void *)(in->data[1] + y / 2 * in->linesize[1]))[x / 2];
	cr = (float)((const uint16_t *)(const void *)(in->data[2] + y / 2 * in->linesize[2]))[x / 2];
	for (i = 0; i < 4; i++) {
		px = x + (i & 1);
		py = y + (i >> 1);
		luma = (const uint16_t *)(const void *)(in->data[0] + py * in->linesize[0]);
		pixel_map(light, ((float)luma[px] - 64) / 876, (cb - 512) / 896, (cr - 512) / 896, rgb);
		out->data[0][py * out->linesize[0] + px] =
		    (uint8_t)(16.5f + (0.2126f * rgb[0] + 0.7152f * rgb[1] + 0.0722f * rgb[2]) * 219 / 255);
		for (k = 0; k < 3; k++)
			sum[k] += rgb[k];
	}
	out->data[1][y / 2 * out->linesize[1] + x / 2] =
	    (uint8_t)(128.5f + (-0.1146f * sum[0] - 0.3854f * sum[1] + 0.5f * sum[2]) / 4 * 224 / 255);
	out->data[2][y / 2 * out->linesize[2] + x / 2] =
	    (uint8_t)(128.5f + (0.5f * sum[0] - 0.4542f * sum[1] - 0.0458f * sum[2]) / 4 * 224 / 255);
}

AVFrame *
media_tone_map(const AVFrame *in)
{
	const float	*light = in->color_trc == AVCOL_TRC_ARIB_STD_B67 ? hlg_table : pq_table;
	AVFrame		*out;
	int		x, y;

	pthread_once(&once, tables_make);
	if ((out = av_frame_alloc()) == NULL)
		return (NULL);
	out->format = AV_PIX_FMT_YUV420P;
	out->width = in->width;
	out->height = in->height;
	if (av_frame_get_buffer(out, 0) < 0) {
		av_frame_free(&out);
		return (NULL);
	}
	for (y = 0; y < in->height; y += 2) {
		for (x = 0; x < in->width; x += 2)
			block_map(light, in, out, x, y);
	}
	out->colorspace = AVCOL_SPC_BT709;
	out->color_primaries = AVCOL_PRI_BT709;
	out->color_trc = AVCOL_TRC_BT709;
	out->color_range = AVCOL_RANGE_MPEG;

	return (out);
}
