/*
 * The sound of a film: decodes its tracks, makes their frames uniform and puts
 * them on the time line (audio_line.c). Nothing that a decoder reports ends a film:
 * what cannot be decoded becomes silence, and a note tells.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>

#include "media/internal.h"

#define LAG		(10 * MEDIA_AUDIO_RATE)	/* sound this far behind the picture does not come any more: silence is encoded */
#define WINDOW_MAX	(60 * MEDIA_AUDIO_RATE)	/* samples of one track that wait for another track */
#define JOIN		(MEDIA_AUDIO_RATE / 100)	/* a difference of time stamps that is no gap */
#define MIX_MAX		1000			/* gain up to which the mixer does not lower all channels */
#define JUMP_SECONDS	1			/* a larger gap is not left to the resampler, which would keep it in memory */
#define CHANNELS_MAX	64
#define LOUDEST		65536			/* 96 dB above full scale: not sound but damage */

/* A track of the source: its decoder and the filters that make its frames uniform. */
struct voice {
	const struct media_sound	*from;
	int				stream;		/* -1 until it appears */
	AVCodecContext			*decoder;
	AVFilterGraph			*graph;
	AVFilterContext			*in, *out;
	int				format, rate;	/* of the decoded frames that the graph is made for */
	AVChannelLayout			layout;
	AVChannelLayout			mapped;		/* of the frames that the graph accepts */
	int				map[CHANNELS_MAX];	/* their channels, as numbers of decoded channels */
	float				gains[MEDIA_CHANNELS_MAX];	/* of the channels that the graph makes */
	int				reduced;	/* the mixer cannot place the channels: it gets the first two */
	int64_t				next;		/* time stamp of the next frame if there is no gap */
	int64_t				end;		/* position behind the last sample */
	int64_t				packets, errors, frames;
};

struct media_audio {
	struct media		*m;
	struct media_error	*error;
	struct media_line	*line;
	int			channels;	/* 2, or 6 for 5.1 */
	struct media_audio	*wide;		/* 5.1 of the same track, which gets the frames that this one decodes; NULL: none */
	const struct media_audio	*leader;	/* the sound of the first track; NULL: this one is */
	char			name[96];	/* for notes: at the beginning of a sentence, */
	char			of[96];		/* and in it */
	struct voice		voices[MEDIA_SOUNDS_MAX];
	int			nvoices;
	int			allow_silent;
	int64_t			invalid;	/* samples that are no numbers */
	int64_t			late;		/* samples that came when their place was encoded already, */
	int64_t			early;		/* and those too far ahead of the film to be kept */
	int64_t			limit;		/* samples of the film to which a file with sound alone is fitted; 0: none */
	int64_t			reach;		/* end of the sound that has come */
};

static AVRational
time_base(const struct media_audio *a, const struct voice *v)
{
	return (a->m->format->streams[v->stream]->time_base);
}

struct media_audio *
media_audio_new(struct media *m, int track, int allow_silent, const struct media_audio *leader, struct media_audio *stereo,
    int (*frame)(void *, const AVFrame *), void *ctx, struct media_error *error)
{
	const struct media_track	*t = &m->tracks[track];
	struct media_audio		*a;
	int				i;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (NULL);
	a->m = m;
	a->error = error;
	a->leader = leader;
	a->channels = stereo != NULL ? MEDIA_CHANNELS_MAX : 2;
	if (leader == NULL)
		snprintf(a->name, sizeof(a->name), "The sound");
	else
		snprintf(a->name, sizeof(a->name), "Audio track %d (%s)", t->number, t->language);
	snprintf(a->of, sizeof(a->of), "%c%s", tolower((unsigned char)a->name[0]), a->name + 1);
	a->limit = av_rescale(m->fit_frames, (int64_t)MEDIA_AUDIO_RATE * m->info.fps_den, m->info.fps_num);
	a->nvoices = t->nsounds;
	a->allow_silent = allow_silent;
	for (i = 0; i < a->nvoices; i++) {
		a->voices[i].from = &t->sounds[i];
		a->voices[i].stream = t->sounds[i].stream;
		a->voices[i].next = AV_NOPTS_VALUE;
		memcpy(a->voices[i].gains, stereo != NULL ? t->sounds[i].wide : t->sounds[i].stereo, (size_t)a->channels * sizeof(float));
	}
	if ((a->line = media_line_new(a->channels, frame, ctx, error)) == NULL) {
		free(a);
		return (NULL);
	}
	if (stereo != NULL)
		stereo->wide = a;

	return (a);
}

