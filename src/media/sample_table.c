/*
 * The moov box of a regular file with its sample tables, which are collected
 * while the film is encoded.
 */
#include <stdlib.h>
#include <string.h>

#include "media/mp4.h"
#include "media/mp4_track.h"

#define MOOV_FIXED	4096	/* more than all boxes of two tracks without their tables */

/* Makes room for n more elements of `size` bytes behind the first `count`. Returns 0 if out of memory. */
static int
room_make(void **list, size_t *room, size_t count, size_t n, size_t size)
{
	void	*grown;
	size_t	wanted = *room == 0 ? 256 : *room;

	while (wanted < count + n)
		wanted += wanted / 2;
	if (wanted == *room)
		return (1);
	if ((grown = realloc(*list, wanted * size)) == NULL)
		return (0);
	*list = grown;
	*room = wanted;

	return (1);
}

static int
rooms_make(struct mp4_table *t, size_t n)
{
	return (room_make((void **)&t->sizes, &t->sizes_room, t->nsizes, n, sizeof(*t->sizes)) &&
	    room_make((void **)&t->runs, &t->runs_room, t->nruns, n, sizeof(*t->runs)) &&
	    room_make((void **)&t->syncs, &t->syncs_room, t->nsyncs, n, sizeof(*t->syncs)) &&
	    room_make((void **)&t->chunks, &t->chunks_room, t->nchunks, 1, sizeof(*t->chunks)));
}

static void
run_add(struct mp4_table *t, int32_t shown)
{
	if (shown < t->least)
		t->least = shown;
	if (t->nruns > 0 && t->runs[t->nruns - 1].shown == shown)
		t->runs[t->nruns - 1].count++;
	else
		t->runs[t->nruns++] = (struct mp4_run){ 1, shown };
}

void
mp4_table_add(struct mp4_table *t, const struct mp4_track *track, uint64_t place, const struct mp4_sample *samples, size_t n)
{
	size_t	i;

	if (t->failed || n == 0)
		return;
	if (!rooms_make(t, n)) {
		t->failed = 1;
		return;
	}
	t->chunks[t->nchunks++] = (struct mp4_chunk){ place, (uint32_t)n };
	for (i = 0; i < n; i++) {
		t->sizes[t->nsizes++] = samples[i].size;
		if (track->audio)
			continue;
		run_add(t, samples[i].shown);
		if (samples[i].sync)
			t->syncs[t->nsyncs++] = (uint32_t)t->nsizes;
	}
}

void
mp4_table_free(struct mp4_table *t)
{
	free(t->sizes);
	free(t->runs);
	free(t->syncs);
	free(t->chunks);
	memset(t, 0, sizeof(*t));
}

/* Composition offsets, of which none is negative in a regular file: old players know no others. The edit list takes the difference back. */
static void
ctts_write(struct mp4_bytes *b, const struct mp4_track *track, const struct mp4_table *t)
{
	size_t	box, i;

	if (t->nruns < 2 && t->least == 0)
		return;
	box = mp4_begin_full(b, "ctts", 0, 0);
	mp4_u32(b, (uint32_t)t->nruns);
	for (i = 0; i < t->nruns; i++) {
		mp4_u32(b, t->runs[i].count);
		mp4_u32(b, (uint32_t)(t->runs[i].shown - t->least) * track->tick);
	}
	mp4_end(b, box);
}

static void
stsc_write(struct mp4_bytes *b, const struct mp4_table *t)
{
	size_t		box = mp4_begin_full(b, "stsc", 0, 0), place = b->len, i;
	uint32_t	n = 0;

	mp4_u32(b, 0);
	for (i = 0; i < t->nchunks; i++) {
		if (i > 0 && t->chunks[i].count == t->chunks[i - 1].count)
			continue;
		mp4_u32(b, (uint32_t)i + 1);
		mp4_u32(b, t->chunks[i].count);
		mp4_u32(b, 1);
		n++;
	}
	mp4_set32(b, place, n);
	mp4_end(b, box);
}

