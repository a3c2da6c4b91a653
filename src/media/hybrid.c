/*
 * Writer of a rendition's object: a regular MP4 file whose one mdat box holds the
 * same samples as CMAF fragments.
 *
 *	ftyp, moov, free, mdat { init segments, index, for each segment:
 *	    free { moof and mdat of the audio }, moof and mdat of the video }
 *
 * A player that reads the file from its front sees the sample tables in moov, and
 * samples in mdat; it never meets a moof. A player of HLS or DASH reads the byte
 * ranges of one track. The free box around the audio makes the index of the video
 * contiguous: what it calls a segment begins with the moof of the video and
 * ends with a box that is skipped.
 *
 * moov is known only at the end. Therefore part 1 stays in memory until then, and
 * its front is reserved by an upper bound. If the film outgrows the reserve, moov
 * follows mdat. Each byte is delivered once; nothing is written to disk.
 */
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"
#include "media/mp4.h"

#define PART_BYTES	(8u << 20)	/* minimum size of a part except the last */
#define BOX		8		/* bytes of a box without content */
#define MDAT_HEADER	16
#define MOOV_MAX	16000000	/* bytes; iOS starts no film with more than about twice as much */

enum { VIDEO, AUDIO, TRACKS };

struct media_hybrid {
	struct mp4_track		tracks[TRACKS];
	struct mp4_table		tables[TRACKS];
	struct media_stream		streams[TRACKS];
	size_t				ntracks;
	uint64_t			group;		/* frames in which composition offsets change twice; 1: each frame may change them; 0: none does */
	double				duration;	/* of the header; 0 if unknown */
	double				fps;
	struct mp4_sample		*samples;	/* of the fragment being written */
	size_t				samples_room;
	struct mp4_bytes		data;		/* bytes of these samples */
	struct mp4_bytes		part;		/* the part being filled */
	struct mp4_bytes		first;		/* part 1 without its front */
	uint32_t			number;		/* of the part being filled */
	uint64_t			front;		/* bytes before the first segment, decided when part 1 is full */
	uint64_t			place;		/* of the next segment, counted from the first */
	uint32_t			sequence;	/* of the last fragment */
	uint32_t			peak;		/* bit/s */
	const struct media_sink		*sink;
	int				rendition;
};

static int
out_of_memory(struct media_error *error)
{
	return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
}

static int
video_open(struct media_hybrid *h, const AVCodecContext *codec)
{
	struct mp4_track	*t = &h->tracks[VIDEO];
	int			fine = codec->time_base.den < 1000 ? 512 : 1;

	t->id = 1;
	t->timescale = (uint32_t)(codec->time_base.den * fine);
	t->tick = (uint32_t)(codec->time_base.num * fine);
	t->width = (unsigned)codec->width;
	t->height = (unsigned)codec->height;
	h->fps = 1 / av_q2d(codec->time_base);
	/* Without a pyramid, a group has one frame that others refer to, and those that are shown before it (rendition.c). */
	h->group = codec->has_b_frames == 1 ? (uint64_t)codec->max_b_frames + 1 : codec->has_b_frames > 0;
	h->streams[VIDEO].timescale = t->timescale;

	return (mp4_avc_entry(t, codec->extradata, (size_t)codec->extradata_size, h->streams[VIDEO].codecs, sizeof(h->streams[VIDEO].codecs)));
}

void
media_audio_track(struct mp4_track *t, struct media_stream *s, const AVCodecContext *codec, uint32_t id)
{
	t->id = id;
	t->audio = 1;
	t->timescale = (uint32_t)codec->sample_rate;
	t->tick = (uint32_t)codec->frame_size;
	s->timescale = t->timescale;
	snprintf(s->codecs, sizeof(s->codecs), "mp4a.40.2");
	mp4_aac_entry(t, (unsigned)codec->ch_layout.nb_channels, (uint32_t)codec->bit_rate, codec->extradata, (size_t)codec->extradata_size);
}

struct media_hybrid *
media_hybrid_new(const AVCodecContext *video, const AVCodecContext *audio, double duration, const struct media_sink *sink, int rendition)
{
	struct media_hybrid	*h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return (NULL);
	h->sink = sink;
	h->rendition = rendition;
	h->number = 1;
	h->duration = duration;
	h->ntracks = audio != NULL ? 2 : 1;
	if (audio != NULL)
		media_audio_track(&h->tracks[AUDIO], &h->streams[AUDIO], audio, 2);
	if (!video_open(h, video) || h->tracks[VIDEO].entry.failed || h->tracks[AUDIO].entry.failed) {
		media_hybrid_free(h);
		return (NULL);
	}

	return (h);
}

