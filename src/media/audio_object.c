/*
 * Audio objects: the sound alone, for players of HLS and DASH, which then fetch no
 * video for it. An object is a CMAF track file,
 *
 *	ftyp, moov, sidx, free, then moof and mdat for each segment,
 *
 * in segments that begin where those of the video do. The index is known only at the
 * end. Therefore part 1 stays in memory until then, with a reserve for the index. If the
 * film outgrows the reserve, the index is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"
#include "media/mp4.h"

#define PART_BYTES	MEDIA_PART_MIN
#define BOX		8	/* bytes of a box without content */
#define BITRATE		128000
#define BITRATE_LOW	64000
#define BITRATE_SURROUND	384000
#define STEREO		2	/* channels */
#define SURROUND	6	/* of 5.1 */

static const char *const	purposes[MEDIA_PURPOSES] = { "main", "description", "commentary", "clear" };

struct media_audio_writer {
	const struct media_info		*info;
	const struct media_sink		*sink;
	int				object;		/* number for the sink */
	struct mp4_track		track;
	struct media_stream		stream;
	struct mp4_sample		*samples;	/* waiting for the end of their segment */
	size_t				nsamples, samples_room;
	struct mp4_bytes		data;		/* bytes of these samples */
	uint64_t			written;	/* samples before them */
	int64_t				segment;	/* number of their segment */
	struct mp4_bytes		part, first;	/* the part being filled; part 1 without its front */
	uint32_t			number;		/* of the part being filled */
	uint64_t			front;		/* bytes before the first segment, decided when part 1 is full */
	uint64_t			place;		/* of the next segment, counted from the first */
};

int
media_audio_bitrate(const struct media_options *o, int encoder)
{
	if (encoder > 0)
		return (BITRATE_LOW);

	return (o != NULL && o->audio_bitrate > 0 ? o->audio_bitrate : BITRATE);
}

const char *
media_purpose_name(enum media_purpose purpose)
{
	return (purposes[purpose]);
}

enum media_purpose
media_purpose_parse(const char *name)
{
	int	i;

	for (i = MEDIA_PURPOSES - 1; i > 0 && strcmp(purposes[i], name) != 0; i--)
		;

	return ((enum media_purpose)i);
}

static void
object_fill(const struct media *m, int track, int channels, int bitrate, int number, struct media_audio_object *o)
{
	const struct media_track	*t = &m->tracks[track];

	o->track = 1 + track;
	o->object = number;
	o->channels = channels;
	o->bitrate = bitrate;
	o->purpose = t->purpose;
	memcpy(o->language, t->language, sizeof(o->language));
	memcpy(o->label, t->label, sizeof(o->label));
}

int
media_audio_objects(const struct media *m, const struct media_options *options, struct media_audio_object out[MEDIA_AUDIOS_MAX])
{
	int	track, i, n = 0;

	memset(out, 0, sizeof(*out) * MEDIA_AUDIOS_MAX);
	for (track = 0; track < m->ntracks; track++) {
		for (i = 0; i < MEDIA_AUDIO_ENCODERS; i++, n++)
			object_fill(m, track, STEREO, media_audio_bitrate(options, i), n, &out[n]);
		if (m->tracks[track].surround) {
			object_fill(m, track, SURROUND, BITRATE_SURROUND, n, &out[n]);
			n++;
		}
	}

	return (n);
}

void
media_audio_name(const struct media_audio_object *o, char out[MEDIA_AUDIO_NAME_MAX])
{
	if (o->channels > STEREO)
		snprintf(out, MEDIA_AUDIO_NAME_MAX, "audio-%d-surround", o->track);
	else
		snprintf(out, MEDIA_AUDIO_NAME_MAX, "audio-%d-%d", o->track, o->bitrate / 1000);
}

struct media_audio_writer *
media_audio_writer_new(const AVCodecContext *codec, const struct media_info *info, const struct media_sink *sink, int object)
{
	struct media_audio_writer	*w = calloc(1, sizeof(*w));

	if (w == NULL)
		return (NULL);
	w->info = info;
	w->sink = sink;
	w->object = object;
	w->number = 1;
	media_audio_track(&w->track, &w->stream, codec, 1);
	if (w->track.entry.failed) {
		media_audio_writer_free(w);
		return (NULL);
	}

	return (w);
}

