/*
 * Interlaced and telecined films by their content. What the file says about its
 * fields is often missing, or true for its beginning only.
 *
 * The lines of a frame are compared with those between them: of the same frame,
 * and of the frame before. In a progressive film that moves, the lines of one
 * frame fit each other, and those of two frames do not, whichever field is taken.
 * In an interlaced film the later field of the frame before is as near in time to
 * the earlier field of this one as this one's fields to each other.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>

#include "media/internal.h"

#define PROBE_FRAMES	200
#define FIELD_PACKETS	40	/* packets that tell whether each holds one field */
#define HEIGHT_MAX	1088
#define LARGE		576	/* lines above which a part of the picture is compared */
#define DECAY		0.95	/* of the scores per frame: 20 frames of one kind give 20 */
#define ON_SCORE	4	/* frames in succession */
#define OFF_SCORE	12
#define BEGIN_FRAMES	25
#define MOTION		1.03	/* least ratio of a comparison of two frames to one within a frame */
#define MOVED		8	/* least difference of two samples, of 255, that is motion */
#define REPEATED	4	/* least ratio of the differences of the fields if one is repeated */
#define REPEATS		1.5	/* score: two repeated fields of each parity in some ten frames are telecine */

/* Sums of differences of two frames, by parity of the lines (0: top field). */
struct comb {
	double	across[2];	/* lines of the frame before between lines of this one */
	double	within;		/* lines of this one between its own */
	double	moved[2];	/* lines of the frame before and the same lines of this one */
	double	near, far;	/* where the picture moves: a line and its neighbours, and a line and those of its own field */
};

static int
sample(const uint8_t *line, int x, const AVComponentDescriptor *c)
{
	const uint8_t	*p = line + x * c->step + c->offset;
	uint16_t	v;

	if (c->depth <= 8)
		return (*p);
	memcpy(&v, p, sizeof(v));

	return (v);
}

static void
line_compare(struct comb *sums, const uint8_t *cur, ptrdiff_t pitch, const uint8_t *prev, int parity, int width, int step,
    const AVComponentDescriptor *c)
{
	int64_t	across = 0, within = 0, moved = 0, near = 0, far = 0;
	int	x, around, mine, other, least = MOVED << (c->depth - 8);

	for (x = 0; x < width; x += step) {
		around = sample(cur - pitch, x, c) + sample(cur + pitch, x, c);
		mine = sample(cur, x, c);
		other = sample(prev, x, c);
		across += abs(around - 2 * other);
		within += abs(around - 2 * mine);
		moved += abs(mine - other);
		if (abs(mine - other) > least) {
			near += abs(around - 2 * mine);
			far += abs(sample(cur - 2 * pitch, x, c) + sample(cur + 2 * pitch, x, c) - 2 * mine);
		}
	}
	sums->across[parity] += (double)across;
	sums->within += (double)within / 2;
	sums->moved[parity] += (double)moved;
	sums->near += (double)near;
	sums->far += (double)far;
}

static void
frames_compare(const AVFrame *prev, const AVFrame *cur, const AVComponentDescriptor *c, struct comb *sums)
{
	const uint8_t	*line = cur->data[c->plane], *before = prev->data[c->plane];
	ptrdiff_t	pitch = cur->linesize[c->plane];
	int		y, step = cur->height > LARGE ? 2 : 1;

	memset(sums, 0, sizeof(*sums));
	for (y = 2; y < cur->height - 2; y++) {
		if (step == 1 || y % 8 < 2)
			line_compare(sums, line + y * pitch, pitch, before + (ptrdiff_t)y * prev->linesize[c->plane], y & 1, cur->width, step, c);
	}
}

