/*
 * The rendition ladder: sizes and maximum bit rates.
 */
#include <string.h>

#include "media/media.h"

static const struct {
	const char	*name;
	int		height;
	int		maxrate;	/* bit/s up to 40 frames a second; 1.5 times that above */
} rungs[MEDIA_RUNGS] = {
	[MEDIA_R360] = { "R360", 360, 1000000 },
	[MEDIA_R720] = { "R720", 720, 3500000 },
	[MEDIA_R1080] = { "R1080", 1080, 6500000 },
	[MEDIA_R2K] = { "R2K", 1440, 11000000 },
	[MEDIA_R4K] = { "R4K", 2160, 20000000 },
};

const char *
media_rung_name(enum media_rung rung)
{
	return (rungs[rung].name);
}

int
media_rung_parse(const char *name)
{
	int	i;

	for (i = 0; i < MEDIA_RUNGS; i++) {
		if (!strcmp(rungs[i].name, name))
			return (i);
	}

	return (-1);
}

/* Returns the nearest even number not above max, at least 2. */
static int
even(double v, int max)
{
	int	n = (int)(v / 2 + 0.5) * 2;

	if (n > max)
		n -= 2;

	return (n < 2 ? 2 : n);
}

/* Fills a step for a rung. height is that of the rung, or that of the source for the rung above the source. */
static void
step_fill(const struct media_info *info, int rung, int height, struct media_step *out)
{
	double	fps = (double)info->fps_num / info->fps_den;

	out->rung = (enum media_rung)rung;
	out->height = even(height, info->height);
	out->width = even((double)info->width * height / info->height, info->width);
	out->maxrate = (int)(rungs[rung].maxrate * (fps > 40 ? 1.5 : 1.0));
}

/*
 * The shorter side of the displayed frame is compared with the height of the
 * rungs, so that portrait films get the same rungs as landscape ones.
 */
int
media_ladder(const struct media_info *info, unsigned requested, struct media_step out[MEDIA_RUNGS])
{
	int	size = info->width < info->height ? info->width : info->height;
	int	i, n = 0, highest = -1, above = -1, scaled;

	for (i = 0; i < MEDIA_RUNGS; i++) {
		if (!(requested & (1u << i)))
			continue;
		if (rungs[i].height <= size)
			highest = i;
		else if (above < 0)
			above = i;
	}
	if (above >= 0 && (highest < 0 || rungs[highest].height < size))
		step_fill(info, above, info->height, &out[n++]);
	for (i = highest; i >= 0; i--) {
		if (!(requested & (1u << i)))
			continue;
		scaled = (int)((double)rungs[i].height * info->height / size + 0.5);
		step_fill(info, i, scaled, &out[n++]);
	}

	return (n);
}