static int
out_of_memory(struct media_error *error)
{
	return (media_fail(error, MEDIA_MEMORY, "Out of memory."));
}

static int
part_send(struct media_audio_writer *w, uint32_t number, uint64_t offset, const struct mp4_bytes *b, int last, struct media_error *error)
{
	if (b->failed)
		return (out_of_memory(error));
	if (w->sink->part(w->sink->ctx, w->object, number, offset, b->data, b->len, last) != 0)
		return (media_fail(error, MEDIA_SINK, "A part of the audio could not be written."));

	return (MEDIA_OK);
}

/* Writes the index. Its entries are the segments; the first one begins `unused` bytes behind it. */
static void
index_write(const struct media_audio_writer *w, uint64_t unused, struct mp4_bytes *b)
{
	struct mp4_reference	*list = calloc(w->stream.nsegments + 1, sizeof(*list));
	size_t			i;

	b->len = 0;
	b->failed |= list == NULL;
	for (i = 0; list != NULL && i < w->stream.nsegments; i++)
		list[i] = (struct mp4_reference){ w->stream.segments[i].size, w->stream.segments[i].duration / w->track.tick };
	if (list != NULL && w->stream.nsegments <= MP4_INDEX_MAX)
		mp4_index(b, &w->track, unused, list, w->stream.nsegments);
	free(list);
}

/* Returns the bytes to reserve at the front: what the film needs by the duration in its header. */
static uint64_t
reserve(const struct media_audio_writer *w)
{
	struct mp4_bytes	b = { 0 };
	uint64_t		n;

	mp4_init_segment(&b, &w->track, 0);
	mp4_index(&b, &w->track, 0, NULL, 0);
	n = b.len + BOX + ((uint64_t)(media_duration_expected(w->info->duration) / MEDIA_GOP_SECONDS) + 1) * MP4_INDEX_ENTRY;
	mp4_free(&b);

	return (n);
}

/* Ends the part being filled: keeps part 1 in memory, delivers any other. */
static int
part_close(struct media_audio_writer *w, struct media_error *error)
{
	int	status = MEDIA_OK;

	if (w->number == 1) {
		w->first = w->part;
		memset(&w->part, 0, sizeof(w->part));
		w->front = reserve(w);
	} else {
		status = part_send(w, w->number, w->front + w->place - w->part.len, &w->part, 0, error);
		w->part.len = 0;
	}
	w->number++;

	return (status);
}

/* Writes a segment of the first n samples that wait. */
static int
segment_write(struct media_audio_writer *w, size_t n, struct media_error *error)
{
	size_t				start = w->part.len, bytes = 0, i;
	struct media_stream_segment	segment;

	if (n == 0)
		return (MEDIA_OK);
	for (i = 0; i < n; i++)
		bytes += w->samples[i].size;
	mp4_fragment(&w->part, &w->track, (uint32_t)w->stream.nsegments + 1, w->written, w->samples, n);
	mp4_add(&w->part, w->data.data, bytes);
	if (w->part.failed)
		return (out_of_memory(error));
	segment = (struct media_stream_segment){ .offset = w->place, .size = (uint32_t)(w->part.len - start), .duration = (uint32_t)n * w->track.tick };
	if (!media_stream_note(&w->stream, &segment))
		return (out_of_memory(error));
	memmove(w->data.data, w->data.data + bytes, w->data.len - bytes);
	memmove(w->samples, w->samples + n, (w->nsamples - n) * sizeof(*w->samples));
	w->data.len -= bytes;
	w->nsamples -= n;
	w->written += n;
	w->place += segment.size;

	return (w->part.len >= PART_BYTES ? part_close(w, error) : MEDIA_OK);
}

/* Returns the end of the current segment in the time of the track. */
static int64_t
segment_end(const struct media_audio_writer *w)
{
	return (av_rescale_q(media_grid_frame(w->info, w->segment + 1), (AVRational){ w->info->fps_den, w->info->fps_num },
	    (AVRational){ 1, (int)w->track.timescale }));
}

/* Writes the current segment: the samples that begin before its end. */
static int
segment_close(struct media_audio_writer *w, struct media_error *error)
{
	int64_t	n = (segment_end(w) + w->track.tick - 1) / w->track.tick - (int64_t)w->written;

	w->segment++;

	return (n > 0 ? segment_write(w, FFMIN((size_t)n, w->nsamples), error) : MEDIA_OK);
}

