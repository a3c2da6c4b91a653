/*
 * Constant frame rate: repeats and drops frames, so that frame n is shown at
 * n / rate. It counts across changes of the filters, so nothing is shifted when
 * a film changes its format.
 */
#include <math.h>

#include "media/internal.h"

#define SHIFT_MAX	0.75	/* frames by which a frame may be late, so that it does not replace the one before */
#define INTERVAL_MIN	0.6	/* frames between two pictures that shall both be shown */
#define HOLD_SECONDS	300	/* longest time that the last frame's duration is believed */
#define PLACE_MAX	1e15	/* frames; a film ends long before */

/* Emits the held frame for the frame numbers before `until`. */
static int
pace_emit(struct media_pace *p, int64_t until)
{
	int	status = MEDIA_OK;

	while (status == MEDIA_OK && p->next < until) {
		status = p->emit(p->ctx, p->held);
		p->next++;
	}

	return (status);
}

/*
 * Returns the number of the frame's place: the nearest, or the one after if that
 * is taken by a picture that is about one frame earlier and this one is not too
 * late there. So uneven times lose no picture.
 */
static int64_t
pace_slot(const struct media_pace *p, double place)
{
	int64_t	slot = (int64_t)ceil(place - 0.5 - 1e-6);

	if (p->held != NULL && slot == p->slot && place - p->place > INTERVAL_MIN && (double)(slot + 1) - place <= SHIFT_MAX)
		slot++;

	return (slot);
}

int
media_pace_put(struct media_pace *p, AVFrame *frame, AVRational base)
{
	double	unit = av_q2d(base) * av_q2d(p->rate), place = fmax(fmin((double)frame->pts * unit, PLACE_MAX), -PLACE_MAX);
	int64_t	slot = pace_slot(p, place), end;
	int	status = MEDIA_OK;

	end = (int64_t)ceil(place + fmin((double)frame->duration * unit, HOLD_SECONDS * av_q2d(p->rate)) - 0.5 - 1e-6);
	p->end = end > p->end ? end : p->end;
	/* The nearer of two frames in one place stays. A frame that is before the held one is late, as after damage. */
	if (p->held != NULL && (slot < p->slot || (slot == p->slot && fabs(place - (double)slot) > fabs(p->place - (double)slot)))) {
		av_frame_free(&frame);
		return (MEDIA_OK);
	}
	/* The first frame is shown from 0. */
	if (p->held != NULL && slot > p->slot)
		status = pace_emit(p, slot);
	av_frame_free(&p->held);
	p->held = frame;
	p->slot = slot;
	p->place = place;

	return (status);
}

int
media_pace_end(struct media_pace *p)
{
	int	status;

	if (p->held == NULL)
		return (MEDIA_OK);
	status = pace_emit(p, p->end > p->slot + 1 ? p->end : p->slot + 1);
	av_frame_free(&p->held);

	return (status);
}