static void
chunks_write(struct mp4_bytes *b, const struct mp4_table *t, uint64_t base, int wide)
{
	size_t	box = mp4_begin_full(b, wide ? "co64" : "stco", 0, 0), i;

	mp4_u32(b, (uint32_t)t->nchunks);
	for (i = 0; i < t->nchunks; i++) {
		if (wide)
			mp4_u64(b, base + t->chunks[i].place);
		else
			mp4_u32(b, (uint32_t)(base + t->chunks[i].place));
	}
	mp4_end(b, box);
}

static void
tables_write(struct mp4_bytes *b, const struct mp4_track *track, const struct mp4_table *t, uint64_t base, int wide)
{
	size_t	box = mp4_begin_full(b, "stts", 0, 0), i;

	mp4_u32(b, 1);
	mp4_u32(b, (uint32_t)t->nsizes);
	mp4_u32(b, track->tick);
	mp4_end(b, box);
	if (!track->audio) {
		ctts_write(b, track, t);
		box = mp4_begin_full(b, "stss", 0, 0);
		mp4_u32(b, (uint32_t)t->nsyncs);
		for (i = 0; i < t->nsyncs; i++)
			mp4_u32(b, t->syncs[i]);
		mp4_end(b, box);
	}
	stsc_write(b, t);
	box = mp4_begin_full(b, "stsz", 0, 0);
	mp4_u32(b, 0);
	mp4_u32(b, (uint32_t)t->nsizes);
	for (i = 0; i < t->nsizes; i++)
		mp4_u32(b, t->sizes[i]);
	mp4_end(b, box);
	chunks_write(b, t, base, wide);
}

/* Starts the video with its first frame, whose composition offset is not 0 if frames are reordered. */
static void
edit_write(struct mp4_bytes *b, const struct mp4_track *track, const struct mp4_table *t, uint64_t duration)
{
	size_t		edts, elst;
	unsigned	version = duration > UINT32_MAX;

	if (t->least == 0)
		return;
	edts = mp4_begin(b, "edts");
	elst = mp4_begin_full(b, "elst", version, 0);
	mp4_u32(b, 1);
	mp4_time(b, version, duration);
	mp4_time(b, version, (uint64_t)-t->least * track->tick);
	mp4_u32(b, 0x10000);
	mp4_end(b, elst);
	mp4_end(b, edts);
}

void
mp4_moov(struct mp4_bytes *b, const struct mp4_track *const tracks[], const struct mp4_table *const tables[], size_t ntracks, uint64_t base, int wide)
{
	const struct mp4_track	*t;
	uint32_t		scale = tracks[0]->timescale;
	uint64_t		own[2], shown[2], longest = 0;
	size_t			moov = mp4_begin(b, "moov"), trak, i;
	struct mp4_boxes	boxes;

	for (i = 0; i < ntracks; i++) {
		own[i] = (uint64_t)tables[i]->nsizes * tracks[i]->tick;
		shown[i] = (own[i] * scale + tracks[i]->timescale - 1) / tracks[i]->timescale;
		longest = shown[i] > longest ? shown[i] : longest;
	}
	mp4_mvhd(b, scale, longest, (uint32_t)ntracks + 1);
	for (i = 0; i < ntracks; i++) {
		t = tracks[i];
		trak = mp4_begin(b, "trak");
		mp4_tkhd(b, t, shown[i]);
		edit_write(b, t, tables[i], shown[i]);
		mp4_stbl_begin(b, t, own[i], &boxes);
		tables_write(b, t, tables[i], base, wide);
		mp4_stbl_end(b, &boxes);
		mp4_end(b, trak);
	}
	mp4_end(b, moov);
}

uint64_t
mp4_moov_bound(uint64_t frames, uint64_t runs, uint64_t packets, uint64_t chunks)
{
	/* stsz of each frame, ctts, stsz of each packet; stss, stsc and co64 twice. */
	return (MOOV_FIXED + frames * 4 + runs * 8 + packets * 4 + chunks * (4 + 2 * (12 + 8)));
}