int
media_audio_writer_add(struct media_audio_writer *w, const AVPacket *packet, struct media_error *error)
{
	struct mp4_sample	*grown;
	int64_t			end = (int64_t)(w->written + w->nsamples) * w->track.tick;
	int			status = MEDIA_OK;

	if (packet->pts != end)
		return (media_fail(error, MEDIA_INTERNAL, "The encoder has left out a packet of the audio."));
	if (w->nsamples == w->samples_room) {
		if ((grown = realloc(w->samples, (w->samples_room * 2 + 256) * sizeof(*grown))) == NULL)
			return (out_of_memory(error));
		w->samples = grown;
		w->samples_room = w->samples_room * 2 + 256;
	}
	w->samples[w->nsamples++] = (struct mp4_sample){ .size = (uint32_t)packet->size, .sync = 1 };
	mp4_add(&w->data, packet->data, (size_t)packet->size);
	if (w->data.failed)
		return (out_of_memory(error));
	/* The video may end half a second before the sound, and the rest behind a segment may be too short for one of its own. */
	while (status == MEDIA_OK && end + w->track.tick >= segment_end(w) + 2 * (int64_t)w->track.timescale)
		status = segment_close(w, error);

	return (status);
}

/*
 * Writes what stands before the first segment. A film that is over before part 1 is full has no reserve: its front is as long as it needs to be.
 */
static void
front_write(struct media_audio_writer *w, struct mp4_bytes *b)
{
	struct mp4_bytes	index = { 0 };
	uint64_t		unused;
	size_t			box;

	mp4_init_segment(b, &w->track, w->written);
	w->stream.init = (struct media_range){ 0, (uint32_t)b->len };
	index_write(w, 0, &index);
	if (w->number == 1)
		w->front = b->len + index.len;
	if (b->len + index.len != w->front && b->len + index.len + BOX > w->front)
		index.len = 0;
	unused = w->front - b->len - index.len;
	if (index.len > 0) {
		index_write(w, unused, &index);
		w->stream.index = (struct media_range){ b->len, (uint32_t)index.len };
	}
	mp4_add(b, index.data, index.len);
	if (unused > 0) {
		box = mp4_begin(b, "free");
		mp4_zeros(b, (size_t)unused - BOX);
		mp4_end(b, box);
	}
	b->failed |= index.failed;
	mp4_free(&index);
}

/* Delivers the last parts, part 1 last. */
static int
rest_send(struct media_audio_writer *w, struct media_error *error)
{
	struct mp4_bytes	front = { 0 };
	int			status = MEDIA_OK;

	front_write(w, &front);
	if (w->number > 1 && w->part.len > 0)
		status = part_send(w, w->number, w->front + w->place - w->part.len, &w->part, 0, error);
	if (w->number > 1)
		mp4_add(&front, w->first.data, w->first.len);
	else
		mp4_add(&front, w->part.data, w->part.len);
	if (status == MEDIA_OK)
		status = part_send(w, 1, 0, &front, 1, error);
	mp4_free(&front);

	return (status);
}

int
media_audio_writer_end(struct media_audio_writer *w, int64_t frames, struct media_audio_object *out, struct media_error *error)
{
	int	status = MEDIA_OK;

	while (status == MEDIA_OK && frames - media_grid_frame(w->info, w->segment + 1) >= media_grid_last(w->info))
		status = segment_close(w, error);
	if (status != MEDIA_OK || (status = segment_write(w, w->nsamples, error)) != MEDIA_OK)
		return (status);
	if (w->stream.nsegments == 0)
		return (media_fail(error, MEDIA_INTERNAL, "The audio has no packets."));
	if ((status = rest_send(w, error)) != MEDIA_OK)
		return (status);
	media_stream_end(&w->stream, w->front);
	out->size = w->front + w->place;
	out->stream = w->stream;
	memset(&w->stream, 0, sizeof(w->stream));

	return (MEDIA_OK);
}

void
media_audio_writer_free(struct media_audio_writer *w)
{
	if (w == NULL)
		return;
	mp4_free(&w->track.entry);
	free(w->stream.segments);
	free(w->samples);
	mp4_free(&w->data);
	mp4_free(&w->part);
	mp4_free(&w->first);
	free(w);
}