static int
part_send(struct media_hybrid *h, uint32_t number, uint64_t offset, const struct mp4_bytes *b, int last, struct media_error *error)
{
	if (b->failed)
		return (out_of_memory(error));
	if (h->sink->part(h->sink->ctx, h->rendition, number, offset, b->data, b->len, last) != 0)
		return (media_fail(error, MEDIA_SINK, "A part of the rendition could not be written."));

	return (MEDIA_OK);
}

/* Returns the bytes of ftyp, the header of mdat and the init segments. */
static uint64_t
fixed_bytes(const struct media_hybrid *h)
{
	struct mp4_bytes	b = { 0 };
	uint64_t		n;
	size_t			i;

	mp4_ftyp(&b);
	for (i = 0; i < h->ntracks; i++)
		mp4_init_segment(&b, &h->tracks[i], 0);
	n = b.len + MDAT_HEADER;
	mp4_free(&b);

	return (n);
}

/* Returns an upper bound of the runs of equal composition offsets. The first frame and the last group of a segment may change them, too. */
static uint64_t
runs_bound(const struct media_hybrid *h, uint64_t frames, uint64_t segments)
{
	return (h->group < 2 ? frames * h->group : frames / h->group * 2 + segments * 3);
}

/* Returns an upper bound of the bytes of moov for so many seconds. */
static uint64_t
bound(const struct media_hybrid *h, double seconds, int reordered)
{
	const struct mp4_track	*audio = &h->tracks[AUDIO];
	uint64_t		packets = h->ntracks > AUDIO ? (uint64_t)(seconds * audio->timescale / audio->tick) : 0,
				frames = (uint64_t)(seconds * h->fps), segments = (uint64_t)(seconds / MEDIA_GOP_SECONDS) + 1;

	return (mp4_moov_bound(frames, reordered ? runs_bound(h, frames, segments) : 0, packets, segments));
}

/* Returns the bytes to reserve at the front. */
static uint64_t
reserve(const struct media_hybrid *h)
{
	double			seconds = media_duration_expected(h->duration);
	uint64_t		moov = bound(h, seconds, 1), index;
	struct mp4_bytes	box = { 0 };

	mp4_index(&box, &h->tracks[VIDEO], 0, NULL, 0);
	index = box.len + ((uint64_t)(seconds / MEDIA_GOP_SECONDS) + 1) * MP4_INDEX_ENTRY;
	mp4_free(&box);

	return (fixed_bytes(h) + (moov < MOOV_MAX ? moov : MOOV_MAX) + BOX + index);
}

int
media_hybrid_full(const struct media_hybrid *h)
{
	const struct mp4_table	*video = &h->tables[VIDEO], *audio = &h->tables[AUDIO];
	double			rest = media_duration_expected(h->duration) - (double)video->nsizes / h->fps;
	uint64_t		now = mp4_moov_bound(video->nsizes, video->nruns, audio->nsizes, video->nchunks);

	return (now + (rest > 0 ? bound(h, rest, 0) : 0) > MOOV_MAX);
}

/* Ends the part being filled: keeps part 1 in memory, delivers any other. */
static int
part_close(struct media_hybrid *h, struct media_error *error)
{
	int	status = MEDIA_OK;

	if (h->number == 1) {
		h->first = h->part;
		memset(&h->part, 0, sizeof(h->part));
		h->front = reserve(h);
	} else {
		status = part_send(h, h->number, h->front + h->place - h->part.len, &h->part, 0, error);
		h->part.len = 0;
	}
	h->number++;

	return (status);
}

static int
samples_room(struct media_hybrid *h, int n)
{
	struct mp4_sample	*grown;

	if ((size_t)n <= h->samples_room)
		return (1);
	if ((grown = realloc(h->samples, (size_t)n * sizeof(*grown))) == NULL)
		return (0);
	h->samples = grown;
	h->samples_room = (size_t)n;

	return (1);
}

/*
 * Collects the samples of packets and their bytes. Sample n of a track is decoded
 * at n times its duration, so no packet may be missing. Returns 0 if one is.
 */
static int
samples_collect(struct media_hybrid *h, int track, AVPacket **packets, int n)
{
	const struct mp4_track	*t = &h->tracks[track];
	int64_t			first = (int64_t)h->tables[track].nsizes;
	size_t			size;
	int			i;

	h->data.len = 0;
	for (i = 0; i < n; i++) {
		size = (size_t)packets[i]->size;
		if (t->audio) {
			mp4_add(&h->data, packets[i]->data, size);
			if (packets[i]->pts != (first + i) * t->tick)
				return (0);
		} else {
			size = mp4_nal_units(&h->data, packets[i]->data, size);
			if (packets[i]->pts < first || packets[i]->pts >= first + n)
				return (0);
		}
		h->samples[i] = (struct mp4_sample){ .size = (uint32_t)size, .shown = t->audio ? 0 : (int32_t)(packets[i]->pts - first - i),
		    .sync = t->audio || (packets[i]->flags & AV_PKT_FLAG_KEY) };
	}

	return (1);
}

