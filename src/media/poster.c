/*
 * The choice of poster candidates: frames that are sharp and bright and have some
 * contrast, without letterbox bars, spread over the film.
 *
 * The film's length may be unknown until its end. Therefore the best frame of each
 * of at most MEDIA_POSTER_PLACES equal parts of the film is kept; when the film
 * outgrows them, two parts become one.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/previews.h"

/* Luma is that of limited range: 16 is black, 235 is white. */
#define DARK		40	/* luma up to which a sample may belong to a bar */
#define DARK_EXCEPT	0.02	/* share of the samples of a line in a bar that may be brighter */
#define SIDE_MIN	32	/* pixels of the frame that is looked at */
#define CONTENT_MIN	0.4	/* share of width and of height that the content without bars must have */
#define UNEVEN_MAX	0.05	/* share of the height by which two bars may differ; more may be a subtitle in one of them */
#define MEAN_MIN	60.0	/* of luma: darker frames are no posters */
#define MEAN_GOOD	105.0	/* from here on, brightness does not count */
#define MEAN_MAX	200.0
#define SPREAD_MIN	14.0	/* standard deviation of luma: less is a plain colour or a fade */
#define SPREAD_GOOD	50.0
#define SHARP_GOOD	600.0	/* variance of the Laplacian that halves the rest of the way to 1 */
#define FIRST_SHARE	0.05	/* of the film: logos and titles before it, */
#define LAST_SHARE	0.85	/* the end and its credits after it */

static int
is_dark(const uint8_t *at, int step, int n)
{
	int	i, bright = 0;

	for (i = 0; i < n; i++)
		bright += at[(ptrdiff_t)i * step] > DARK;

	return (bright <= DARK_EXCEPT * n);
}

/*
 * Counts the dark lines at both ends of the frame, rows or columns. Returns the number that both
 * have, since a bar has one opposite to it, and *uneven = how many more one of them has.
 */
static int
bars_count(const AVFrame *f, int columns, int *uneven)
{
	int		n = columns ? f->width : f->height, across = columns ? f->height : f->width, count[2];
	ptrdiff_t	next = columns ? 1 : f->linesize[0], step = columns ? f->linesize[0] : 1;

	for (count[0] = 0; count[0] < n && is_dark(f->data[0] + count[0] * next, (int)step, across); count[0]++)
		;
	for (count[1] = 0; count[1] < n && is_dark(f->data[0] + (n - 1 - count[1]) * next, (int)step, across); count[1]++)
		;
	*uneven = abs(count[0] - count[1]);

	return (count[0] < count[1] ? count[0] : count[1]);
}

/* Computes mean and standard deviation of luma, and the variance of its Laplacian, without `x` columns and `y` rows on either side. */
static void
content_measure(const AVFrame *f, int x, int y, double *mean, double *spread, double *sharp)
{
	const uint8_t	*at;
	double		sum = 0, squares = 0, edges = 0, edge_squares = 0, n = 0;
	int		i, k, line = f->linesize[0], edge;

	for (i = y + 1; i < f->height - y - 1; i++) {
		for (k = x + 1; k < f->width - x - 1; k++) {
			at = f->data[0] + (ptrdiff_t)i * line + k;
			edge = 4 * at[0] - at[-1] - at[1] - at[-line] - at[line];
			sum += at[0];
			squares += at[0] * at[0];
			edges += edge;
			edge_squares += (double)edge * edge;
			n++;
		}
	}
	*mean = sum / n;
	*spread = sqrt(fmax(squares / n - *mean * *mean, 0));
	*sharp = fmax(edge_squares / n - edges / n * edges / n, 0);
}

void
media_poster_look(const AVFrame *f, struct media_poster_view *v)
{
	double	mean, spread, sharp;
	int	x, y, uneven[2];

	memset(v, 0, sizeof(*v));
	x = bars_count(f, 1, &uneven[0]);
	y = bars_count(f, 0, &uneven[1]);
	/* The edge of a bar is not sharp. */
	x += x > 0;
	y += y > 0;
	if (f->width < SIDE_MIN || f->height < SIDE_MIN || f->width - 2 * x < CONTENT_MIN * f->width || f->height - 2 * y < CONTENT_MIN * f->height ||
	    uneven[0] > UNEVEN_MAX * f->width || uneven[1] > UNEVEN_MAX * f->height)
		return;
	content_measure(f, x, y, &mean, &spread, &sharp);
	if (mean < MEAN_MIN || mean > MEAN_MAX || spread < SPREAD_MIN)
		return;
	v->score = sharp / (sharp + SHARP_GOOD) * fmin(mean / MEAN_GOOD, 1) * fmin(spread / SPREAD_GOOD, 1);
	v->left = (double)x / f->width;
	v->top = (double)y / f->height;
}

