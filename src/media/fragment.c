/*
 * Writer of a rendition's file (ISO/IEC 14496-12): ftyp, moov, free, the segment
 * index (sidx), then one moof and mdat for each GOP with video and audio.
 * FFmpeg's muxer writes ftyp, moov and the fragments. The index and the duration
 * are known only at the end, so part 1 stays in memory until then. Each byte is
 * delivered once; nothing is written to disk.
 */
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>

#include "media/internal.h"

#define PART_BYTES	(8u << 20)	/* minimum size of a part except the last */
#define INDEX_FIXED	40		/* bytes of a sidx without entries, version 1 */
#define INDEX_ENTRY	12
#define FREE_MIN	8		/* bytes of a free box without content */
#define MEHD_BYTES	20
#define INDEX_MIN	64		/* least number of entries in the reserve */
#define INDEX_UNKNOWN	(MEDIA_MAX_SECONDS / MEDIA_SEGMENT_SECONDS)

struct bytes {
	uint8_t	*data;
	size_t	len, size;
};

struct media_fragments {
	AVFormatContext			*mux;
	AVIOContext			*io;
	struct bytes			fresh;		/* output of the muxer that is not in a part yet */
	struct bytes			init;		/* ftyp and moov */
	struct bytes			part;		/* the part being filled */
	struct bytes			first;		/* part 1 without the reserved bytes at its beginning */
	size_t				reserved;	/* bytes before the first fragment, for ftyp, moov, free and sidx */
	size_t				entries_max;	/* sidx entries that fit the reserved bytes */
	uint64_t			offset;		/* of the next fragment in the object */
	uint32_t			number;		/* of the part being filled */
	AVRational			video_base, audio_base;
	const struct media_sink		*sink;
	int				rendition;
	struct media_segment		*segments;
	size_t				nsegments;
	int64_t				*starts;	/* start times of the segments and the end of the last, in video_base */
	int64_t				frame;		/* duration of a frame in video_base */
	char				codecs[40];
};

static int
bytes_add(struct bytes *b, const void *data, size_t len)
{
	uint8_t	*grown;
	size_t	size;

	if (len == 0)
		return (1);
	if (b->len + len > b->size) {
		size = (b->len + len) * 3 / 2 + 4096;
		if ((grown = realloc(b->data, size)) == NULL)
			return (0);
		b->data = grown;
		b->size = size;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;

	return (1);
}

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void
put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)(v >> 32));
	put32(p + 4, (uint32_t)v);
}

static uint32_t
get32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

static int
mux_write(void *arg, const uint8_t *data, int len)
{
	struct media_fragments	*f = arg;

	return (bytes_add(&f->fresh, data, (size_t)len) ? len : AVERROR(ENOMEM));
}

/* Builds the codecs parameter (RFC 6381) from the sequence parameter set of the encoder. */
static void
codecs_name(struct media_fragments *f, const AVCodecContext *video, const AVCodecContext *audio)
{
	const uint8_t	*x = video->extradata;
	int		i;

	for (i = 0; i + 7 < video->extradata_size; i++) {
		if (x[i] == 0 && x[i + 1] == 0 && x[i + 2] == 1 && (x[i + 3] & 31) == 7)
			break;
	}
	snprintf(f->codecs, sizeof(f->codecs), "avc1.%02x%02x%02x%s", x[i + 4], x[i + 5], x[i + 6], audio != NULL ? ",mp4a.40.2" : "");
}

static AVStream *
stream_add(struct media_fragments *f, const AVCodecContext *codec)
{
	AVStream	*s = avformat_new_stream(f->mux, NULL);

	if (s == NULL || avcodec_parameters_from_context(s->codecpar, codec) < 0)
		return (NULL);
	s->codecpar->codec_tag = 0;
	s->time_base = codec->time_base;
	if (codec->codec_type == AVMEDIA_TYPE_VIDEO)
		s->avg_frame_rate = codec->framerate;

	return (s);
}