/* Appends the fragment of a track, within a free box if it is audio. */
static int
fragment_add(struct media_hybrid *h, int track, AVPacket **packets, int n, struct media_error *error)
{
	struct mp4_track		*t = &h->tracks[track];
	struct media_stream_segment	segment;
	size_t				start = h->part.len, moof;
	uint64_t			data;

	if (n == 0)
		return (MEDIA_OK);
	if (!samples_room(h, n))
		return (out_of_memory(error));
	if (!samples_collect(h, track, packets, n))
		return (media_fail(error, MEDIA_INTERNAL, "The encoder has left out a packet of the %s.", t->audio ? "audio" : "video"));
	if (t->audio)
		mp4_begin(&h->part, "free");
	moof = h->part.len;
	mp4_fragment(&h->part, t, ++h->sequence, h->tables[track].nsizes, h->samples, (size_t)n);
	data = h->part.len - start;
	mp4_add(&h->part, h->data.data, h->data.len);
	if (t->audio)
		mp4_end(&h->part, start);
	mp4_table_add(&h->tables[track], t, h->place + data, h->samples, (size_t)n);
	segment = (struct media_stream_segment){ .offset = h->place + moof - start, .size = (uint32_t)(h->part.len - moof),
	    .duration = (uint32_t)n * t->tick, .iframe = t->audio ? 0 : (uint32_t)data + h->samples[0].size };
	if (h->part.failed || h->data.failed || h->tables[track].failed || !media_stream_note(&h->streams[track], &segment))
		return (out_of_memory(error));
	h->place += h->part.len - start;

	return (MEDIA_OK);
}

int
media_hybrid_add(struct media_hybrid *h, AVPacket **video, int nvideo, AVPacket **audio, int naudio, struct media_error *error)
{
	const struct mp4_track	*t = &h->tracks[VIDEO];
	uint64_t		before = h->place;
	double			rate;
	int			status;

	if ((status = fragment_add(h, AUDIO, audio, naudio, error)) != MEDIA_OK || (status = fragment_add(h, VIDEO, video, nvideo, error)) != MEDIA_OK)
		return (status);
	rate = (double)(h->place - before) * 8 * t->timescale / ((double)nvideo * t->tick);
	if (rate > h->peak)
		h->peak = (uint32_t)rate;

	return (h->part.len >= PART_BYTES ? part_close(h, error) : MEDIA_OK);
}

/* Writes the index of the video, whose entries reach from one fragment of video to the next. */
static void
index_write(const struct media_hybrid *h, struct mp4_bytes *b)
{
	const struct media_stream	*s = &h->streams[VIDEO];
	struct mp4_reference		*list;
	uint64_t			end;
	size_t				i;

	if (s->nsegments > MP4_INDEX_MAX)
		return;
	if ((list = calloc(s->nsegments, sizeof(*list))) == NULL) {
		b->failed = 1;
		return;
	}
	for (i = 0; i < s->nsegments; i++) {
		end = i + 1 < s->nsegments ? s->segments[i + 1].offset : h->place;
		list[i].size = (uint32_t)(end - s->segments[i].offset);
		list[i].samples = s->segments[i].duration / h->tracks[VIDEO].tick;
	}
	mp4_index(b, &h->tracks[VIDEO], s->segments[0].offset, list, s->nsegments);
	free(list);
}

static void
moov_write(const struct media_hybrid *h, struct mp4_bytes *b)
{
	const struct mp4_track *const	tracks[] = { &h->tracks[VIDEO], &h->tracks[AUDIO] };
	const struct mp4_table *const	tables[] = { &h->tables[VIDEO], &h->tables[AUDIO] };

	b->len = 0;
	mp4_moov(b, tracks, tables, h->ntracks, h->front, h->front + h->place > UINT32_MAX);
}

/*
 * Decides the layout. A film that is over before part 1 is full has no reserve: its front is as
 * long as it needs to be. Returns the bytes of the free box, or -1 if moov does not fit in the reserve; then the free box takes the rest
 * of it, and the index is left out if it does not fit, either.
 */
static int64_t
layout(struct media_hybrid *h, struct mp4_bytes *moov, struct mp4_bytes *index)
{
	uint64_t	needed;

	index_write(h, index);
	moov_write(h, moov);
	needed = fixed_bytes(h) + moov->len + index->len;
	if (h->number == 1) {
		h->front = needed;
		moov_write(h, moov);
	}
	if (needed == h->front || needed + BOX <= h->front)
		return ((int64_t)(h->front - needed));
	if (needed - moov->len + BOX > h->front)
		index->len = 0;

	return (-1);
}