static int
decoder_open(const struct media_audio *a, struct voice *v)
{
	const AVStream	*s = a->m->format->streams[v->stream];
	const AVCodec	*codec = avcodec_find_decoder(s->codecpar->codec_id);

	if (codec == NULL || (v->decoder = avcodec_alloc_context3(codec)) == NULL)
		return (0);
	v->decoder->pkt_timebase = s->time_base;
	v->decoder->thread_count = 1;
	if (avcodec_parameters_to_context(v->decoder, s->codecpar) >= 0 && avcodec_open2(v->decoder, codec, NULL) >= 0)
		return (1);
	avcodec_free_context(&v->decoder);

	return (0);
}

/* Takes the first two channels, or the only one, whatever they are. */
static void
map_first(struct voice *v)
{
	av_channel_layout_uninit(&v->mapped);
	av_channel_layout_default(&v->mapped, v->layout.nb_channels > 1 ? 2 : 1);
	v->map[0] = 0;
	v->map[1] = 1;
	v->reduced = v->layout.nb_channels > 2;
}

/* Sorts channels of a custom order as FFmpeg's mixer wants them and drops those without a place. Returns 0 if fewer than two are left. */
static int
map_custom(struct voice *v)
{
	uint64_t	mask = 0;
	int		place, i, n = 0;

	for (place = 0; place < CHANNELS_MAX; place++) {
		if ((i = av_channel_layout_index_from_channel(&v->layout, (enum AVChannel)place)) < 0 || i >= v->layout.nb_channels)
			continue;
		mask |= UINT64_C(1) << place;
		v->map[n++] = i;
	}
	av_channel_layout_uninit(&v->mapped);

	return (n >= 2 && av_channel_layout_from_mask(&v->mapped, mask) >= 0);
}

/* Chooses the channels that the mixer gets. Without a stated layout it is the default layout for the number of channels. */
static void
map_choose(struct voice *v)
{
	int	i, n = v->layout.nb_channels;

	v->reduced = 0;
	for (i = 0; i < CHANNELS_MAX; i++)
		v->map[i] = i;
	av_channel_layout_uninit(&v->mapped);
	av_channel_layout_default(&v->mapped, n);
	if (n == 1 || (v->layout.order == AV_CHANNEL_ORDER_UNSPEC && v->mapped.order == AV_CHANNEL_ORDER_NATIVE))
		return;
	if (v->layout.order == AV_CHANNEL_ORDER_NATIVE && n <= CHANNELS_MAX)
		(void)av_channel_layout_copy(&v->mapped, &v->layout);
	else if (v->layout.order != AV_CHANNEL_ORDER_CUSTOM || !map_custom(v))
		map_first(v);
}

static int
graph_make(const struct media_audio *a, struct voice *v)
{
	AVRational	base = time_base(a, v);
	char		text[512];

	snprintf(text, sizeof(text), "abuffer=time_base=%d/%d:sample_rate=%d:sample_fmt=%d:channel_layout=0x%llx,"
	    "aresample=%d:async=1000,aformat=sample_fmts=fltp:sample_rates=%d:channel_layouts=%s,abuffersink",
	    base.num, base.den, v->rate, v->format, (unsigned long long)v->mapped.u.mask, MEDIA_AUDIO_RATE, MEDIA_AUDIO_RATE,
	    v->from->mono ? "mono" : a->channels > 2 ? "5.1" : "stereo");

	return (media_graph_parse(&v->graph, &v->in, &v->out, text));
}

/*
 * Lowers those channels of 5.1 which the mixer adds up from several, so that the sum cannot clip: of 7.1 those behind the listener, not those in
 * front. Others keep their level.
 */
static void
gains_lower(struct voice *v)
{
	static const AVChannelLayout	surround = AV_CHANNEL_LAYOUT_5POINT1_BACK;
	double				matrix[MEDIA_CHANNELS_MAX * CHANNELS_MAX] = { 0 }, sum;
	int				known, c, i;

	known = swr_build_matrix2(&v->mapped, &surround, M_SQRT1_2, M_SQRT1_2, 0, MIX_MAX, 1, matrix, CHANNELS_MAX, AV_MATRIX_ENCODING_NONE, NULL) >= 0;
	for (c = 0; c < MEDIA_CHANNELS_MAX; c++) {
		sum = 0;
		for (i = 0; i < v->mapped.nb_channels && known; i++)
			sum += fabs(matrix[c * CHANNELS_MAX + i]);
		v->gains[c] = (float)(1 / fmax(sum, 1));
	}
}

