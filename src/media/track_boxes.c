/*
 * The boxes of a movie and its tracks, except for the sample tables.
 */
#include "media/mp4_track.h"

#define ONE		0x10000	/* 16.16 */
#define UNDETERMINED	0x55c4	/* "und", ISO 639-2 in five bits for each letter */

void
mp4_time(struct mp4_bytes *b, unsigned version, uint64_t t)
{
	if (version == 1)
		mp4_u64(b, t);
	else
		mp4_u32(b, (uint32_t)t);
}

static void
matrix_write(struct mp4_bytes *b)
{
	static const uint32_t	unity[9] = { ONE, 0, 0, 0, ONE, 0, 0, 0, 0x40000000 };
	int			i;

	for (i = 0; i < 9; i++)
		mp4_u32(b, unity[i]);
}

void
mp4_mvhd(struct mp4_bytes *b, uint32_t timescale, uint64_t duration, uint32_t next_id)
{
	unsigned	version = duration > UINT32_MAX;
	size_t		box = mp4_begin_full(b, "mvhd", version, 0);

	mp4_time(b, version, 0);
	mp4_time(b, version, 0);
	mp4_u32(b, timescale);
	mp4_time(b, version, duration);
	mp4_u32(b, ONE);				/* rate */
	mp4_u16(b, 0x100);				/* volume */
	mp4_zeros(b, 10);
	matrix_write(b);
	mp4_zeros(b, 24);
	mp4_u32(b, next_id);
	mp4_end(b, box);
}

void
mp4_tkhd(struct mp4_bytes *b, const struct mp4_track *t, uint64_t duration)
{
	unsigned	version = duration > UINT32_MAX;
	size_t		box = mp4_begin_full(b, "tkhd", version, 3);	/* enabled, in the movie */

	mp4_time(b, version, 0);
	mp4_time(b, version, 0);
	mp4_u32(b, t->id);
	mp4_u32(b, 0);
	mp4_time(b, version, duration);
	mp4_zeros(b, 8);
	mp4_u16(b, 0);
	mp4_u16(b, t->audio ? 1 : 0);			/* alternate_group */
	mp4_u16(b, t->audio ? 0x100 : 0);		/* volume */
	mp4_u16(b, 0);
	matrix_write(b);
	mp4_u32(b, (uint32_t)t->width << 16);
	mp4_u32(b, (uint32_t)t->height << 16);
	mp4_end(b, box);
}

/* The samples are in this file. */
static void
dinf_write(struct mp4_bytes *b)
{
	size_t	dinf = mp4_begin(b, "dinf"), dref = mp4_begin_full(b, "dref", 0, 0), url;

	mp4_u32(b, 1);
	url = mp4_begin_full(b, "url ", 0, 1);
	mp4_end(b, url);
	mp4_end(b, dref);
	mp4_end(b, dinf);
}

static void
mdia_headers(struct mp4_bytes *b, const struct mp4_track *t, uint64_t duration)
{
	unsigned	version = duration > UINT32_MAX;
	size_t		box = mp4_begin_full(b, "mdhd", version, 0);

	mp4_time(b, version, 0);
	mp4_time(b, version, 0);
	mp4_u32(b, t->timescale);
	mp4_time(b, version, duration);
	mp4_u16(b, UNDETERMINED);
	mp4_u16(b, 0);
	mp4_end(b, box);
	box = mp4_begin_full(b, "hdlr", 0, 0);
	mp4_u32(b, 0);
	mp4_add(b, t->audio ? "soun" : "vide", 4);
	mp4_zeros(b, 12);
	mp4_add(b, t->audio ? "SoundHandler" : "VideoHandler", sizeof("SoundHandler"));
	mp4_end(b, box);
}

void
mp4_stbl_begin(struct mp4_bytes *b, const struct mp4_track *t, uint64_t duration, struct mp4_boxes *boxes)
{
	size_t	box;

	boxes->mdia = mp4_begin(b, "mdia");
	mdia_headers(b, t, duration);
	boxes->minf = mp4_begin(b, "minf");
	box = mp4_begin_full(b, t->audio ? "smhd" : "vmhd", 0, t->audio ? 0 : 1);
	mp4_zeros(b, t->audio ? 4 : 8);
	mp4_end(b, box);
	dinf_write(b);
	boxes->stbl = mp4_begin(b, "stbl");
	box = mp4_begin_full(b, "stsd", 0, 0);
	mp4_u32(b, 1);
	mp4_add(b, t->entry.data, t->entry.len);
	mp4_end(b, box);
}

void
mp4_stbl_end(struct mp4_bytes *b, const struct mp4_boxes *boxes)
{
	mp4_end(b, boxes->stbl);
	mp4_end(b, boxes->minf);
	mp4_end(b, boxes->mdia);
}
