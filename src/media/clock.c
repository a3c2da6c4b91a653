/*
 * The clock of a film: reads packets and makes their timestamps continuous.
 *
 * Recordings that were joined, captures and broadcasts have timestamps that jump:
 * they begin again, wrap or skip hours. The packets between two jumps share one
 * offset from the timestamps of the file to the time of the film, here called an
 * epoch. The stream whose packet jumps first begins an epoch where the film has
 * got to; the other streams join it when their timestamps jump too and fit it
 * better than the epoch before. So video and sound of an epoch stay together. If
 * no other stream jumps, the one that did goes on where it had got to itself.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

#define SECOND		((int64_t)AV_TIME_BASE)
#define JUMP_BACK	(SECOND / 10)	/* as the threshold of ffmpeg's demuxer */
#define JUMP_AHEAD	(10 * SECOND)	/* likewise, in formats whose timestamps may jump (AVFMT_TS_DISCONT) */
#define BACK_OTHER	SECOND		/* in other formats */
#define AHEAD_OTHER	(300 * SECOND)
#define FOLLOWS		(SECOND / 10)	/* greatest distance of a packet to the one before that is no jump */
#define ALONE_AFTER	SECOND		/* time after a jump in which the other streams jump, or do not */
#define DURATION_MAX	(3600 * SECOND)	/* of one packet; longer ones are taken for a jump */
#define TICKS_MAX	(INT64_MAX / 4)	/* of a timestamp in its own time base, */
#define TIME_MAX	(INT64_MAX / 8)	/* and in AV_TIME_BASE, positive or negative: sums of a few fit. Others are taken for damage */
#define ORIGIN_MAX	4e9		/* seconds, since 1900 as well */
#define AHEAD_BYTES	(32u << 20)	/* read before the film is transcoded, to measure its frames */
#define AHEAD_ALL	(64u << 20)	/* with audio tracks but the first */
#define AHEAD_PACKETS	8000
#define AHEAD_FRAMES	1500

/* The state of a stream. Times are in AV_TIME_BASE; `offset` + time of the file = time of the film. */
struct clock_stream {
	int	used;		/* its packets are returned */
	int	follows;	/* likewise, but they do not move the clock: text, which may be silent for long, and audio tracks but the first */
	int	counted;	/* the timestamps of its packets are their numbers, because those of the demuxer are wrong */
	int64_t	number;		/* of the next packet */
	int	begun;
	int	epoch;
	int64_t	offset;
	int64_t	dts, duration;	/* of the last packet, in the time of the file */
	int64_t	end;		/* greatest end of a packet, likewise */
};

static int
streams_grow(struct media_clock *c, unsigned n)
{
	struct clock_stream	*grown;
	unsigned		i;

	if (n <= c->nstreams)
		return (1);
	if ((grown = realloc(c->streams, n * sizeof(*grown))) == NULL)
		return (0);
	memset(grown + c->nstreams, 0, (n - c->nstreams) * sizeof(*grown));
	/* A stream that the demuxer meets later can be the sound (audio_tracks.c). */
	for (i = c->nstreams; i < n; i++)
		grown[i].used = 1;
	c->streams = grown;
	c->nstreams = n;

	return (1);
}

static int
jumps_allowed(const struct media *m)
{
	return ((m->format->iformat->flags & AVFMT_TS_DISCONT) != 0);
}

/* Begins an epoch at the time that the film has reached. `t` is the time of its first packet in the file. */
static void
epoch_begin(struct media_clock *c, struct clock_stream *s, int64_t t)
{
	c->epoch++;
	c->jumped = c->now;
	c->alone = s->dts + s->duration + s->offset - t;
	c->deciding = 1;
	c->offset = c->now - t;
	s->epoch = c->epoch;
	s->offset = c->offset;
}

/* Returns 1 if the stream goes on without a jump at time `t`. */
static int
follows(const struct clock_stream *s, int64_t t)
{
	return (t >= s->dts && t - s->dts <= s->duration + FOLLOWS);
}

/* Moves the streams of the last epoch to where the one that began it had got to: another stream has not jumped. */
static void
epoch_alone(struct media_clock *c)
{
	unsigned	i;

	for (i = 0; i < c->nstreams; i++) {
		if (c->streams[i].begun && c->streams[i].epoch == c->epoch)
			c->streams[i].offset += c->alone - c->offset;
	}
	c->offset = c->alone;
	c->deciding = 0;
}

