/*
 * The frame rate of the renditions: the rate of motion of the film, which is not
 * the average. A screen recording has 30 frames a second while something moves,
 * and a frame for many seconds otherwise.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

#define TIMES_MAX	200000	/* frames that are measured */
#define WINDOW		0.08	/* durations that differ by this share belong to one rate */
#define RUN		3	/* consecutive durations of one rate that are motion, not jitter */
#define MOTION_SHARE	0.1	/* of the frames; rates that fewer frames have do not count */
#define EXACT		0.002	/* 29.97 and 30 differ by 0.001: the nearest one is chosen */
#define RATE_MAX	60
#define RATE_LONG	30	/* of a film longer than MEDIA_FAST_SECONDS */
#define TICKS_MAX	(INT64_MAX / 4)	/* greater times are taken for damage, so that differences fit */

static const AVRational	standard[] = { { 240, 1 }, { 240000, 1001 }, { 200, 1 }, { 150, 1 }, { 144, 1 }, { 120, 1 }, { 120000, 1001 }, { 100, 1 },
			    { 96, 1 }, { 96000, 1001 }, { 90, 1 }, { 75, 1 }, { 72, 1 }, { 60, 1 }, { 60000, 1001 }, { 50, 1 }, { 48, 1 },
			    { 48000, 1001 }, { 30, 1 }, { 30000, 1001 }, { 25, 1 }, { 24, 1 }, { 24000, 1001 }, { 20, 1 }, { 18, 1 }, { 16, 1 },
			    { 15, 1 }, { 15000, 1001 }, { 25, 2 }, { 12, 1 }, { 12000, 1001 }, { 10, 1 }, { 9, 1 }, { 8, 1 }, { 15, 2 }, { 7, 1 },
			    { 6, 1 }, { 5, 1 }, { 4, 1 }, { 3, 1 }, { 2, 1 }, { 1, 1 } };

#define NSTANDARD	(sizeof(standard) / sizeof(*standard))

/* Times of the film's first frames, in ticks of `base`; sorted. */
struct times {
	int64_t		*list;
	int		n;
	AVRational	base;
};

/* Durations of one rate: their mean in seconds and its greatest error. */
struct motion {
	double	mean, error;
	int	n;
};

static int
time_compare(const void *a, const void *b)
{
	int64_t	x = *(const int64_t *)a, y = *(const int64_t *)b;

	return ((x > y) - (x < y));
}

/* Takes the times from the index of the file, which has all frames in MP4. */
static void
index_times(AVStream *s, struct times *t)
{
	const AVIndexEntry	*e;
	int			i, n = avformat_index_get_entries_count(s);

	for (i = 0; i < n && t->n < TIMES_MAX; i++) {
		e = avformat_index_get_entry(s, i);
		if (e != NULL && !(e->flags & AVINDEX_DISCARD_FRAME))
			t->list[t->n++] = e->timestamp;
	}
}

static void
ahead_times(const struct media *m, struct times *t)
{
	const AVPacket	*p;
	int		i;

	for (i = m->clock.first; i < m->clock.nahead && t->n < TIMES_MAX; i++) {
		p = m->clock.ahead[i];
		if (p->stream_index == m->video && (p->pts != AV_NOPTS_VALUE || p->dts != AV_NOPTS_VALUE))
			t->list[t->n++] = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
	}
}

static int
times_read(const struct media *m, AVStream *s, struct times *t)
{
	int64_t	*list;
	int	i, n = 0;

	if ((list = t->list = malloc(TIMES_MAX * sizeof(*t->list))) == NULL)
		return (0);
	t->base = s->time_base;
	/* Only MP4's index has each frame with its time; others have key frames, or bytes. */
	if (avformat_index_get_entries_count(s) > m->clock.nahead && strstr(m->format->iformat->name, "mov") != NULL)
		index_times(s, t);
	else
		ahead_times(m, t);
	qsort(list, (size_t)t->n, sizeof(*list), time_compare);
	for (i = 0; i < t->n; i++) {
		if (list[i] > -TICKS_MAX && list[i] < TICKS_MAX && (n == 0 || list[i] > list[n - 1]))
			list[n++] = list[i];
	}
	t->n = n;

	return (1);
}

/* Measures the runs of durations that are those of a rate, within the window or one tick. */
static struct motion
motion_measure(const struct times *t, double rate)
{
	double		tick = av_q2d(t->base), width = fmax(WINDOW / rate, fmin(1.01 * tick, 0.3 / rate)), d, sum = 0;
	struct motion	found = { 0 };
	int		i, k, runs = 0;

	for (i = 1; i < t->n; i = k + 1) {
		for (k = i; k < t->n; k++) {
			d = (double)(t->list[k] - t->list[k - 1]) * tick;
			if (fabs(d - 1 / rate) > width)
				break;
		}
		if (k - i >= RUN) {
			sum += (double)(t->list[k - 1] - t->list[i - 1]) * tick;
			found.n += k - i;
			runs++;
		}
	}
	if (found.n > 0) {
		found.mean = sum / found.n;
		found.error = tick * runs / found.n;
	}

	return (found);
}