static int
mux_open(struct media_fragments *f, const AVCodecContext *video, const AVCodecContext *audio)
{
	uint8_t		*buffer;
	AVStream	*v, *a = NULL;

	if (avformat_alloc_output_context2(&f->mux, NULL, "mp4", NULL) < 0 || (buffer = av_malloc(1 << 16)) == NULL)
		return (0);
	if ((f->io = avio_alloc_context(buffer, 1 << 16, 1, f, NULL, mux_write, NULL)) == NULL) {
		av_free(buffer);
		return (0);
	}
	f->mux->pb = f->io;
	f->mux->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
	f->mux->avoid_negative_ts = 0;
	if ((v = stream_add(f, video)) == NULL || (audio != NULL && (a = stream_add(f, audio)) == NULL))
		return (0);
	if (av_opt_set(f->mux->priv_data, "movflags", "frag_custom+empty_moov+default_base_moof+skip_trailer", 0) < 0 ||
	    av_opt_set_int(f->mux->priv_data, "video_track_timescale", video->time_base.den * (video->time_base.den < 1000 ? 512 : 1), 0) < 0 ||
	    av_opt_set_int(f->mux->priv_data, "use_editlist", 0, 0) < 0 ||
	    avformat_write_header(f->mux, NULL) < 0)
		return (0);
	avio_flush(f->io);
	f->video_base = v->time_base;
	f->frame = av_rescale_q(1, video->time_base, v->time_base);
	if (a != NULL)
		f->audio_base = a->time_base;

	return (1);
}

struct media_fragments *
media_fragments_new(const AVCodecContext *video, const AVCodecContext *audio, double duration, const struct media_sink *sink, int rendition)
{
	struct media_fragments	*f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		return (NULL);
	f->sink = sink;
	f->rendition = rendition;
	f->number = 1;
	if (!mux_open(f, video, audio)) {
		media_fragments_free(f);
		return (NULL);
	}
	codecs_name(f, video, audio);
	f->init = f->fresh;
	memset(&f->fresh, 0, sizeof(f->fresh));
	/* Reserve more entries than the header's duration needs: a film may be longer. A duration above the maximum is not believed. */
	f->entries_max = duration > 0 && duration < MEDIA_MAX_SECONDS ? (size_t)(duration / MEDIA_SEGMENT_SECONDS * 1.1) + INDEX_MIN : INDEX_UNKNOWN;
	f->reserved = f->init.len + MEHD_BYTES + FREE_MIN + INDEX_FIXED + f->entries_max * INDEX_ENTRY;
	f->offset = f->reserved;

	return (f);
}

static int
part_send(struct media_fragments *f, uint32_t number, uint64_t offset, const struct bytes *b, int last, struct media_error *error)
{
	if (f->sink->part(f->sink->ctx, f->rendition, number, offset, b->data, b->len, last) != 0)
		return (media_fail(error, MEDIA_SINK, "A part of the rendition could not be written."));

	return (MEDIA_OK);
}

/* Ends the part being filled: keeps part 1 in memory, delivers any other. */
static int
part_close(struct media_fragments *f, struct media_error *error)
{
	int	status = MEDIA_OK;

	if (f->number == 1) {
		f->first = f->part;
		memset(&f->part, 0, sizeof(f->part));
	} else {
		status = part_send(f, f->number, f->offset - f->part.len, &f->part, 0, error);
		f->part.len = 0;
	}
	f->number++;

	return (status);
}

static int
segment_note(struct media_fragments *f, int64_t start, int64_t end, uint32_t size)
{
	struct media_segment	*grown;
	int64_t			*starts;

	if ((f->nsegments & (f->nsegments - 1)) == 0) {
		if ((grown = realloc(f->segments, (f->nsegments * 2 + 1) * sizeof(*grown))) == NULL)
			return (0);
		f->segments = grown;
		if ((starts = realloc(f->starts, (f->nsegments * 2 + 2) * sizeof(*starts))) == NULL)
			return (0);
		f->starts = starts;
	}
	f->segments[f->nsegments].offset = f->offset;
	f->segments[f->nsegments].size = size;
	f->segments[f->nsegments].duration = (double)(end - start) * av_q2d(f->video_base);
	f->starts[f->nsegments] = start;
	f->starts[++f->nsegments] = end;

	return (1);
}

/*
 * Frame reordering makes the encoder decode each frame a few frames before it is
 * shown. This function moves the decoding times of a fragment's first frames to a
 * quarter of a frame after each other from the fragment's start on, and the last
 * one towards the end. So decoding and presentation of each fragment both begin at
 * `start`, its durations add up to `end`, and no composition offset is negative.
 * An edit list would do for the film's start, too, but players that append
 * fragments ignore it, and negative offsets shift the video in FFmpeg.
 */