/* Puts a packet of time `t` into an epoch. */
static void
epoch_choose(struct media *m, struct clock_stream *s, int64_t t)
{
	struct media_clock	*c = &m->clock;
	int64_t			ahead = jumps_allowed(m) ? JUMP_AHEAD : AHEAD_OTHER, back = jumps_allowed(m) ? JUMP_BACK : BACK_OTHER;

	if (!s->begun) {
		s->epoch = c->epoch;
		s->offset = c->offset;
		/* A stream that begins far from the others has a clock of its own. */
		if (c->begun && jumps_allowed(m) && llabs(t + s->offset - c->now) > ahead)
			s->offset = c->now - t;
		return;
	}
	if (s->epoch != c->epoch && !follows(s, t) && llabs(t + c->offset - c->now) < llabs(t + s->offset - c->now)) {
		s->epoch = c->epoch;
		s->offset = c->offset;
		c->deciding = 0;
	} else if (c->deciding && s->epoch != c->epoch && follows(s, t) && t + s->offset > c->jumped + ALONE_AFTER) {
		epoch_alone(c);
	} else if (t + s->offset - c->now > ahead || t + back < s->dts) {
		epoch_begin(c, s, t);
	}
}

/* Returns the timestamp, or none if sums with it could overflow. */
static int64_t
time_bound(int64_t ts, AVRational base)
{
	int64_t	t;

	if (ts == AV_NOPTS_VALUE || ts > TICKS_MAX || ts < -TICKS_MAX)
		return (AV_NOPTS_VALUE);
	t = av_rescale_q(ts, base, AV_TIME_BASE_Q);

	return (t > TIME_MAX || t < -TIME_MAX ? AV_NOPTS_VALUE : ts);
}

static void
packet_bound(AVPacket *p, AVRational base)
{
	p->pts = time_bound(p->pts, base);
	p->dts = time_bound(p->dts, base);
	if (p->duration < 0 || time_bound(p->duration, base) == AV_NOPTS_VALUE)
		p->duration = 0;
}

/* Returns the timestamp with what its epoch adds to it, in ticks; none if that is out of range. */
static int64_t
time_shift(int64_t ts, int64_t shift)
{
	return (ts == AV_NOPTS_VALUE || shift > 2 * TICKS_MAX || shift < -2 * TICKS_MAX ? AV_NOPTS_VALUE : ts + shift);
}

/* Makes the timestamps of a packet continuous. */
static void
packet_adjust(struct media *m, struct clock_stream *s, AVPacket *p)
{
	struct media_clock	*c = &m->clock;
	AVRational		base = m->format->streams[p->stream_index]->time_base;
	int64_t			ts = p->dts != AV_NOPTS_VALUE ? p->dts : p->pts, t, duration, shift;

	if (ts == AV_NOPTS_VALUE)
		return;
	t = av_rescale_q(ts, base, AV_TIME_BASE_Q);
	duration = FFMIN(av_rescale_q(FFMAX(p->duration, 0), base, AV_TIME_BASE_Q), DURATION_MAX);
	epoch_choose(m, s, t);
	s->dts = t;
	s->duration = duration;
	if (!c->begun || t + s->offset + duration > c->now)
		c->now = t + s->offset + duration;
	s->begun = c->begun = 1;
	shift = av_rescale_q(s->offset, AV_TIME_BASE_Q, base);
	p->pts = time_shift(p->pts, shift);
	p->dts = time_shift(p->dts, shift);
}

/* Puts a packet of a stream that follows into the epoch, the present one or that of the packet before, which is nearer to the time of the film. */
static void
packet_follow(struct media *m, struct clock_stream *s, AVPacket *p)
{
	struct media_clock	*c = &m->clock;
	AVRational		base = m->format->streams[p->stream_index]->time_base;
	int64_t			t, shift;

	if (p->pts == AV_NOPTS_VALUE)
		return;
	t = av_rescale_q(p->pts, base, AV_TIME_BASE_Q);
	if (llabs(t + c->offset - c->now) <= llabs(t + s->offset - c->now))
		s->offset = c->offset;
	shift = av_rescale_q(s->offset, AV_TIME_BASE_Q, base);
	p->pts = time_shift(p->pts, shift);
	p->dts = time_shift(p->dts, shift);
}

/* Notes how far the data of a stream reaches, for media_clock_complete(). */
static void
end_note(struct media *m, struct clock_stream *s, const AVPacket *p)
{
	int64_t	t = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts, end;

	if (t == AV_NOPTS_VALUE)
		return;
	end = av_rescale_q(t + FFMAX(p->duration, 0), m->format->streams[p->stream_index]->time_base, AV_TIME_BASE_Q);
	if (end > s->end)
		s->end = end;
}

/* Sets the timestamp of a packet to its number. */
static void
packet_count(struct clock_stream *s, AVPacket *p)
{
	p->pts = p->dts = s->number++;
	p->duration = 1;
}

