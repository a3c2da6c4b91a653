/*
 * The grid of segments: they begin at the same times in all objects of a film. The
 * first two are short, so that players start soon.
 */
#include "media/internal.h"

#define DURATION_SPARE	60		/* seconds by which a film may be longer than its header states, beside a twentieth */
#define DURATION_GUESS	(2 * 3600)	/* of a film whose header states none */

double
media_duration_expected(double stated)
{
	return (stated > 0 && stated <= MEDIA_MAX_SECONDS ? stated * 1.05 + DURATION_SPARE : DURATION_GUESS);
}

int64_t
media_key_frame(const struct media_info *info, int64_t gop)
{
	return (av_rescale_rnd(gop * MEDIA_GOP_SECONDS, info->fps_num, info->fps_den, AV_ROUND_UP));
}

int64_t
media_grid_frame(const struct media_info *info, int64_t segment)
{
	/* Two segments of a GOP, then of two. */
	return (media_key_frame(info, segment <= 2 ? segment : 2 * segment - 2));
}

int
media_grid_last(const struct media_info *info)
{
	return ((info->fps_num + 2 * info->fps_den - 1) / (2 * info->fps_den));
}