static void
decoding_times(const struct media_fragments *f, AVPacket **p, int n, int64_t start, int64_t end)
{
	int64_t	least;
	int	i;

	for (i = 0; i < n; i++) {
		least = start + i * f->frame / 4;
		if (p[i]->dts < least && least <= p[i]->pts)
			p[i]->dts = least;
	}
	least = FFMIN(p[n - 1]->pts, end - f->frame);
	if (p[n - 1]->dts < least)
		p[n - 1]->dts = least;
	p[n - 1]->duration = end - p[n - 1]->dts;
}

static int
packets_write(struct media_fragments *f, AVPacket **packets, int n, int stream)
{
	int	i, status = 0;

	for (i = 0; i < n && status >= 0; i++) {
		packets[i]->stream_index = stream;
		status = av_write_frame(f->mux, packets[i]);
	}

	return (status);
}

/* Returns the first box of a type among the boxes from p to end, NULL if there is none. */
static uint8_t *
box_find(uint8_t *p, const uint8_t *end, const char *type)
{
	while (end - p >= 8 && get32(p) >= 8) {
		if (!memcmp(p + 4, type, 4))
			return (p);
		p += get32(p);
	}

	return (NULL);
}

int
media_fragments_add(struct media_fragments *f, AVPacket **video, int nvideo, AVPacket **audio, int naudio, int64_t start, int64_t end,
    struct media_error *error)
{
	int	i, status;

	f->fresh.len = 0;
	start = av_rescale_q(start, video[0]->time_base, f->video_base);
	end = av_rescale_q(end, video[0]->time_base, f->video_base);
	for (i = 0; i < nvideo; i++)
		av_packet_rescale_ts(video[i], video[i]->time_base, f->video_base);
	for (i = 0; i < naudio; i++)
		av_packet_rescale_ts(audio[i], audio[i]->time_base, f->audio_base);
	decoding_times(f, video, nvideo, start, end);
	if ((status = packets_write(f, video, nvideo, 0)) < 0 || (status = packets_write(f, audio, naudio, 1)) < 0 ||
	    (status = av_write_frame(f->mux, NULL)) < 0)
		return (media_fail(error, MEDIA_INTERNAL, "The MP4 fragment could not be written: %s.", av_err2str(status)));
	avio_flush(f->io);
	if (!segment_note(f, start, end, (uint32_t)f->fresh.len) ||
	    !bytes_add(&f->part, f->fresh.data, f->fresh.len))
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	f->offset += f->fresh.len;

	return (f->part.len + (f->number == 1 ? f->reserved : 0) >= PART_BYTES ? part_close(f, error) : MEDIA_OK);
}

/* Inserts a box into the init segment at `place`, which lies in the boxes `outer` and `inner`, and adds its size to both. */
static int
init_insert(struct media_fragments *f, uint8_t *outer, uint8_t *inner, const uint8_t *place, const uint8_t *box, size_t len)
{
	size_t	at = (size_t)(place - f->init.data);

	put32(outer, get32(outer) + (uint32_t)len);
	put32(inner, get32(inner) + (uint32_t)len);
	if (!bytes_add(&f->init, box, len))
		return (0);
	memmove(f->init.data + at + len, f->init.data + at, f->init.len - len - at);
	memcpy(f->init.data + at, box, len);

	return (1);
}

/* Inserts mehd, the duration of the fragments, as the first box of mvex (ISO/IEC 14496-12 §8.8.2). */
static int
init_duration(struct media_fragments *f, double duration)
{
	uint8_t	*moov, *mvex, *mvhd, mehd[MEHD_BYTES] = { 0 };

	if ((moov = box_find(f->init.data, f->init.data + f->init.len, "moov")) == NULL ||
	    (mvhd = box_find(moov + 8, moov + get32(moov), "mvhd")) == NULL ||
	    (mvex = box_find(moov + 8, moov + get32(moov), "mvex")) == NULL)
		return (0);
	put32(mehd, MEHD_BYTES);
	memcpy(mehd + 4, "mehd", 4);
	mehd[8] = 1;
	put64(mehd + 12, (uint64_t)(duration * get32(mvhd + 20)));

	return (init_insert(f, moov, mvex, mvex + 8, mehd, sizeof(mehd)));
}

/* Returns how many consecutive segments share one index entry. It is 1 unless there are more segments than reserved entries. */
static size_t
index_merge(const struct media_fragments *f)
{
	return ((f->nsegments + f->entries_max - 1) / f->entries_max);
}

static size_t
index_entries(const struct media_fragments *f)
{
	return ((f->nsegments + index_merge(f) - 1) / index_merge(f));
}

