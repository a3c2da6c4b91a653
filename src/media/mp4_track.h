/*
 * Boxes that the moov of a regular file and that of an init segment have in
 * common. Only for the files that write these two.
 */
#ifndef WANZAMI_MP4_TRACK_H
#define WANZAMI_MP4_TRACK_H

#include "media/mp4.h"

/* Open boxes around the sample tables of a track. */
struct mp4_boxes {
	size_t	mdia, minf, stbl;
};

/* Writes a time with 64 bits in version 1 of a box, with 32 bits in version 0. */
void	mp4_time(struct mp4_bytes *, unsigned version, uint64_t);
void	mp4_mvhd(struct mp4_bytes *, uint32_t timescale, uint64_t duration, uint32_t next_id);
/* `duration` is in the time scale of the movie. */
void	mp4_tkhd(struct mp4_bytes *, const struct mp4_track *, uint64_t duration);
/* Writes mdia, minf and stbl up to the sample tables. `duration` is in the time scale of the track. */
void	mp4_stbl_begin(struct mp4_bytes *, const struct mp4_track *, uint64_t duration, struct mp4_boxes *);
void	mp4_stbl_end(struct mp4_bytes *, const struct mp4_boxes *);

#endif