/* Joins the places in pairs. The better candidate of two stays. */
static void
places_join(struct media_poster_choice *c)
{
	int	i, best;

	for (i = 0; i < MEDIA_POSTER_PLACES / 2; i++) {
		best = c->places[2 * i + 1].score > c->places[2 * i].score ? 2 * i + 1 : 2 * i;
		free(c->places[best ^ 1].jpeg.data);
		c->places[i] = c->places[best];
	}
	memset(c->places + i, 0, sizeof(c->places) / 2);
	c->place_ms *= 2;
}

int
media_poster_wanted(struct media_poster_choice *c, int64_t ms, double score)
{
	while (ms / c->place_ms >= MEDIA_POSTER_PLACES)
		places_join(c);

	return (score > c->places[ms / c->place_ms].score);
}

void
media_poster_put(struct media_poster_choice *c, int64_t ms, const struct media_poster_view *v, const AVFrame *frame)
{
	struct media_jpeg	jpeg;
	AVFrame			*cut = av_frame_clone(frame);
	int64_t			place = ms / c->place_ms;
	int			x = ((int)ceil(v->left * frame->width) + 1) / 2 * 2, y = ((int)ceil(v->top * frame->height) + 1) / 2 * 2;

	if (cut == NULL)
		return;
	cut->crop_left = cut->crop_right = (size_t)x;
	cut->crop_top = cut->crop_bottom = (size_t)y;
	if (av_frame_apply_cropping(cut, AV_FRAME_CROP_UNALIGNED) >= 0 && media_jpeg_make(cut, MEDIA_JPEG_POSTER, &jpeg)) {
		jpeg.time = (double)ms / 1000;
		free(c->places[place].jpeg.data);
		c->places[place].jpeg = jpeg;
		c->places[place].score = v->score;
	}
	av_frame_free(&cut);
}

/* Returns the best candidate between two times, in seconds, that was not taken yet; -1 if there is none. */
static int
place_best(const struct media_poster_choice *c, double from, double until)
{
	int	i, best = -1;

	for (i = 0; i < MEDIA_POSTER_PLACES; i++) {
		if (c->places[i].score > 0 && c->places[i].jpeg.time >= from && c->places[i].jpeg.time < until &&
		    (best == -1 || c->places[i].score > c->places[best].score))
			best = i;
	}

	return (best);
}

/* Takes the best candidate between two times. Candidates are ordered by their score, the best first. */
static void
place_take(struct media_poster_choice *c, double from, double until, struct media_previews *out, double scores[MEDIA_POSTERS_MAX])
{
	int	best = place_best(c, from, until), i;

	if (best == -1 || out->nposters == MEDIA_POSTERS_MAX)
		return;
	for (i = out->nposters++; i > 0 && scores[i - 1] < c->places[best].score; i--) {
		out->posters[i] = out->posters[i - 1];
		scores[i] = scores[i - 1];
	}
	out->posters[i] = c->places[best].jpeg;
	scores[i] = c->places[best].score;
	memset(&c->places[best], 0, sizeof(c->places[best]));
}

void
media_poster_end(struct media_poster_choice *c, double duration, struct media_previews *out)
{
	double	first = FIRST_SHARE * duration, last = LAST_SHARE * duration, part = (last - first) / MEDIA_POSTERS_MAX, scores[MEDIA_POSTERS_MAX];
	int	i;

	/* One of each quarter; what a quarter lacks comes from the others, and of a very short film from anywhere. */
	for (i = 0; i < MEDIA_POSTERS_MAX; i++)
		place_take(c, first + i * part, first + (i + 1) * part, out, scores);
	for (i = 0; i < MEDIA_POSTERS_MAX; i++)
		place_take(c, first, last, out, scores);
	if (out->nposters == 0)
		place_take(c, 0, INFINITY, out, scores);
	for (i = 0; i < MEDIA_POSTER_PLACES; i++)
		free(c->places[i].jpeg.data);
	memset(c, 0, sizeof(*c));
}