static void
index_write(const struct media_fragments *f, uint8_t *box, size_t len)
{
	size_t	merge = index_merge(f), entries = index_entries(f), i, k, to;
	uint8_t	*p = box + INDEX_FIXED;

	put32(box, (uint32_t)len);
	memcpy(box + 4, "sidx", 4);
	box[8] = 1;
	put32(box + 12, 1);					/* the video track */
	put32(box + 16, (uint32_t)f->video_base.den);
	put64(box + 20, 0);					/* earliest_presentation_time */
	put64(box + 28, 0);					/* first_offset: the first moof follows */
	box[38] = (uint8_t)(entries >> 8);
	box[39] = (uint8_t)entries;
	for (i = 0; i < entries; i++, p += INDEX_ENTRY) {
		to = (i + 1) * merge < f->nsegments ? (i + 1) * merge : f->nsegments;
		for (k = i * merge; k < to; k++)
			put32(p, get32(p) + f->segments[k].size);
		put32(p + 4, (uint32_t)(f->starts[to] - f->starts[i * merge]));
		p[8] = 0x90;					/* begins with a closed GOP */
	}
}

/*
 * Appends the free box and the index (§8.16.3), which together fill the rest of
 * the reserved bytes. The free box comes first because first_offset has to be 0:
 * Chromium ignores an index with any other value and reads the whole film before
 * it shows the first frame.
 */
static int
index_add(const struct media_fragments *f, struct bytes *out, size_t len)
{
	size_t	unused = f->reserved - f->init.len - len;
	uint8_t	*boxes;
	int	ok;

	if ((boxes = calloc(1, unused + len)) == NULL)
		return (0);
	put32(boxes, (uint32_t)unused);
	memcpy(boxes + 4, "free", 4);
	index_write(f, boxes + unused, len);
	ok = bytes_add(out, boxes, unused + len);
	free(boxes);

	return (ok);
}

static void
rates_fill(struct media_rendition *out)
{
	uint64_t	bytes = 0;
	double		rate;
	size_t		i;

	for (i = 0; i < out->nsegments; i++) {
		bytes += out->segments[i].size;
		rate = out->segments[i].duration > 0 ? out->segments[i].size * 8 / out->segments[i].duration : 0;
		if (rate > out->peak)
			out->peak = (uint32_t)rate;
	}
	out->average = out->duration > 0 ? (uint32_t)((double)bytes * 8 / out->duration) : 0;
}

static int
first_send(struct media_fragments *f, struct media_rendition *out, struct media_error *error)
{
	struct bytes	whole = { 0 };
	size_t		index = INDEX_FIXED + index_entries(f) * INDEX_ENTRY;
	int		status;

	if (!init_duration(f, out->duration) || !bytes_add(&whole, f->init.data, f->init.len) ||
	    !index_add(f, &whole, index) || !bytes_add(&whole, f->first.data, f->first.len)) {
		free(whole.data);
		return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
	}
	status = part_send(f, 1, 0, &whole, 1, error);
	out->init_size = (uint32_t)f->init.len;
	out->index_offset = f->reserved - index;
	out->index_size = (uint32_t)index;
	free(whole.data);

	return (status);
}

int
media_fragments_end(struct media_fragments *f, struct media_rendition *out, struct media_error *error)
{
	int	status = MEDIA_OK;

	if (f->nsegments == 0)
		return (media_fail(error, MEDIA_NO_VIDEO_TRACK, "The video track is empty."));
	if (f->number == 1) {
		f->first = f->part;
		memset(&f->part, 0, sizeof(f->part));
	} else if (f->part.len > 0) {
		status = part_send(f, f->number, f->offset - f->part.len, &f->part, 0, error);
	}
	out->duration = (double)f->starts[f->nsegments] * av_q2d(f->video_base);
	out->size = f->offset;
	if (status != MEDIA_OK || (status = first_send(f, out, error)) != MEDIA_OK)
		return (status);
	out->segments = f->segments;
	out->nsegments = f->nsegments;
	f->segments = NULL;
	memcpy(out->codecs, f->codecs, sizeof(out->codecs));
	rates_fill(out);

	return (MEDIA_OK);
}

void
media_fragments_free(struct media_fragments *f)
{
	if (f == NULL)
		return;
	avformat_free_context(f->mux);
	if (f->io != NULL)
		av_freep(&f->io->buffer);
	avio_context_free(&f->io);
	free(f->fresh.data);
	free(f->init.data);
	free(f->part.data);
	free(f->first.data);
	free(f->segments);
	free(f->starts);
	free(f);
}