static int
packet_next(struct media *m, AVPacket *p)
{
	struct clock_stream	*s;
	int			status;

	while ((status = av_read_frame(m->format, p)) >= 0) {
		if (!streams_grow(&m->clock, m->format->nb_streams)) {
			av_packet_unref(p);
			return (AVERROR(ENOMEM));
		}
		s = &m->clock.streams[p->stream_index];
		if (s->counted)
			packet_count(s, p);
		packet_bound(p, m->format->streams[p->stream_index]->time_base);
		end_note(m, s, p);
		if (s->used)
			packet_adjust(m, s, p);
		else if (s->follows)
			packet_follow(m, s, p);
		if (s->used || s->follows)
			return (status);
		av_packet_unref(p);
	}

	return (status);
}

int
media_clock_read(struct media *m, AVPacket *p)
{
	struct media_clock	*c = &m->clock;

	if (c->first == c->nahead)
		return (c->status < 0 ? c->status : packet_next(m, p));
	av_packet_move_ref(p, c->ahead[c->first]);
	av_packet_free(&c->ahead[c->first++]);

	return (0);
}

/*
 * Returns 1 for a track of AVI whose header counts chunks, although its block size makes the demuxer count bytes: FFmpeg writes G.726,
 * G.722, Speex and others so, and their timestamps run too fast.
 */
static int
chunks_counted(const struct media *m, const AVStream *s)
{
	int			n = avformat_index_get_entries_count(s);
	const AVIndexEntry	*last = n > 1 ? avformat_index_get_entry((AVStream *)(uintptr_t)s, n - 1) : NULL;

	return (last != NULL && !strcmp(m->format->iformat->name, "avi") && s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && s->nb_frames == n &&
	    last->timestamp >= 2 * (int64_t)n);
}

/* Reads ahead until there is enough video to measure. The packets are returned by media_clock_read() later. */
static int
ahead_read(struct media *m)
{
	struct media_clock	*c = &m->clock;
	size_t			bytes = 0, all = 0;
	int			frames = 0, room = AHEAD_PACKETS * FFMAX(m->ntracks, 1), packets = 0;
	AVPacket		*p;

	if ((c->ahead = calloc((size_t)room, sizeof(*c->ahead))) == NULL)
		return (0);
	while (c->nahead < room && packets < AHEAD_PACKETS && frames < AHEAD_FRAMES && bytes < AHEAD_BYTES && all < AHEAD_ALL) {
		if ((p = av_packet_alloc()) == NULL)
			return (0);
		if ((c->status = packet_next(m, p)) < 0 || av_packet_make_refcounted(p) < 0) {
			av_packet_free(&p);
			break;
		}
		c->ahead[c->nahead++] = p;
		all += (size_t)p->size;
		frames += p->stream_index == m->video;
		/* More audio tracks must not shorten what is measured. */
		if (media_audio_follows(m, p->stream_index))
			continue;
		bytes += (size_t)p->size;
		packets++;
	}

	return (1);
}

static int
is_matroska(const struct media *m)
{
	return (strstr(m->format->iformat->name, "matroska") != NULL);
}

/* Returns the duration of a Matroska track by its statistics tag in seconds, 0 if there is none. */
static double
duration_tag(const AVStream *s)
{
	const AVDictionaryEntry	*tag = av_dict_get(s->metadata, "DURATION", NULL, AV_DICT_IGNORE_SUFFIX);
	double			seconds;
	int			h, min;

	return (tag != NULL && sscanf(tag->value, "%d:%d:%lf", &h, &min, &seconds) == 3 ? h * 3600.0 + min * 60.0 + seconds : 0);
}

static double
start_seconds(const AVStream *s)
{
	return (s->start_time != AV_NOPTS_VALUE ? (double)s->start_time * av_q2d(s->time_base) : 0);
}

/* Returns 1 if the header states a duration for each track. For other formats FFmpeg sets that of the tracks, too, to the file's. */
static int
tracks_stated(const struct media *m)
{
	const char	*name = m->format->iformat->name;

	return (strstr(name, "mov") != NULL || !strcmp(name, "avi") || !strcmp(name, "mxf"));
}

/*
 * Returns the end of a stream in seconds of the file's clock, 0 if it is not
 * known. Matroska states only the end of the longest track, and tags that not
 * every writer adds.
 */
static double
stated_end(const struct media *m, unsigned i)
{
	const AVStream	*s = m->format->streams[i];

	if (is_matroska(m))
		return (duration_tag(s));

	return (s->duration > 0 ? start_seconds(s) + (double)s->duration * av_q2d(s->time_base) : 0);
}

/* Returns the end of the longest track by the header, in seconds of the file's clock. Matroska's may count from 0 or from the first timestamp. */
static double
file_end(const struct media *m, double start)
{
	double	end = m->format->duration > 0 ? (double)m->format->duration / AV_TIME_BASE : 0;

	return (!is_matroska(m) || end <= start ? end + start : end);
}