/* Makes the graph for frames like this one. Returns 0 if they cannot be converted. */
static int
graph_renew(const struct media_audio *a, struct voice *v, const AVFrame *f)
{
	char	layout[64];

	av_channel_layout_uninit(&v->layout);
	if (av_channel_layout_copy(&v->layout, &f->ch_layout) < 0)
		return (0);
	v->format = f->format;
	v->rate = f->sample_rate;
	map_choose(v);
	if (!graph_make(a, v)) {
		map_first(v);
		if (!graph_make(a, v))
			return (0);
	}
	if (a->channels > 2 && !v->from->mono)
		gains_lower(v);
	else if (a->channels == 2 && v->reduced) {
		if (av_channel_layout_describe(&v->layout, layout, sizeof(layout)) < 0)
			layout[0] = '\0';
		media_note(a->m, "%s has %d channels in an arrangement that cannot be mixed to stereo (%s); its first two channels are used.",
		    a->name, v->layout.nb_channels, layout);
	}

	return (1);
}

/* Returns the frame with the channels of the map, which takes over `f`; NULL if out of memory. */
static AVFrame *
frame_map(const struct voice *v, AVFrame *f)
{
	AVFrame	*to = av_frame_alloc();
	size_t	bytes = (size_t)av_get_bytes_per_sample(f->format);
	int	planar = av_sample_fmt_is_planar(f->format), n = v->mapped.nb_channels, from = f->ch_layout.nb_channels, c, i;

	if (to == NULL || av_frame_copy_props(to, f) < 0)
		goto out;
	to->format = f->format;
	to->nb_samples = f->nb_samples;
	to->sample_rate = f->sample_rate;
	if (av_channel_layout_copy(&to->ch_layout, &v->mapped) < 0 || av_frame_get_buffer(to, 0) < 0)
		goto out;
	for (c = 0; c < n; c++) {
		if (planar)
			memcpy(to->extended_data[c], f->extended_data[v->map[c]], bytes * (size_t)f->nb_samples);
		for (i = 0; i < f->nb_samples && !planar; i++)
			memcpy(to->extended_data[0] + (size_t)(i * n + c) * bytes, f->extended_data[0] + (size_t)(i * from + v->map[c]) * bytes, bytes);
	}
	av_frame_free(&f);

	return (to);
out:
	av_frame_free(&to);
	av_frame_free(&f);

	return (NULL);
}

/* Gives the frame the channels that the graph accepts. Returns it or a new frame in its place; NULL if out of memory. */
static AVFrame *
frame_fit(const struct voice *v, AVFrame *f)
{
	int	c;

	for (c = 0; c < v->mapped.nb_channels && v->map[c] == c; c++)
		;
	if (c < v->mapped.nb_channels || v->mapped.nb_channels != f->ch_layout.nb_channels)
		return (frame_map(v, f));
	av_channel_layout_uninit(&f->ch_layout);
	if (av_channel_layout_copy(&f->ch_layout, &v->mapped) < 0)
		av_frame_free(&f);

	return (f);
}

static int
valid_float(float x)
{
	return (fabsf(x) < LOUDEST);	/* not true of NaN */
}

static int
valid_double(double x)
{
	return (fabs(x) < LOUDEST);
}

/* Replaces samples that are no numbers, or far from full scale, by silence. Returns how many. */
static int64_t
plane_mend(uint8_t *data, size_t n, int wide)
{
	float	*f = (float *)(void *)data;
	double	*d = (double *)(void *)data;
	int64_t	bad = 0;
	size_t	i;

	for (i = 0; i < n; i++) {
		if (wide && !valid_double(d[i])) {
			d[i] = 0;
			bad++;
		} else if (!wide && !valid_float(f[i])) {
			f[i] = 0;
			bad++;
		}
	}

	return (bad);
}

/* Replaces invalid samples of a frame, before the resampler spreads them to their neighbours. Returns 0 if out of memory. */
static int
frame_mend(struct media_audio *a, AVFrame *f)
{
	enum AVSampleFormat	kind = av_get_packed_sample_fmt(f->format);
	int			planar = av_sample_fmt_is_planar(f->format), channels = f->ch_layout.nb_channels, c;
	size_t			n = (size_t)f->nb_samples * (planar ? 1 : (size_t)channels);

	if (kind != AV_SAMPLE_FMT_FLT && kind != AV_SAMPLE_FMT_DBL)
		return (1);
	if (av_frame_make_writable(f) < 0)
		return (0);
	for (c = 0; c < (planar ? channels : 1); c++)
		a->invalid += plane_mend(f->extended_data[c], n, kind == AV_SAMPLE_FMT_DBL);

	return (1);
}