/* Writes all that stands before the first segment, and notes where in it the init segments and the index are. */
static void
front_write(struct media_hybrid *h, struct mp4_bytes *b, const struct mp4_bytes *moov, const struct mp4_bytes *index, int64_t unused)
{
	struct mp4_bytes	inits = { 0 };
	size_t			box, i;

	for (i = 0; i < h->ntracks; i++) {
		h->streams[i].init.offset = inits.len;
		mp4_init_segment(&inits, &h->tracks[i], h->tables[i].nsizes);
		h->streams[i].init.size = (uint32_t)(inits.len - h->streams[i].init.offset);
	}
	mp4_ftyp(b);
	if (unused >= 0)
		mp4_add(b, moov->data, moov->len);
	else
		unused = (int64_t)(h->front - b->len - MDAT_HEADER - inits.len - index->len);
	if (unused > 0) {
		box = mp4_begin(b, "free");
		mp4_zeros(b, (size_t)unused - BOX);
		mp4_end(b, box);
	}
	mp4_u32(b, 1);
	mp4_add(b, "mdat", 4);
	mp4_u64(b, MDAT_HEADER + inits.len + index->len + h->place);
	for (i = 0; i < h->ntracks; i++)
		h->streams[i].init.offset += b->len;
	mp4_add(b, inits.data, inits.len);
	if (index->len > 0)
		h->streams[VIDEO].index = (struct media_range){ b->len, (uint32_t)index->len };
	mp4_add(b, index->data, index->len);
	b->failed |= inits.failed | index->failed | moov->failed;
	mp4_free(&inits);
}

/* Fills what players need to know, and hands over the segments, whose offsets become those in the object. */
static void
result_fill(struct media_hybrid *h, struct media_rendition *out, uint64_t size)
{
	size_t	i;

	out->size = size;
	out->duration = (double)h->tables[VIDEO].nsizes / h->fps;
	out->peak = h->peak;
	out->average = (uint32_t)((double)h->place * 8 / out->duration);
	snprintf(out->codecs, sizeof(out->codecs), "%s%s%s", h->streams[VIDEO].codecs, h->ntracks > AUDIO ? "," : "", h->streams[AUDIO].codecs);
	for (i = 0; i < h->ntracks; i++)
		media_stream_end(&h->streams[i], h->front);
	out->video = h->streams[VIDEO];
	out->audio = h->streams[AUDIO];
	memset(h->streams, 0, sizeof(h->streams));
}

/* Delivers the last parts: what is left of the segments, with moov behind it if that is not in the front, and part 1. */
static int
rest_send(struct media_hybrid *h, struct mp4_bytes *front, const struct mp4_bytes *moov, struct media_error *error)
{
	uint64_t	offset = h->front + h->place - h->part.len;
	int		status = MEDIA_OK;

	if (moov != NULL)
		mp4_add(&h->part, moov->data, moov->len);
	if (h->number == 1)
		h->first = h->part;
	else if (h->part.len > 0)
		status = part_send(h, h->number, offset, &h->part, 0, error);
	if (h->number == 1)
		memset(&h->part, 0, sizeof(h->part));
	if (status != MEDIA_OK)
		return (status);
	mp4_add(front, h->first.data, h->first.len);

	return (part_send(h, 1, 0, front, 1, error));
}

int
media_hybrid_end(struct media_hybrid *h, struct media_rendition *out, struct media_error *error)
{
	struct mp4_bytes	moov = { 0 }, index = { 0 }, front = { 0 };
	int64_t			unused;
	int			status;

	if (h->streams[VIDEO].nsegments == 0)
		return (media_fail(error, MEDIA_NO_VIDEO_TRACK, "The video track is empty."));
	unused = layout(h, &moov, &index);
	front_write(h, &front, &moov, &index, unused);
	status = front.failed ? out_of_memory(error) : rest_send(h, &front, unused < 0 ? &moov : NULL, error);
	if (status == MEDIA_OK)
		result_fill(h, out, h->front + h->place + (unused < 0 ? moov.len : 0));
	mp4_free(&moov);
	mp4_free(&index);
	mp4_free(&front);

	return (status);
}

void
media_hybrid_free(struct media_hybrid *h)
{
	size_t	i;

	if (h == NULL)
		return;
	for (i = 0; i < TRACKS; i++) {
		mp4_free(&h->tracks[i].entry);
		mp4_table_free(&h->tables[i]);
		free(h->streams[i].segments);
	}
	free(h->samples);
	mp4_free(&h->data);
	mp4_free(&h->part);
	mp4_free(&h->first);
	free(h);
}
