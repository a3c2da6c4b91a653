/*
 * Previews of a film, made on a thread of their own from the frames that the
 * encoders get. A frame every ten seconds is taken: reduced to a small one, which
 * becomes the thumbnail and shows whether the frame may be a poster.
 *
 * Previews never fail a film. What cannot be made is missing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libswscale/swscale.h>

#include "media/previews.h"

#define WAITING_MAX	4	/* frames; each may have 50 MB */
#define LOOK_LONG	480	/* pixels of the longer side of the small frame */
#define POSTER_LONG	1280
#define DARK_MEAN	40.0	/* luma of a frame with end credits, in limited range; white text covers less than a tenth of it */
#define DARK_SECONDS	20.0	/* shortest dark end that counts as end credits */
#define DARK_SHARE	0.7	/* of the film: it begins after that */

struct media_previewer {
	pthread_t			thread;
	struct media_queue		queue;		/* of AVFrame, whose pts is the time in ms */
	const struct media_info		*info;
	int				broken;		/* the thread takes no more frames */
	int64_t				next_ms, step_ms;	/* of the frames to take */
	/* Used by the thread until it has ended. */
	struct media_info		cell_info;	/* a film of the size of a thumbnail */
	struct media_colour		same;		/* the colours of reduced frames */
	struct media_picture		small, cell, large;
	struct media_storyboard		board;
	struct media_poster_choice	posters;
	int64_t				dark_ms;	/* since when the film is dark, -1 if it is not */
};

static int
even(double v)
{
	int	n = (int)(v / 2 + 0.5) * 2;

	return (n < 2 ? 2 : n);
}

/* Sets the size of reduced frames: that of the film, with a limit for its longer side. */
static void
size_set(struct media_picture *p, const struct media_info *info, int limit)
{
	double	scale = fmin((double)limit / fmax(info->width, info->height), 1);

	p->width = even(info->width * scale);
	p->height = even(info->height * scale);
}

static double
mean_luma(const AVFrame *f)
{
	double	sum = 0;
	int	x, y;

	for (y = 0; y < f->height; y++) {
		for (x = 0; x < f->width; x++)
			sum += f->data[0][(ptrdiff_t)y * f->linesize[0] + x];
	}

	return (sum / ((double)f->width * f->height));
}

/* Returns 0 if this frame and the following ones cannot be reduced. */
static int
frame_use(struct media_previewer *p, AVFrame *frame)
{
	struct media_poster_view	view;
	AVFrame				*small, *made;
	int64_t				ms = frame->pts;

	if (!sws_isSupportedInput(frame->format) || (small = media_picture_make(&p->small, frame)) == NULL)
		return (0);
	media_poster_look(small, &view);
	if (mean_luma(small) > DARK_MEAN)
		p->dark_ms = -1;
	else if (p->dark_ms == -1)
		p->dark_ms = ms;
	if ((made = media_picture_make(&p->cell, small)) == NULL)
		return (0);
	media_storyboard_add(&p->board, made);
	if (media_poster_wanted(&p->posters, ms, view.score) && (made = media_picture_make(&p->large, frame)) != NULL)
		media_poster_put(&p->posters, ms, &view, made);

	return (1);
}

static void
frame_free(void *arg)
{
	AVFrame	*frame = arg;

	av_frame_free(&frame);
}

static void *
previewer_run(void *arg)
{
	struct media_previewer	*p = arg;
	AVFrame			*frame;

	while ((frame = media_queue_take(&p->queue)) != NULL) {
		if (!frame_use(p, frame))
			media_queue_break(&p->queue);
		av_frame_free(&frame);
	}
	media_picture_close(&p->small);
	media_picture_close(&p->cell);
	media_picture_close(&p->large);

	return (NULL);
}

struct media_previewer *
media_previewer_new(const struct media_info *info, const struct media_colour *colour)
{
	struct media_previewer	*p = calloc(1, sizeof(*p));
	struct media_previews	dropped = { 0 };

	if (p == NULL)
		return (NULL);
	p->info = info;
	p->step_ms = p->posters.place_ms = media_storyboard_interval(info->duration);
	p->dark_ms = -1;
	p->same = (struct media_colour){ .decided = 1, .kind = MEDIA_COLOUR_SAME, .matrix = AVCOL_SPC_BT709 };
	p->small.info = p->large.info = info;
	p->small.colour = p->large.colour = colour;
	size_set(&p->small, info, LOOK_LONG);
	size_set(&p->large, info, POSTER_LONG);
	media_queue_init(&p->queue, WAITING_MAX);
	if (media_storyboard_begin(&p->board, info)) {
		p->cell.info = &p->cell_info;
		p->cell.colour = &p->same;
		p->cell.width = p->cell_info.width = p->board.made.width;
		p->cell.height = p->cell_info.height = p->board.made.height;
		if (pthread_create(&p->thread, NULL, previewer_run, p) == 0)
			return (p);
	}
	media_storyboard_end(&p->board, &dropped);
	media_previews_free(&dropped);
	media_queue_free(&p->queue, frame_free);
	free(p);

	return (NULL);
}

/* Gives the thread a frame for the next thumbnail. Returns 0 if it takes no more. */
static int
frame_give(struct media_previewer *p, const AVFrame *frame)
{
	AVFrame	*copy = av_frame_clone(frame);

	if (copy == NULL)
		return (0);
	copy->pts = p->next_ms;
	if (media_queue_put(&p->queue, copy))
		return (1);
	av_frame_free(&copy);

	return (0);
}

void
media_previewer_frame(struct media_previewer *p, const AVFrame *frame, int64_t number)
{
	int64_t	ms;

	if (p == NULL)
		return;
	ms = av_rescale(number, (int64_t)p->info->fps_den * 1000, p->info->fps_num);
	while (!p->broken && ms >= p->next_ms) {
		p->broken = !frame_give(p, frame);
		p->next_ms += p->step_ms;
		/* As the storyboard does: a film that is longer than its header says gets no more thumbnails than others. */
		if (p->next_ms >= MEDIA_SHORT_SECONDS * 1000)
			p->step_ms = MEDIA_THUMBNAIL_SECONDS * 1000;
	}
}

/* Suggests the beginning of the end credits, unless a chapter has told it. */
static void
credits_suggest(const struct media_previewer *p, double duration, struct media_previews *out)
{
	double	dark = (double)p->dark_ms / 1000;

	if (out->end_credits < 0 && dark > DARK_SHARE * duration && duration - dark >= DARK_SECONDS)
		out->end_credits = dark;
}

void
media_previewer_end(struct media_previewer *p, const struct media *m, double duration, struct media_previews *out)
{
	struct media_previews	dropped;

	if (out == NULL && p != NULL)
		media_queue_break(&p->queue);
	if (out == NULL)
		out = &dropped;
	memset(out, 0, sizeof(*out));
	media_chapters_read(m, duration, out);
	if (p != NULL) {
		media_queue_end(&p->queue);
		pthread_join(p->thread, NULL);
		media_queue_free(&p->queue, frame_free);
		media_storyboard_end(&p->board, out);
		media_poster_end(&p->posters, duration, out);
		credits_suggest(p, duration, out);
		free(p);
	}
	if (out == &dropped)
		media_previews_free(out);
}

void
media_previews_free(struct media_previews *p)
{
	int	i;

	for (i = 0; i < p->nsheets; i++)
		free(p->sheets[i].data);
	for (i = 0; i < p->nposters; i++)
		free(p->posters[i].data);
	free(p->sheets);
	free(p->markers);
	memset(p, 0, sizeof(*p));
}
