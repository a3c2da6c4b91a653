/*
 * Crop metadata of the container.
 */
#include <stdio.h>

#include <libavutil/intreadwrite.h>

#include "media/internal.h"

/* Reads the container's crop metadata (Matroska PixelCrop, MP4 clap): top, bottom, left, right. Returns 0 if there is none. */
static int
crop_read(const AVCodecParameters *par, unsigned crop[4])
{
	const AVPacketSideData	*side = av_packet_side_data_get(par->coded_side_data, par->nb_coded_side_data, AV_PKT_DATA_FRAME_CROPPING);
	int			i;

	if (side == NULL || side->size < 16)
		return (0);
	for (i = 0; i < 4; i++)
		crop[i] = AV_RL32(side->data + 4 * i);

	return (crop[0] < 1u << 16 && crop[1] < 1u << 16 && crop[2] < 1u << 16 && crop[3] < 1u << 16 &&
	    crop[0] + crop[1] < (unsigned)par->height && crop[2] + crop[3] < (unsigned)par->width);
}

void
media_crop_size(const AVCodecParameters *par, int *width, int *height)
{
	unsigned	crop[4];

	*width = par->width;
	*height = par->height;
	if (crop_read(par, crop)) {
		*width -= (int)(crop[2] + crop[3]);
		*height -= (int)(crop[0] + crop[1]);
	}
}

void
media_crop_filter(const AVCodecParameters *par, const AVFrame *f, char *out, size_t size)
{
	unsigned	crop[4];

	*out = '\0';
	if (f->width == par->width && f->height == par->height && crop_read(par, crop) && crop[0] + crop[1] + crop[2] + crop[3] > 0)
		snprintf(out, size, "crop=%d:%d:%u:%u:exact=1,", par->width - (int)(crop[2] + crop[3]), par->height - (int)(crop[0] + crop[1]), crop[2],
		    crop[0]);
}