/* Returns the position up to which all tracks are complete. */
static int64_t
voices_end(const struct media_audio *a)
{
	int64_t	end = a->voices[0].end;
	int	i;

	for (i = 1; i < a->nvoices; i++) {
		if (a->voices[i].end < end)
			end = a->voices[i].end;
	}

	return (end);
}

/* Returns the position up to which samples can be encoded. */
static int64_t
encodable(const struct media_audio *a)
{
	int64_t	end = voices_end(a);

	if (a->limit > 0)
		end = FFMIN(end, a->limit);

	return (a->leader != NULL ? FFMIN(end, media_line_base(a->leader->line)) : end);
}

/*
 * Makes room on the time line for samples up to `end`: encodes what is complete, and what has waited for too long. Sets *base to the first
 * position that is left.
 */
static int
line_advance(struct media_audio *a, int64_t end, int64_t *base)
{
	int	status = media_line_pass(a->line, encodable(a));

	if (status == MEDIA_OK && a->leader == NULL)
		status = media_line_pass(a->line, end - WINDOW_MAX);
	*base = media_line_base(a->line);

	return (status);
}

/* Puts a converted frame on the time line. What overlaps with sound of the same track, has been encoded already or is behind the limit, is dropped. */
static int
voice_write(struct media_audio *a, struct voice *v, const AVFrame *f)
{
	const float	*samples[MEDIA_CHANNELS_MAX];
	int64_t		position = f->pts == AV_NOPTS_VALUE || llabs(f->pts - v->end) <= JOIN ? v->end : f->pts, skip = 0, n = f->nb_samples, base;
	int		c, status;

	a->reach = FFMAX(a->reach, position + n);
	if (a->limit > 0 && (n = FFMIN(n, a->limit - position)) <= 0)
		return (MEDIA_OK);

	/* The first track ends the film, so that its sound may go on; the clock has made its times plausible, but not those of the others. */
	if (a->leader != NULL && position + n - media_line_base(a->leader->line) > WINDOW_MAX) {
		a->early += n;
		return (MEDIA_OK);
	}
	if (position > v->end)
		v->end = position;
	else
		skip = v->end - position;
	if ((status = line_advance(a, position + n, &base)) != MEDIA_OK)
		return (status);
	if (position + skip < base) {
		a->late += FFMAX(FFMIN(base, position + n) - FFMAX(position + skip, 0), 0);
		skip = base - position;
	}
	if (skip >= n)
		return (MEDIA_OK);
	v->end = position + n;
	for (c = 0; c < a->channels; c++)
		samples[c] = (const float *)(const void *)f->extended_data[v->from->mono ? 0 : c] + skip;
	if ((status = media_line_add(a->line, position + skip, samples, v->gains, (size_t)(n - skip))) != MEDIA_OK)
		return (status);

	return (media_line_pass(a->line, encodable(a)));
}