/* Sets the origin of the film's clock, the earliest start of a used stream, and the duration of the used streams. */
static void
times_read(struct media *m)
{
	struct media_clock	*c = &m->clock;
	double			end = 0, start = INFINITY;
	unsigned		i;

	for (i = 0; i < c->nstreams; i++) {
		if (!c->streams[i].used)
			continue;
		if (m->format->streams[i]->start_time != AV_NOPTS_VALUE)
			start = fmin(start, start_seconds(m->format->streams[i]));
		end = fmax(end, stated_end(m, i));
	}
	if (isinf(start))
		start = m->format->start_time != AV_NOPTS_VALUE ? (double)m->format->start_time / AV_TIME_BASE : 0;
	/* Sound alone that begins late, in a format that counts from 0, is meant for that time of the film. */
	if (m->video == -1 && (is_matroska(m) || tracks_stated(m)))
		start = 0;
	start = fmax(fmin(start, ORIGIN_MAX), -ORIGIN_MAX);
	c->origin = (int64_t)llrint(start * AV_TIME_BASE);
	if (m->format->duration > 0 && (end <= 0 || is_matroska(m)))
		end = end > 0 ? fmin(end, file_end(m, start)) : file_end(m, start);
	m->info.duration = end > start ? end - start : 0;
}

/* Marks the streams that were chosen. In Matroska the others are read, too: the header's duration counts them. */
static void
streams_mark(struct media *m)
{
	unsigned	i;

	for (i = 0; i < m->format->nb_streams; i++) {
		m->clock.streams[i].follows = media_subtitles_uses(m, (int)i) || media_audio_follows(m, (int)i);
		m->clock.streams[i].used = m->format->streams[i]->discard < AVDISCARD_ALL && !m->clock.streams[i].follows;
		if (is_matroska(m) && m->format->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO)
			m->format->streams[i]->discard = AVDISCARD_DEFAULT;
	}
}

int
media_clock_open(struct media *m, struct media_error *error)
{
	unsigned	i;

	if (!streams_grow(&m->clock, m->format->nb_streams))
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	streams_mark(m);
	for (i = 0; i < m->clock.nstreams; i++)
		m->clock.streams[i].counted = chunks_counted(m, m->format->streams[i]);
	times_read(m);
	if (!ahead_read(m))
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	if (m->source_failed)
		return (media_fail(error, MEDIA_SOURCE, "The source file could not be read."));

	return (MEDIA_OK);
}

/*
 * Returns the seconds that are missing at the end of stream i, or of the whole
 * file if i is -1, and sets *stated to the duration that the header states.
 */
static double
missing(const struct media *m, int i, double *stated)
{
	const struct media_clock	*c = &m->clock;
	double				end, reached = 0, start = (double)c->origin / AV_TIME_BASE;
	unsigned			k;

	if (i >= 0) {
		end = stated_end(m, (unsigned)i);
		reached = (double)c->streams[i].end / AV_TIME_BASE;
	} else {
		end = file_end(m, start);
		for (k = 0; k < c->nstreams; k++)
			reached = fmax(reached, (double)c->streams[k].end / AV_TIME_BASE);
	}
	*stated = end - start;

	return (end - reached);
}

int
media_clock_complete(const struct media *m, double *stated, double *found)
{
	int	tracks = 0;
	double	lacks;
	unsigned	i;

	/* If the duration was measured at the end of the file or guessed from its size, the file states none. */
	if (m->format->duration_estimation_method != AVFMT_DURATION_FROM_STREAM)
		return (1);
	for (i = 0; i < m->clock.nstreams; i++) {
		if (!m->clock.streams[i].used || stated_end(m, i) <= 0 || !tracks_stated(m))
			continue;
		tracks++;
		lacks = missing(m, (int)i, stated);
		*found = *stated - lacks;
		if (*stated > 2 && lacks > *stated * 0.1 + 1)
			return (0);
	}
	if (tracks > 0)
		return (1);
	lacks = missing(m, -1, stated);
	*found = *stated - lacks;

	return (*stated <= 2 || lacks <= *stated * 0.1 + 1);
}

void
media_clock_note(struct media *m)
{
	if (m->clock.epoch == 1)
		media_note(m, "The timestamps of the film jump in one place; the gap was closed.");
	else if (m->clock.epoch > 1)
		media_note(m, "The timestamps of the film jump in %d places; the gaps were closed.", m->clock.epoch);
}

void
media_clock_close(struct media *m)
{
	struct media_clock	*c = &m->clock;

	while (c->first < c->nahead)
		av_packet_free(&c->ahead[c->first++]);
	free(c->ahead);
	free(c->streams);
}
