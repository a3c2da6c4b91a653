/*
 * Sample entries, which describe how a track is coded: avc1 (ISO/IEC 14496-15
 * §5.4) and mp4a (ISO/IEC 14496-14 §5.6), and H.264 as MP4 stores it.
 */
#include <stdio.h>
#include <string.h>

#include "media/mp4.h"

#define NAL_SPS		7
#define NAL_PPS		8
#define SPS_MIN		4		/* bytes up to the level */
#define PROFILE_HIGH	100
#define DPI_72		0x480000	/* 16.16 */

/* Descriptors of ISO/IEC 14496-1. */
#define DESCR_ES	3
#define DESCR_DECODER	4
#define DESCR_SPECIFIC	5
#define DESCR_SL	6

/* Returns the next start code from p on, or the end. */
static const uint8_t *
start_code(const uint8_t *p, const uint8_t *end)
{
	for (; end - p >= 3; p++) {
		if (p[2] > 1)
			p += 2;
		else if (p[0] == 0 && p[1] == 0 && p[2] == 1)
			return (p);
	}

	return (end);
}

/* Returns the next NAL unit from *at on and its length, and moves *at behind it. NULL at the end. */
static const uint8_t *
nal_next(const uint8_t **at, const uint8_t *end, size_t *len)
{
	const uint8_t	*nal = start_code(*at, end), *stop;

	if (nal == end)
		return (NULL);
	nal += 3;
	*at = stop = start_code(nal, end);
	/* A NAL unit never ends in a zero byte: zeros belong to the next start code. */
	while (stop > nal && stop[-1] == 0)
		stop--;
	*len = (size_t)(stop - nal);

	return (nal);
}

size_t
mp4_nal_units(struct mp4_bytes *b, const uint8_t *packet, size_t len)
{
	const uint8_t	*end = packet + len, *nal;
	size_t		before = b->len, n;

	while ((nal = nal_next(&packet, end, &n)) != NULL) {
		mp4_u32(b, (uint32_t)n);
		mp4_add(b, nal, n);
	}

	return (b->len - before);
}

static const uint8_t *
parameter_set(const uint8_t *sets, size_t len, int type, size_t *n)
{
	const uint8_t	*end = sets + len, *nal;

	while ((nal = nal_next(&sets, end, n)) != NULL) {
		if (*n >= SPS_MIN && (nal[0] & 31) == type)
			return (nal);
	}

	return (NULL);
}

/* AVCDecoderConfigurationRecord, §5.3.3.1: 4:2:0 with 8 bits, as the renditions are. */
static void
avc_config(struct mp4_bytes *b, const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps)
{
	size_t	box = mp4_begin(b, "avcC");

	mp4_u8(b, 1);
	mp4_add(b, sps + 1, 3);			/* profile, compatibility, level */
	mp4_u8(b, 0xfc | 3);			/* lengths of NAL units have 4 bytes */
	mp4_u8(b, 0xe0 | 1);
	mp4_u16(b, (unsigned)nsps);
	mp4_add(b, sps, nsps);
	mp4_u8(b, 1);
	mp4_u16(b, (unsigned)npps);
	mp4_add(b, pps, npps);
	if (sps[1] >= PROFILE_HIGH) {
		mp4_u8(b, 0xfc | 1);		/* chroma_format */
		mp4_u8(b, 0xf8);		/* bit depths minus 8 */
		mp4_u8(b, 0xf8);
		mp4_u8(b, 0);
	}
	mp4_end(b, box);
}

/* BT.709 in limited range, square pixels. */
static void
picture_boxes(struct mp4_bytes *b)
{
	size_t	box = mp4_begin(b, "colr");

	mp4_add(b, "nclx", 4);
	mp4_u16(b, 1);
	mp4_u16(b, 1);
	mp4_u16(b, 1);
	mp4_u8(b, 0);
	mp4_end(b, box);
	box = mp4_begin(b, "pasp");
	mp4_u32(b, 1);
	mp4_u32(b, 1);
	mp4_end(b, box);
}

int
mp4_avc_entry(struct mp4_track *t, const uint8_t *sets, size_t len, char *codecs, size_t size)
{
	struct mp4_bytes	*b = &t->entry;
	size_t			nsps, npps, box;
	const uint8_t		*sps = parameter_set(sets, len, NAL_SPS, &nsps), *pps = parameter_set(sets, len, NAL_PPS, &npps);

	if (sps == NULL || pps == NULL)
		return (0);
	snprintf(codecs, size, "avc1.%02x%02x%02x", sps[1], sps[2], sps[3]);
	box = mp4_begin(b, "avc1");
	mp4_zeros(b, 6);
	mp4_u16(b, 1);				/* data_reference_index */
	mp4_zeros(b, 16);
	mp4_u16(b, t->width);
	mp4_u16(b, t->height);
	mp4_u32(b, DPI_72);
	mp4_u32(b, DPI_72);
	mp4_u32(b, 0);
	mp4_u16(b, 1);				/* frames in a sample */
	mp4_zeros(b, 32);			/* compressorname */
	mp4_u16(b, 24);				/* depth */
	mp4_u16(b, 0xffff);
	avc_config(b, sps, nsps, pps, npps);
	picture_boxes(b);
	mp4_end(b, box);

	return (1);
}

/* Begins a descriptor of `len` bytes, fewer than 128. */
static void
descriptor(struct mp4_bytes *b, unsigned tag, size_t len)
{
	mp4_u8(b, tag);
	mp4_u8(b, (unsigned)len);
}

void
mp4_aac_entry(struct mp4_track *t, unsigned channels, uint32_t bitrate, const uint8_t *config, size_t len)
{
	struct mp4_bytes	*b = &t->entry;
	size_t			box = mp4_begin(b, "mp4a"), esds;

	mp4_zeros(b, 6);
	mp4_u16(b, 1);				/* data_reference_index */
	mp4_zeros(b, 8);
	mp4_u16(b, channels);
	mp4_u16(b, 16);
	mp4_u32(b, 0);
	mp4_u32(b, t->timescale << 16);
	esds = mp4_begin_full(b, "esds", 0, 0);
	descriptor(b, DESCR_ES, 3 + 2 + 13 + 2 + len + 2 + 1);
	mp4_u16(b, t->id);
	mp4_u8(b, 0);
	descriptor(b, DESCR_DECODER, 13 + 2 + len);
	mp4_u8(b, 0x40);			/* MPEG-4 audio */
	mp4_u8(b, 0x15);			/* an audio stream */
	mp4_zeros(b, 3);			/* size of the decoder's buffer: not stated */
	mp4_u32(b, bitrate);
	mp4_u32(b, bitrate);
	descriptor(b, DESCR_SPECIFIC, len);
	mp4_add(b, config, len);
	descriptor(b, DESCR_SL, 1);
	mp4_u8(b, 2);
	mp4_end(b, esds);
	mp4_end(b, box);
}