/* Counts what the comparison says, and decides whether the film is interlaced here. */
static void
scan_count(struct media_scan *s, const struct comb *c)
{
	double	least = fmin(c->across[0], c->across[1]), most = fmax(c->across[0], c->across[1]), share;
	int	kind = -1, i, again;

	/*
	 * 0: top field first, 1: bottom field first, 2: progressive; -1: no motion, or unclear. What moves in an interlaced frame looks like
	 * a comb: a line is nearer to the lines of its own field than to its neighbours.
	 */
	if (most > MOTION * c->within && most > 0) {
		share = (least - c->within) / (most - c->within);
		kind = share > 0.6 ? 2 : share < 0.3 && c->near > c->far ? c->across[0] < c->across[1] : -1;
	}
	s->score[0] = s->score[0] * DECAY + (kind == 0);
	s->score[1] = s->score[1] * DECAY + (kind == 1);
	s->score[2] = s->score[2] * DECAY + (kind == 2);
	s->since = kind == 2 ? 0 : s->since + 1;
	s->combed = c->near > c->far;
	if (kind >= 0)
		s->count[kind]++;
	for (i = 0; i < 2; i++) {
		again = c->moved[1 - i] > REPEATED * c->moved[i];
		s->again[i][s->seen % 5] += again;
		s->repeats[i] = s->repeats[i] * DECAY + again;
	}
	s->telecined = s->repeats[0] > REPEATS && s->repeats[1] > REPEATS;
	most = fmax(s->score[0], s->score[1]);
	least = fmin(s->score[0], s->score[1]);
	if (most >= ON_SCORE && most > 3 * least && most > s->score[2]) {
		if (!s->on && s->begun == 0)
			s->begun = s->seen;
		s->turned_on = !s->on;
		s->on = 1;
		s->top_first = s->score[0] > s->score[1];
	} else if (s->score[2] >= OFF_SCORE && s->score[2] > 6 * most) {
		s->on = 0;
	}
}

static void
frame_mark(struct media_scan *s, AVFrame *frame)
{
	if (frame->flags & AV_FRAME_FLAG_INTERLACED)
		return;
	frame->flags |= AV_FRAME_FLAG_INTERLACED;
	frame->flags &= ~AV_FRAME_FLAG_TOP_FIELD_FIRST;
	frame->flags |= s->top_first ? AV_FRAME_FLAG_TOP_FIELD_FIRST : 0;
	s->marked++;
}

int
media_scan_frame(struct media_scan *s, AVFrame *frame)
{
	const AVPixFmtDescriptor	*desc = av_pix_fmt_desc_get(frame->format);
	struct comb			sums;

	s->turned_on = s->combed = 0;
	if (desc == NULL || (desc->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT)) ||
	    desc->comp[0].depth < 8 || desc->comp[0].depth > 16)
		return (1);
	/* Some packed formats, as uyyvyy411, have fewer bytes in a line than their description says. */
	if (abs(frame->linesize[desc->comp[0].plane]) < (int64_t)frame->width * desc->comp[0].step)
		return (1);
	if (s->before != NULL && s->before->format == frame->format && s->before->width == frame->width && s->before->height == frame->height) {
		frames_compare(s->before, frame, &desc->comp[0], &sums);
		scan_count(s, &sums);
	}
	s->seen++;
	if (s->on)
		frame_mark(s, frame);
	av_frame_free(&s->before);

	return ((s->before = av_frame_clone(frame)) != NULL);
}

/*
 * Marks the frames that were held while the film looked interlaced, but not yet for long enough, and the first of them, which after a cut
 * looks progressive; and of a film that looks telecined those that are combed, which are two of five.
 */
static void
held_mark(struct media_scan *s)
{
	int	i;

	for (i = 0; i < s->nheld; i++) {
		if ((s->turned_on && i >= s->nheld - 1 - s->since) || (s->telecined && s->held_combed[i]))
			frame_mark(s, s->held[i]);
	}
}

static AVFrame *
held_take(struct media_scan *s)
{
	AVFrame	*first = s->held[0];

	s->nheld--;
	memmove(s->held, s->held + 1, (size_t)s->nheld * sizeof(*s->held));
	memmove(s->held_combed, s->held_combed + 1, (size_t)s->nheld * sizeof(*s->held_combed));

	return (first);
}

int
media_scan_put(struct media_scan *s, AVFrame *frame, AVFrame **ready)
{
	*ready = NULL;
	if (frame != NULL && !media_scan_frame(s, frame)) {
		av_frame_free(&frame);
		return (0);
	}
	if (s->nheld > 0 && (frame == NULL || s->nheld == MEDIA_SCAN_HOLD))
		*ready = held_take(s);
	if (frame != NULL) {
		s->held_combed[s->nheld] = s->combed;
		s->held[s->nheld++] = frame;
		held_mark(s);
	}

	return (1);
}

void
media_scan_free(struct media_scan *s)
{
	while (s->nheld > 0)
		av_frame_free(&s->held[--s->nheld]);
	av_frame_free(&s->before);
}

/* Returns 1 if fields of one parity are repeated in one of five frames, always the same one: 24 frames in 60 fields. */
static int
repeats_regularly(const int again[5])
{
	int	i, all = 0, most = 0;

	for (i = 0; i < 5; i++) {
		all += again[i];
		most = again[i] > most ? again[i] : most;
	}

	return (most >= 4 && most * 10 >= all * 7);
}

