/*
 * JPEG files of frames. JFIF takes samples as BT.601 in full range, the frames of
 * renditions are BT.709 in limited range.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/previews.h"

#define FIXED	16384

/*
 * Coefficients in 1/FIXED by which Cb and Cr of BT.709 are added to Y', Cb and Cr to give those of BT.601:
 * R'G'B' by the matrix of BT.709, of which the sums of BT.601 are taken. Ranges go from 219 and 224 steps to 255.
 */
struct sums {
	int	luma;
	int	chroma[3][2];
};

static void
sums_make(struct sums *s)
{
	static const double	rgb[3][2] = { { 0, 1.5748 }, { -0.1873, -0.4681 }, { 1.8556, 0 } };
	double			y, range = 255.0 / 224 * FIXED;
	int			k;

	s->luma = (int)lrint(255.0 / 219 * FIXED);
	for (k = 0; k < 2; k++) {
		y = 0.299 * rgb[0][k] + 0.587 * rgb[1][k] + 0.114 * rgb[2][k];
		s->chroma[0][k] = (int)lrint(y * range);
		s->chroma[1][k] = (int)lrint((rgb[2][k] - y) / 1.772 * range);
		s->chroma[2][k] = (int)lrint((rgb[0][k] - y) / 1.402 * range);
	}
}

static inline uint8_t
byte(int v)
{
	v = (v + FIXED / 2) >> 14;

	return ((uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v));
}

/* Converts one row of chroma and the two rows of luma that belong to it. */
static void
rows_convert(const struct sums *s, const AVFrame *in, AVFrame *out, int y)
{
	const uint8_t	*cb = in->data[1] + y * in->linesize[1], *cr = in->data[2] + y * in->linesize[2];
	const uint8_t	*luma = in->data[0] + 2 * y * in->linesize[0];
	uint8_t		*to = out->data[0] + 2 * y * out->linesize[0];
	int		x, i, b, r, add;

	for (x = 0; x < in->width / 2; x++) {
		b = cb[x] - 128;
		r = cr[x] - 128;
		add = s->chroma[0][0] * b + s->chroma[0][1] * r;
		out->data[1][y * out->linesize[1] + x] = byte(128 * FIXED + s->chroma[1][0] * b + s->chroma[1][1] * r);
		out->data[2][y * out->linesize[2] + x] = byte(128 * FIXED + s->chroma[2][0] * b + s->chroma[2][1] * r);
		for (i = 0; i < 2; i++) {
			to[2 * x + i] = byte((luma[2 * x + i] - 16) * s->luma + add);
			to[out->linesize[0] + 2 * x + i] = byte((luma[in->linesize[0] + 2 * x + i] - 16) * s->luma + add);
		}
	}
}

static AVFrame *
full_range(const AVFrame *in)
{
	AVFrame		*out = av_frame_alloc();
	struct sums	sums;
	int		y;

	if (out == NULL)
		return (NULL);
	out->format = AV_PIX_FMT_YUV420P;
	out->width = in->width;
	out->height = in->height;
	out->color_range = AVCOL_RANGE_JPEG;
	if (av_frame_get_buffer(out, 0) < 0) {
		av_frame_free(&out);
		return (NULL);
	}
	sums_make(&sums);
	for (y = 0; y < in->height / 2; y++)
		rows_convert(&sums, in, out, y);

	return (out);
}

static AVCodecContext *
encoder_open(const AVFrame *frame, int quality)
{
	const AVCodec	*mjpeg = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AVCodecContext	*c;

	if (mjpeg == NULL || (c = avcodec_alloc_context3(mjpeg)) == NULL)
		return (NULL);
	c->width = frame->width;
	c->height = frame->height;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->color_range = AVCOL_RANGE_JPEG;
	c->time_base = (AVRational){ 1, 25 };
	c->thread_count = 1;
	/* Without the encoder's version as a comment. */
	c->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
	c->global_quality = FF_QP2LAMBDA * quality;
	if (avcodec_open2(c, mjpeg, NULL) < 0)
		avcodec_free_context(&c);

	return (c);
}

int
media_jpeg_make(const AVFrame *frame, int quality, struct media_jpeg *out)
{
	AVFrame		*full = full_range(frame);
	AVPacket	*packet = av_packet_alloc();
	AVCodecContext	*c = full != NULL ? encoder_open(full, quality) : NULL;
	int		ok = 0;

	memset(out, 0, sizeof(*out));
	if (c != NULL && packet != NULL) {
		full->pts = 0;
		full->quality = c->global_quality;
		if (avcodec_send_frame(c, full) >= 0 && avcodec_receive_packet(c, packet) >= 0 && (out->data = malloc((size_t)packet->size)) != NULL) {
			memcpy(out->data, packet->data, (size_t)packet->size);
			out->size = (size_t)packet->size;
			out->width = frame->width;
			out->height = frame->height;
			ok = 1;
		}
	}
	avcodec_free_context(&c);
	av_packet_free(&packet);
	av_frame_free(&full);

	return (ok);
}
