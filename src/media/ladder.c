/*
 * The rendition ladder: sizes and maximum bit rates.
 */
#include <string.h>

#include "media/media.h"

static const struct {
	const char	*name;
	int		length, height;	/* the box: longer and shorter side of the greatest frame */
	int		maxrate;	/* bit/s up to 40 frames a second; 1.5 times that above */
} rungs[MEDIA_RUNGS] = {
	[MEDIA_R360] = { "R360", 640, 360, 1000000 },
	[MEDIA_R720] = { "R720", 1280, 720, 3500000 },
	[MEDIA_R1080] = { "R1080", 1920, 1080, 6500000 },
	[MEDIA_R2K] = { "R2K", 2560, 1440, 11000000 },
	[MEDIA_R4K] = { "R4K", 3840, 2160, 20000000 },
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

/* Returns the factor that makes the film's frames fit into the box of a rung, upright for portrait films. Above 1 the film is smaller. */
static double
rung_scale(const struct media_info *info, int rung)
{
	int	length = info->width > info->height ? info->width : info->height;
	int	height = info->width > info->height ? info->height : info->width;
	double	by_length = (double)rungs[rung].length / length, by_height = (double)rungs[rung].height / height;

	return (by_length < by_height ? by_length : by_height);
}

static void
step_fill(const struct media_info *info, int rung, struct media_step *out)
{
	double	fps = (double)info->fps_num / info->fps_den, scale = rung_scale(info, rung);

	if (scale > 1)
		scale = 1;
	out->rung = (enum media_rung)rung;
	out->height = even(info->height * scale, info->height);
	out->width = even(info->width * scale, info->width);
	out->maxrate = (int)(rungs[rung].maxrate * (fps > 40 ? 1.5 : 1.0));
}

/*
 * A rung is made if the film fills its box, that is, reaches its length or its
 * height. So a film of 1920 x 804 has the rung of 1080 lines, and portrait films
 * have the same rungs as landscape ones. A film that is between two rungs also
 * has the upper one of the two at its own size.
 */
int
media_ladder(const struct media_info *info, unsigned requested, struct media_step out[MEDIA_RUNGS])
{
	int	i, n = 0, highest = -1, above = -1;

	for (i = 0; i < MEDIA_RUNGS; i++) {
		if (!(requested & (1u << i)))
			continue;
		if (rung_scale(info, i) <= 1)
			highest = i;
		else if (above < 0)
			above = i;
	}
	if (above >= 0 && (highest < 0 || rung_scale(info, highest) < 1))
		step_fill(info, above, &out[n++]);
	for (i = highest; i >= 0; i--) {
		if (requested & (1u << i))
			step_fill(info, i, &out[n++]);
	}

	return (n);
}
