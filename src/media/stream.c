/*
 * Segments and bit rates of a track, which playlists need to know.
 */
#include <stdlib.h>

#include "media/internal.h"

int
media_stream_note(struct media_stream *s, const struct media_stream_segment *segment)
{
	struct media_stream_segment	*grown;

	if ((s->nsegments & (s->nsegments - 1)) == 0) {
		if ((grown = realloc(s->segments, (s->nsegments * 2 + 1) * sizeof(*grown))) == NULL)
			return (0);
		s->segments = grown;
	}
	s->segments[s->nsegments++] = *segment;

	return (1);
}

void
media_stream_end(struct media_stream *s, uint64_t front)
{
	uint64_t	bytes = 0, time = 0;
	double		rate;
	size_t		i;

	for (i = 0; i < s->nsegments; i++) {
		s->segments[i].offset += front;
		bytes += s->segments[i].size;
		time += s->segments[i].duration;
		rate = (double)s->segments[i].size * 8 * s->timescale / s->segments[i].duration;
		if (rate > s->peak)
			s->peak = (uint32_t)rate;
		rate = (double)s->segments[i].iframe * 8 * s->timescale / s->segments[i].duration;
		if (rate > s->iframe_peak)
			s->iframe_peak = (uint32_t)rate;
	}
	s->average = time > 0 ? (uint32_t)((double)bytes * 8 * s->timescale / (double)time) : 0;
}