/* Takes the frames that the filters of a track have ready. */
static int
filtered_take(struct media_audio *a, struct voice *v)
{
	AVFrame	*frame;
	int	status = MEDIA_OK;

	while (status == MEDIA_OK && v->graph != NULL) {
		if ((frame = av_frame_alloc()) == NULL)
			return (media_fail(a->error, MEDIA_MEMORY, "Out of memory."));
		if (av_buffersink_get_frame(v->out, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		status = voice_write(a, v, frame);
		av_frame_free(&frame);
	}

	return (status);
}

/* Takes what the filters hold back and ends them. */
static int
graph_end(struct media_audio *a, struct voice *v)
{
	int	status = MEDIA_OK;

	if (v->graph != NULL && av_buffersrc_add_frame(v->in, NULL) >= 0)
		status = filtered_take(a, v);
	avfilter_graph_free(&v->graph);

	return (status);
}

/* Returns 1 if the frame continues the last one: the same format, without a large gap or jump in time. */
static int
frame_continues(const struct voice *v, const AVFrame *f, AVRational base)
{
	int64_t	second = av_rescale_q(JUMP_SECONDS, (AVRational){ 1, 1 }, base);

	return (v->graph != NULL && v->format == f->format && v->rate == f->sample_rate && av_channel_layout_compare(&v->layout, &f->ch_layout) == 0 &&
	    (v->next == AV_NOPTS_VALUE || llabs(f->pts - v->next) <= second));
}

/* Filters a decoded frame, which it owns. */
static int
frame_filter(struct media_audio *a, struct voice *v, AVFrame *f)
{
	AVRational	base = time_base(a, v);
	int		status = MEDIA_OK;

	if (f->best_effort_timestamp != AV_NOPTS_VALUE)
		f->pts = f->best_effort_timestamp;
	if (f->pts != AV_NOPTS_VALUE)
		f->pts -= av_rescale_q(a->m->clock.origin, AV_TIME_BASE_Q, base);
	else
		f->pts = v->next != AV_NOPTS_VALUE ? v->next : 0;
	if (f->sample_rate <= 0 || f->nb_samples <= 0 || f->ch_layout.nb_channels <= 0 || f->format == AV_SAMPLE_FMT_NONE ||
	    (!frame_continues(v, f, base) && ((status = graph_end(a, v)) != MEDIA_OK || !graph_renew(a, v, f)))) {
		v->errors += status == MEDIA_OK;
		av_frame_free(&f);
		return (status);
	}
	v->frames++;
	v->next = f->pts + av_rescale_q(f->nb_samples, (AVRational){ 1, f->sample_rate }, base);
	if ((f = frame_fit(v, f)) == NULL || !frame_mend(a, f)) {
		av_frame_free(&f);
		return (media_fail(a->error, MEDIA_MEMORY, "Out of memory."));
	}
	if (av_buffersrc_add_frame(v->in, f) < 0)
		v->errors++;
	av_frame_free(&f);

	return (filtered_take(a, v));
}

/*
 * Filters a decoded frame, which it owns, and a copy of it for the sound with 5.1. Stereo comes first: at a jump in time it moves the end of the film,
 * ahead of which no other sound may be.
 */
static int
frame_take(struct media_audio *a, struct voice *v, AVFrame *frame)
{
	AVFrame		*copy = a->wide != NULL ? av_frame_clone(frame) : NULL;
	struct voice	*w;
	int		status;

	if (a->wide != NULL && copy == NULL) {
		av_frame_free(&frame);
		return (media_fail(a->error, MEDIA_MEMORY, "Out of memory."));
	}
	if ((status = frame_filter(a, v, frame)) != MEDIA_OK || copy == NULL) {
		av_frame_free(&copy);
		return (status);
	}
	w = &a->wide->voices[v - a->voices];
	w->stream = v->stream;

	return (frame_filter(a->wide, w, copy));
}

/* Decodes a packet; NULL flushes the decoder. */
static int
packet_decode(struct media_audio *a, struct voice *v, const AVPacket *packet)
{
	AVFrame	*frame;
	int	status = MEDIA_OK;

	v->packets += packet != NULL;
	/* A broken packet before the first frame is where a recording was cut. */
	if (avcodec_send_packet(v->decoder, packet) < 0 && packet != NULL && v->frames > 0)
		v->errors++;
	while (status == MEDIA_OK) {
		if ((frame = av_frame_alloc()) == NULL)
			return (media_fail(a->error, MEDIA_MEMORY, "Out of memory."));
		if (avcodec_receive_frame(v->decoder, frame) < 0) {
			av_frame_free(&frame);
			break;
		}
		status = frame_take(a, v, frame);
	}

	return (status);
}

/* Returns the track that a packet belongs to, NULL if it is none of the sound. A track may have appeared with this packet. */
static struct voice *
voice_find(struct media_audio *a, const AVPacket *packet)
{
	const AVStream	*s = a->m->format->streams[packet->stream_index];
	struct voice	*v;

	for (v = a->voices; v < a->voices + a->nvoices; v++) {
		if (v->stream == -1 && s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && s->id == v->from->id)
			v->stream = packet->stream_index;
		if (v->stream == packet->stream_index)
			return (v);
	}

	return (NULL);
}

int
media_audio_packet(struct media_audio *a, const AVPacket *packet)
{
	struct voice		*v = voice_find(a, packet);
	struct media_error	encrypted = { 0 };

	if (v == NULL || (v->decoder == NULL && !decoder_open(a, v)))
		return (MEDIA_OK);
	/* An encrypted packet of the first track has ended the film already. */
	if (media_encryption_check(packet, &encrypted) != MEDIA_OK) {
		v->packets++;
		v->errors++;
		return (MEDIA_OK);
	}

	return (packet_decode(a, v, packet));
}

int
media_audio_follow(struct media_audio *a, double seconds)
{
	int	status = media_line_pass(a->line, (int64_t)(seconds * MEDIA_AUDIO_RATE) - LAG);

	return (status == MEDIA_OK && a->leader != NULL ? media_line_pass(a->line, encodable(a)) : status);
}

double
media_audio_reach(const struct media_audio *a)
{
	return ((double)a->reach / MEDIA_AUDIO_RATE);
}

int
media_audio_heard(const struct media_audio *a)
{
	int	i;

	for (i = 0; i < a->nvoices && a->voices[i].frames == 0; i++)
		;

	return (i < a->nvoices);
}

/* Notes what was repaired. `end` is the end of the sound, `until` that of the film, in samples. */
static void
notes_make(const struct media_audio *a, int64_t end, int64_t until)
{
	int64_t	errors = 0, packets = 0, outside = a->early + FFMAX(end - until, 0);
	int	i;

	for (i = 0; i < a->nvoices; i++) {
		errors += a->voices[i].errors;
		packets += a->voices[i].packets;
	}
	if (a->leader != NULL && !media_audio_heard(a)) {
		media_note(a->m, packets == 0 ? "%s was left out: no sound was found in it." : "%s was left out: no packet of it can be decoded.", a->name);
		return;
	}
	if (errors > 0)
		media_note(a->m, "%lld of %lld packets of %s are damaged; there is silence in their place.", (long long)errors, (long long)packets, a->of);
	if (a->invalid > 0)
		media_note(a->m, "%lld samples of %s are not numbers (NaN or infinite); they were replaced by silence.", (long long)a->invalid, a->of);
	if (a->late > JOIN)
		media_note(a->m, "%.1f seconds of %s are stored too far behind their picture and were left out.", (double)a->late / MEDIA_AUDIO_RATE, a->of);
	if (a->leader != NULL && outside > MEDIA_AUDIO_RATE)
		media_note(a->m, "%.1f seconds of %s lie behind the end of the film or far ahead of their picture and were left out.",
		    (double)outside / MEDIA_AUDIO_RATE, a->of);
	if (a->limit > 0 && a->reach - a->limit > MEDIA_AUDIO_RATE)
		media_note(a->m, "The file is %.1f seconds longer than the film; its end was cut.", (double)(a->reach - a->limit) / MEDIA_AUDIO_RATE);
	if (packets == 0)
		media_note(a->m, "The sound track is empty; the film is silent.");
	else if (until - end > MEDIA_AUDIO_RATE)
		media_note(a->m, "%s ends after %.1f seconds; silence follows until the picture ends.", a->name, (double)end / MEDIA_AUDIO_RATE);
}

/* Fails a film whose sound has packets of which none can be decoded. */
static int
sound_check(const struct media_audio *a)
{
	int	i;

	for (i = 0; i < a->nvoices; i++) {
		if (a->voices[i].frames > 0 || a->voices[i].packets == 0)
			return (MEDIA_OK);
	}
	media_note(a->m, "The sound is damaged: no packet of it can be decoded; the film is silent.");
	if (a->allow_silent)
		return (MEDIA_OK);

	return (media_fail(a->error, MEDIA_DAMAGED, "The sound is damaged: no packet of it can be decoded. Please export the film again."));
}

int
media_audio_end(struct media_audio *a, double seconds, int64_t *length)
{
	struct voice	*v;
	int64_t		until = a->leader == NULL ? llrint(seconds * MEDIA_AUDIO_RATE) : *length, end = 0;
	int		status = MEDIA_OK;

	for (v = a->voices; v < a->voices + a->nvoices && status == MEDIA_OK; v++) {
		if (v->decoder != NULL)
			status = packet_decode(a, v, NULL);
		if (status == MEDIA_OK)
			status = graph_end(a, v);
		end = FFMAX(end, v->end);
	}
	if (status != MEDIA_OK || (a->leader == NULL && (status = sound_check(a)) != MEDIA_OK))
		return (status);
	/* The notes on stereo hold for 5.1, too. */
	if (a->channels == 2)
		notes_make(a, end, until);
	if (a->leader == NULL)
		*length = FFMAX(end, until);

	return (media_line_end(a->line, *length));
}

void
media_audio_free(struct media_audio *a)
{
	struct voice	*v;

	if (a == NULL)
		return;
	for (v = a->voices; v < a->voices + a->nvoices; v++) {
		avcodec_free_context(&v->decoder);
		avfilter_graph_free(&v->graph);
		av_channel_layout_uninit(&v->layout);
		av_channel_layout_uninit(&v->mapped);
	}
	media_line_free(a->line);
	free(a);
}
