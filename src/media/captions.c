/*
 * Captions in the video itself (ATSC A/53: CEA-608 and CEA-708), which the
 * renditions do not keep. Broadcasters also send the structure without any text.
 */
#include "media/internal.h"

#define TRIPLE	3	/* bytes: marker, valid and type; two bytes of captions */

/* Returns 1 for a pair of characters in field 1 of CEA-608. Field 2 may have programme data in place of captions. */
static int
is_text_608(const uint8_t *triple)
{
	return ((triple[0] & 7) == 4 && (triple[1] & 0x7f) >= 0x20);
}

/* Returns 1 for the beginning of a CEA-708 packet whose first service block, that of a caption service, has data. */
static int
is_text_708(const uint8_t *triple)
{
	return ((triple[0] & 7) == 7 && (triple[2] & 0xe0) != 0 && (triple[2] & 0x1f) != 0);
}

int
media_captions(const AVFrame *f)
{
	const AVFrameSideData	*side = av_frame_get_side_data(f, AV_FRAME_DATA_A53_CC);
	size_t			i;

	for (i = 0; side != NULL && i + TRIPLE <= side->size; i += TRIPLE) {
		if (is_text_608(side->data + i) || is_text_708(side->data + i))
			return (1);
	}

	return (0);
}