/* Measures without runs: the mean of the durations up to twice the median. */
static struct motion
mean_measure(const struct times *t)
{
	struct motion	found = { 0 };
	int64_t		*d, limit, sum = 0;
	int		i, n = t->n - 1;

	if (n < 1 || (d = malloc((size_t)n * sizeof(*d))) == NULL)
		return (found);
	for (i = 0; i < n; i++)
		d[i] = t->list[i + 1] - t->list[i];
	qsort(d, (size_t)n, sizeof(*d), time_compare);
	limit = 2 * d[n / 2];
	for (i = 0; i < n && d[i] <= limit; i++)
		sum += d[i];
	free(d);
	if (i > 0) {
		found.mean = (double)sum / i * av_q2d(t->base);
		found.error = av_q2d(t->base) / i;
	}

	return (found);
}

/* Returns the standard rate that is nearest by ratio; its distance goes to *off. */
static AVRational
nearest(double rate, double *off)
{
	AVRational	best = standard[0];
	size_t		i;

	for (i = 1; i < NSTANDARD; i++) {
		if (fabs(log(av_q2d(standard[i]) / rate)) < fabs(log(av_q2d(best) / rate)))
			best = standard[i];
	}
	*off = fabs(av_q2d(best) / rate - 1);

	return (best);
}

/* Names a measured rate. What the file states decides between rates that the measure cannot tell apart. */
static AVRational
rate_name(const struct motion *found, AVRational stated)
{
	double		rate = 1 / found->mean, off, doubt = fmin(found->error / found->mean, 0.005);
	AVRational	best = nearest(rate, &off), said;

	if (stated.num > 0 && stated.den > 0) {
		said = nearest(av_q2d(stated), &off);
		if (off < EXACT / 10 && fabs(av_q2d(said) / rate - 1) <= doubt + EXACT / 10)
			return (said);
	}
	nearest(rate, &off);
	if (off < EXACT + doubt)
		return (best);
	if (found->n > 0 && fabs(rate - round(rate)) < EXACT * rate && rate >= 1)
		return ((AVRational){ (int)lrint(rate), 1 });
	if (rate >= 23)
		return (best);

	return ((AVRational){ (int)fmax(1, round(rate)), 1 });
}

/* Halves, thirds or quarters a rate above 60 if that gives a standard rate from 48; otherwise limits it. */
static AVRational
rate_limit(AVRational rate)
{
	AVRational	part, best;
	double		off;
	int		k;

	if (av_q2d(rate) <= RATE_MAX)
		return (rate);
	for (k = 2; k <= 5; k++) {
		part = av_div_q(rate, (AVRational){ k, 1 });
		best = nearest(av_q2d(part), &off);
		if (av_q2d(part) <= RATE_MAX && av_q2d(part) > 47 && off < EXACT / 10)
			return (best);
	}

	return ((AVRational){ RATE_MAX, 1 });
}

/* Returns the rate that the file or its codec states, for films without timestamps or too short to be measured. */
static AVRational
rate_stated(const struct media *m, AVStream *s)
{
	AVRational	coded = s->codecpar->framerate;

	if ((m->format->iformat->flags & AVFMT_NOTIMESTAMPS) && coded.num > 0 && coded.den > 0)
		return (coded);

	return (s->avg_frame_rate.num > 0 && s->avg_frame_rate.den > 0 ? s->avg_frame_rate : av_guess_frame_rate(m->format, s, NULL));
}

/* Measures the highest rate that a share of the frames has in runs, otherwise the mean of all. */
static struct motion
rate_measure(const struct times *t)
{
	struct motion	found;
	size_t		i;
	int		k;

	for (i = 0; i < NSTANDARD; i++) {
		found = motion_measure(t, av_q2d(standard[i]));
		if (found.n < MOTION_SHARE * t->n || found.n < RUN)
			continue;
		/* Move the window to the middle of the durations, so that it cuts off none. */
		for (k = 0; k < 2 && found.n > 0; k++)
			found = motion_measure(t, 1 / found.mean);
		if (found.n > 0)
			return (found);
	}

	return (mean_measure(t));
}

int
media_rate_read(struct media *m, struct media_error *error)
{
	AVStream	*s = m->format->streams[m->video];
	AVRational	stated = rate_stated(m, s), rate = { 25, 1 };
	struct times	t = { 0 };
	struct motion	found;

	if (!times_read(m, s, &t))
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	found = rate_measure(&t);
	free(t.list);
	if (found.n == 0 && found.mean <= 0 && stated.num > 0 && stated.den > 0)
		found.mean = 1 / av_q2d(stated);
	if (found.mean > 0)
		rate = rate_limit(rate_name(&found, stated));
	if (m->info.duration > MEDIA_FAST_SECONDS && av_q2d(rate) > RATE_LONG) {
		rate = av_div_q(rate, (AVRational){ 2, 1 });
		media_note(m, "The film is longer than %d hours; it has half of its frames, %.2f a second.", MEDIA_FAST_SECONDS / 3600, av_q2d(rate));
	}
	m->info.fps_num = rate.num;
	m->info.fps_den = rate.den;

	return (MEDIA_OK);
}
