/*
 * One track as CMAF (ISO/IEC 23000-19): its init segment, its fragments and their
 * index. Decoding times begin at 0 and go on evenly; composition offsets are
 * signed, so that the first frame is decoded and shown at the same time, and
 * there is no edit list, which players that append fragments ignore.
 */
#include "media/mp4.h"
#include "media/mp4_track.h"

#define SYNC		0x02000000	/* sample flags: depends on no other sample */
#define NOT_SYNC	0x01010000
#define BASE_IS_MOOF	0x020000	/* flags of tfhd */
#define TFHD_DURATION	0x8
#define TFHD_FLAGS	0x20
#define TRUN_OFFSET	0x1		/* flags of trun */
#define TRUN_FIRST	0x4
#define TRUN_SIZES	0x200
#define TRUN_FLAGS	0x400
#define TRUN_SHOWN	0x800
#define STARTS_SYNC	0x90000000	/* SAP type 1 */

static void
brands_write(struct mp4_bytes *b, const char *major, uint32_t minor, const char *compatible, size_t len)
{
	size_t	box = mp4_begin(b, "ftyp");

	mp4_add(b, major, 4);
	mp4_u32(b, minor);
	mp4_add(b, compatible, len);
	mp4_end(b, box);
}

void
mp4_ftyp(struct mp4_bytes *b)
{
	brands_write(b, "isom", 512, "isomiso2avc1mp41", 16);
}

static void
table_empty(struct mp4_bytes *b, const char *type, int words)
{
	size_t	box = mp4_begin_full(b, type, 0, 0);

	mp4_zeros(b, (size_t)words * 4);
	mp4_end(b, box);
}

static void
mvex_write(struct mp4_bytes *b, const struct mp4_track *t, uint64_t duration)
{
	size_t	mvex = mp4_begin(b, "mvex"), box = mp4_begin_full(b, "mehd", 1, 0);

	mp4_u64(b, duration);
	mp4_end(b, box);
	box = mp4_begin_full(b, "trex", 0, 0);
	mp4_u32(b, t->id);
	mp4_u32(b, 1);
	mp4_zeros(b, 12);
	mp4_end(b, box);
	mp4_end(b, mvex);
}

void
mp4_init_segment(struct mp4_bytes *b, const struct mp4_track *t, uint64_t samples)
{
	size_t			moov, trak;
	struct mp4_boxes	boxes;

	brands_write(b, "iso6", 0, "iso6cmfccmf2dashmp41", 20);
	moov = mp4_begin(b, "moov");
	mp4_mvhd(b, t->timescale, 0, t->id + 1);
	trak = mp4_begin(b, "trak");
	mp4_tkhd(b, t, 0);
	mp4_stbl_begin(b, t, 0, &boxes);
	table_empty(b, "stts", 1);
	table_empty(b, "stsc", 1);
	table_empty(b, "stsz", 2);
	table_empty(b, "stco", 1);
	mp4_stbl_end(b, &boxes);
	mp4_end(b, trak);
	mvex_write(b, t, samples * t->tick);
	mp4_end(b, moov);
}

/* Returns which fields of each sample differ from the defaults. */
static uint32_t
trun_fields(const struct mp4_track *t, const struct mp4_sample *samples, size_t n)
{
	uint32_t	fields = TRUN_OFFSET | TRUN_SIZES;
	size_t		i;

	if (t->audio)
		return (fields);
	fields |= TRUN_FIRST;
	for (i = 1; i < n; i++) {
		if (samples[i].sync)
			fields = (fields & ~(uint32_t)TRUN_FIRST) | TRUN_FLAGS;
	}
	for (i = 0; i < n; i++) {
		if (samples[i].shown != 0)
			fields |= TRUN_SHOWN;
	}

	return (fields);
}

/* Returns the place of the offset of the data, which is set when the size of the moof is known. */
static size_t
trun_write(struct mp4_bytes *b, const struct mp4_track *t, const struct mp4_sample *samples, size_t n)
{
	uint32_t	fields = trun_fields(t, samples, n);
	size_t		box = mp4_begin_full(b, "trun", t->audio ? 0 : 1, fields), place, i;

	mp4_u32(b, (uint32_t)n);
	place = b->len;
	mp4_u32(b, 0);
	if (fields & TRUN_FIRST)
		mp4_u32(b, samples[0].sync ? SYNC : NOT_SYNC);
	for (i = 0; i < n; i++) {
		mp4_u32(b, samples[i].size);
		if (fields & TRUN_FLAGS)
			mp4_u32(b, samples[i].sync ? SYNC : NOT_SYNC);
		if (fields & TRUN_SHOWN)
			mp4_u32(b, (uint32_t)(samples[i].shown * (int32_t)t->tick));
	}
	mp4_end(b, box);

	return (place);
}

void
mp4_fragment(struct mp4_bytes *b, const struct mp4_track *t, uint32_t sequence, uint64_t first, const struct mp4_sample *samples, size_t n)
{
	size_t		moof = mp4_begin(b, "moof"), traf, box, place, i;
	uint32_t	bytes = 8;

	box = mp4_begin_full(b, "mfhd", 0, 0);
	mp4_u32(b, sequence);
	mp4_end(b, box);
	traf = mp4_begin(b, "traf");
	box = mp4_begin_full(b, "tfhd", 0, BASE_IS_MOOF | TFHD_DURATION | TFHD_FLAGS);
	mp4_u32(b, t->id);
	mp4_u32(b, t->tick);
	mp4_u32(b, t->audio ? SYNC : NOT_SYNC);
	mp4_end(b, box);
	box = mp4_begin_full(b, "tfdt", 1, 0);
	mp4_u64(b, first * t->tick);
	mp4_end(b, box);
	place = trun_write(b, t, samples, n);
	mp4_end(b, traf);
	mp4_end(b, moof);
	mp4_set32(b, place, (uint32_t)(b->len - moof) + 8);
	for (i = 0; i < n; i++)
		bytes += samples[i].size;
	mp4_u32(b, bytes);
	mp4_add(b, "mdat", 4);
}

void
mp4_index(struct mp4_bytes *b, const struct mp4_track *t, uint64_t ahead, const struct mp4_reference *references, size_t n)
{
	size_t	box = mp4_begin_full(b, "sidx", 1, 0), i;

	mp4_u32(b, t->id);
	mp4_u32(b, t->timescale);
	mp4_u64(b, 0);					/* earliest presentation time */
	mp4_u64(b, ahead);
	mp4_u16(b, 0);
	mp4_u16(b, (unsigned)n);
	for (i = 0; i < n; i++) {
		mp4_u32(b, references[i].size);
		mp4_u32(b, references[i].samples * t->tick);
		mp4_u32(b, STARTS_SYNC);
	}
	mp4_end(b, box);
}
