/*
 * Boxes of MP4 (ISO/IEC 14496-12 and -15): a growing buffer, the sample tables of
 * a regular file, and fragments of one track (CMAF, ISO/IEC 23000-19). It knows
 * nothing of FFmpeg and of where the bytes go. Each object is used by one thread
 * at a time.
 *
 * Memory: nothing here reports that an allocation has failed. The buffer or table
 * has `failed` set from then on and ignores what follows; who uses the result
 * looks at it once.
 */
#ifndef WANZAMI_MP4_H
#define WANZAMI_MP4_H

#include <stddef.h>
#include <stdint.h>

struct mp4_bytes {
	uint8_t	*data;
	size_t	len, size;
	int	failed;
};

void	mp4_add(struct mp4_bytes *, const void *, size_t);
void	mp4_zeros(struct mp4_bytes *, size_t);
void	mp4_u8(struct mp4_bytes *, unsigned);
void	mp4_u16(struct mp4_bytes *, unsigned);
void	mp4_u32(struct mp4_bytes *, uint32_t);
void	mp4_u64(struct mp4_bytes *, uint64_t);
/* Overwrites four bytes that were written before. */
void	mp4_set32(struct mp4_bytes *, size_t at, uint32_t);
/* Frees the memory; the buffer is empty and can be used again. */
void	mp4_free(struct mp4_bytes *);

/* Begin a box, of four letters, and return its place for mp4_end(), which sets its size. */
size_t	mp4_begin(struct mp4_bytes *, const char *type);
size_t	mp4_begin_full(struct mp4_bytes *, const char *type, unsigned version, uint32_t flags);
void	mp4_end(struct mp4_bytes *, size_t place);

/* A track. All of its samples have the same duration. */
struct mp4_track {
	uint32_t		id;
	int			audio;
	uint32_t		timescale;
	uint32_t		tick;			/* duration of a sample, in timescale */
	unsigned		width, height;		/* of video, in pixels */
	struct mp4_bytes	entry;			/* its sample entry: avc1 or mp4a */
};

/*
 * Write the sample entry of a track. H.264 takes its parameter sets as the encoder
 * gives them, with start codes, and the bit rates are in bit/s. mp4_avc_entry()
 * returns 0 if there are no parameter sets, and fills `codecs` (RFC 6381).
 */
int	mp4_avc_entry(struct mp4_track *, const uint8_t *sets, size_t len, char *codecs, size_t size);
void	mp4_aac_entry(struct mp4_track *, unsigned channels, uint32_t bitrate, const uint8_t *config, size_t len);

/* Appends the NAL units of a packet, which begin with start codes, each with its length before it. Returns the number of bytes appended. */
size_t	mp4_nal_units(struct mp4_bytes *, const uint8_t *packet, size_t len);

struct mp4_sample {
	uint32_t	size;
	int32_t		shown;		/* time of presentation minus time of decoding, in samples; may be negative */
	int		sync;		/* a key frame, or any packet of sound */
};

struct mp4_run {
	uint32_t	count;
	int32_t		shown;
};

struct mp4_chunk {
	uint64_t	place;		/* of the first sample, from the base that mp4_moov() gets */
	uint32_t	count;
};

/* The samples of a track: four bytes for each, and eight for each run of equal composition offsets. */
struct mp4_table {
	uint32_t		*sizes;
	size_t			nsizes, sizes_room;
	struct mp4_run		*runs;		/* of video */
	size_t			nruns, runs_room;
	uint32_t		*syncs;		/* numbers of the key frames, from 1; of video */
	size_t			nsyncs, syncs_room;
	struct mp4_chunk	*chunks;
	size_t			nchunks, chunks_room;
	int32_t			least;		/* the smallest composition offset, 0 or less */
	int			failed;
};

/* Adds the samples of a chunk, which lie one after the other from `place`. */
void	mp4_table_add(struct mp4_table *, const struct mp4_track *, uint64_t place, const struct mp4_sample *, size_t n);
void	mp4_table_free(struct mp4_table *);

/*
 * Writes the moov box of a regular file. `base` is added to the places of the
 * chunks. `wide` writes them with 64 bits. The time of the film is that of tracks[0].
 */
void	mp4_moov(struct mp4_bytes *, const struct mp4_track *const tracks[], const struct mp4_table *const tables[], size_t ntracks, uint64_t base,
	    int wide);
/* Returns an upper bound of its size for so many samples in so many chunks of each track, and so many runs of equal composition offsets. */
uint64_t	mp4_moov_bound(uint64_t frames, uint64_t runs, uint64_t packets, uint64_t chunks);

void	mp4_ftyp(struct mp4_bytes *);
/* Writes the init segment of a track alone, whose fragments have so many samples. */
void	mp4_init_segment(struct mp4_bytes *, const struct mp4_track *, uint64_t samples);
/* Writes a moof box and the header of the mdat box for these samples; the first is sample number `first` of the track, from 0. */
void	mp4_fragment(struct mp4_bytes *, const struct mp4_track *, uint32_t sequence, uint64_t first, const struct mp4_sample *, size_t n);

/* Bytes and samples of an entry of an index. It begins with a closed GOP. */
struct mp4_reference {
	uint32_t	size;
	uint32_t	samples;
};

#define MP4_INDEX_MAX	65535	/* entries */
#define MP4_INDEX_ENTRY	12	/* bytes */
/* Writes an index (sidx). The first entry begins `ahead` bytes behind the box. */
void	mp4_index(struct mp4_bytes *, const struct mp4_track *, uint64_t ahead, const struct mp4_reference *, size_t n);

#endif