static int
telecined(const struct media_scan *s)
{
	return (repeats_regularly(s->again[0]) && repeats_regularly(s->again[1]));
}

int
media_scan_wanted(const struct media *m)
{
	double	fps = (double)m->info.fps_num / m->info.fps_den;

	return (fps > 24.9 && fps < 30.1 && m->format->streams[m->video]->codecpar->height <= HEIGHT_MAX);
}

/* The frames of the first packets. */
struct probe {
	struct media_scan	scan;
	int			packets, frames, flagged, top_first;
};

static void
probe_frames(struct probe *p, AVCodecContext *decoder, const AVPacket *packet)
{
	AVFrame	*f;

	if (avcodec_send_packet(decoder, packet) < 0)
		return;
	while ((f = av_frame_alloc()) != NULL && avcodec_receive_frame(decoder, f) >= 0) {
		p->frames++;
		p->flagged += (f->flags & AV_FRAME_FLAG_INTERLACED) != 0;
		p->top_first += (f->flags & AV_FRAME_FLAG_TOP_FIELD_FIRST) != 0;
		media_scan_frame(&p->scan, f);
		av_frame_free(&f);
	}
	av_frame_free(&f);
}

static void
probe_run(struct media *m, struct probe *p, int limit)
{
	const AVCodecParameters	*par = m->format->streams[m->video]->codecpar;
	const AVCodec		*codec = avcodec_find_decoder(par->codec_id);
	AVCodecContext		*decoder = avcodec_alloc_context3(codec);
	int			i;

	if (codec != NULL && decoder != NULL && avcodec_parameters_to_context(decoder, par) >= 0 && avcodec_open2(decoder, codec, NULL) >= 0) {
		for (i = m->clock.first; i < m->clock.nahead && p->packets < limit; i++) {
			if (m->clock.ahead[i]->stream_index != m->video)
				continue;
			p->packets++;
			probe_frames(p, decoder, m->clock.ahead[i]);
		}
		probe_frames(p, decoder, NULL);
	}
	avcodec_free_context(&decoder);
	media_scan_free(&p->scan);
}

void
media_fields_probe(struct media *m)
{
	const AVCodecParameters	*par = m->format->streams[m->video]->codecpar;
	int			stated = par->field_order != AV_FIELD_PROGRESSIVE && par->field_order != AV_FIELD_UNKNOWN;
	double			fps = (double)m->info.fps_num / m->info.fps_den;
	int			coupled = fps > 49 && fps < 60.1 && par->codec_id == AV_CODEC_ID_H264 && par->height <= HEIGHT_MAX;
	struct probe		p = { 0 };

	m->info.interlaced = stated;
	if (!media_scan_wanted(m) && !coupled)
		return;
	probe_run(m, &p, coupled ? FIELD_PACKETS : PROBE_FRAMES);
	/* Two packets with a field each give one frame. */
	if (coupled && p.flagged > 0 && p.frames * 10 < p.packets * 6)
		av_reduce(&m->info.fps_num, &m->info.fps_den, m->info.fps_num, (int64_t)m->info.fps_den * 2, 1 << 24);
	if (p.flagged * 2 > p.frames || p.scan.on)
		m->info.interlaced = 1;
	/* Only if it begins so: the first frames of another film shall not be taken for interlaced. */
	m->interlaced_unmarked = p.scan.begun > 0 && p.scan.begun <= BEGIN_FRAMES && p.flagged * 10 <= p.frames;
	m->top_first = m->interlaced_unmarked || p.flagged == 0 ? p.scan.count[0] >= p.scan.count[1] : p.top_first * 2 > p.frames;
	if (fps > 29.9 && fps < 30.1 && telecined(&p.scan)) {
		m->telecined = 1;
		m->info.interlaced = 0;
		av_reduce(&m->info.fps_num, &m->info.fps_den, (int64_t)m->info.fps_num * 4, (int64_t)m->info.fps_den * 5, 1 << 24);
	}
}

void
media_fields_double(struct media *m)
{
	if (m->info.interlaced && m->info.fps_num <= 30 * m->info.fps_den && m->info.duration <= MEDIA_FAST_SECONDS) {
		m->field_rate = 1;
		av_reduce(&m->info.fps_num, &m->info.fps_den, (int64_t)m->info.fps_num * 2, m->info.fps_den, 1 << 24);
	}
}
