/*
 * Writes renditions and prints as JSON what the application learns of them:
 *
 *	renditions film FILM FOLDER
 *	renditions object FILE FPS_NUM FPS_DEN FRAMES BYTES CLAIM SOUND
 *	renditions sound FILE FPS_NUM FPS_DEN FRAMES BYTES CLAIM
 *	renditions loop RENDITION FOLDER TIMES FILLER
 *	renditions rate FILM
 *	renditions stop FILM THREADS OBJECT
 *
 * `film` transcodes a film. `object` writes an object of packets of BYTES random
 * bytes, which no decoder takes, with frames in an order such as that of x264.
 * CLAIM is the duration in the header of the film, in seconds. It prints the
 * parts, too, and the most memory that the process had, in KiB. `sound` writes
 * an audio object for a film of so many frames. `loop` writes an object,
 * R360.mp4, that repeats the packets of a rendition, with its playlists: a long
 * film without the time to encode one. FILLER is a number of bytes by which each
 * key frame grows; holes of the file take their place. The length of the rendition
 * is a multiple of 64 s, so that it has a whole number of packets of sound. `rate`
 * prints the frame rate of the renditions of a film, and that with a frame for each
 * field. `stop` transcodes a film to R360 (object 0) and its audio objects, with 512
 * kbit/s, of which the sink refuses OBJECT; -1 cancels it soon instead. It prints the reason.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <libavcodec/bsf.h>
#include <libavutil/intreadwrite.h>

#include "media/internal.h"
#include "media/playlist.h"

int	main(int, char **);

#define AUDIO_BYTES	24
#define BLOCK		4096	/* bytes of a file that may be a hole */

static const uint8_t	sets[] = { 0, 0, 0, 1, 0x67, 100, 0, 30, 0xac, 0xd9, 0, 0, 0, 1, 0x68, 0xeb, 0xe3, 0xcb };
static uint32_t		seed = 1;

static json_t *
stream_json(const struct media_stream *s)
{
	json_t	*list = json_array();
	size_t	i;

	for (i = 0; i < s->nsegments; i++)
		json_array_append_new(list, json_pack("[I,I,I,I]", (json_int_t)s->segments[i].offset, (json_int_t)s->segments[i].size,
		    (json_int_t)s->segments[i].duration, (json_int_t)s->segments[i].iframe));

	return (json_pack("{s:s,s:I,s:[I,I],s:[I,I],s:I,s:I,s:o}", "codecs", s->codecs, "timescale", (json_int_t)s->timescale,
	    "init", (json_int_t)s->init.offset, (json_int_t)s->init.size, "index", (json_int_t)s->index.offset, (json_int_t)s->index.size,
	    "average", (json_int_t)s->average, "peak", (json_int_t)s->peak, "segments", list));
}

static json_t *
rendition_json(const struct media_rendition *r)
{
	return (json_pack("{s:s,s:I,s:f,s:s,s:I,s:I,s:o,s:o}", "rendition", media_rung_name(r->rung), "size", (json_int_t)r->size,
	    "duration", r->duration, "codecs", r->codecs, "average", (json_int_t)r->average, "peak", (json_int_t)r->peak,
	    "video", stream_json(&r->video), "audio", stream_json(&r->audio)));
}

static int
film(const char *input, const char *folder)
{
	struct media_result	result;
	struct media_error	error;
	json_t			*list = json_array();
	int			i;

	media_init(NULL);
	if (media_transcode_file(input, folder, (1u << MEDIA_RUNGS) - 1, NULL, 0, NULL, NULL, &result, &error) != MEDIA_OK) {
		printf("%s\n", error.text);
		return (1);
	}
	for (i = 0; i < result.nrenditions; i++)
		json_array_append_new(list, rendition_json(&result.renditions[i]));
	json_dumpf(list, stdout, 0);
	json_decref(list);
	media_result_free(&result);

	return (0);
}

static int64_t
file_read(void *ctx, int64_t offset, void *buf, size_t len)
{
	return (fseek(ctx, offset, SEEK_SET) == 0 ? (int64_t)fread(buf, 1, len, ctx) : -1);
}

struct file {
	int	fd;
	json_t	*parts;
};

static int
part_write(void *ctx, int rendition, uint32_t number, uint64_t offset, const void *data, size_t len, int last)
{
	struct file	*f = ctx;

	(void)rendition;
	json_array_append_new(f->parts, json_pack("[I,I,I,b]", (json_int_t)number, (json_int_t)offset, (json_int_t)len, last));

	return (pwrite(f->fd, data, len, (off_t)offset) == (ssize_t)len ? 0 : -1);
}

/* Makes a packet of `size` bytes: of video one NAL unit, whose bytes imitate no start code. */
static AVPacket *
packet_make(int64_t pts, int size, int key, int audio)
{
	AVPacket	*p = av_packet_alloc();
	int		i;

	if (p == NULL || av_new_packet(p, size) < 0)
		abort();
	for (i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		p->data[i] = (uint8_t)(seed >> 24) | 2;
	}
	if (!audio)
		memcpy(p->data, key ? "\0\0\0\1\x65" : "\0\0\0\1\x41", 5);
	p->pts = pts;
	p->flags = key ? AV_PKT_FLAG_KEY : 0;

	return (p);
}

/* Makes a GOP: an IDR frame, then groups of P, B, b, b in decoding order, and P frames for the rest. */
static void
gop_make(AVPacket **list, int64_t first, int n, int bytes, int reordered)
{
	static const int	order[] = { 4, 2, 1, 3 };
	int			i = 1, k;

	list[0] = packet_make(first, bytes * 4, 1, 0);
	for (; reordered && i + 4 <= n; i += 4) {
		for (k = 0; k < 4; k++)
			list[i + k] = packet_make(first + i - 1 + order[k], bytes, 0, 0);
	}
	for (; i < n; i++)
		list[i] = packet_make(first + i, bytes, 0, 0);
}

static int
segments_write(struct media_hybrid *h, int64_t frames, AVRational rate, int bytes, int sound, struct media_error *error)
{
	int		n = 2 * rate.num / rate.den, naudio = 0, i, status = MEDIA_OK;
	int64_t		first, packets = 0;
	AVPacket	**video = calloc((size_t)n, sizeof(*video)), **audio = calloc(1000, sizeof(*audio));

	for (first = 0; first < frames && status == MEDIA_OK; first += n) {
		n = (int)FFMIN(n, frames - first);
		gop_make(video, first, n, bytes, !media_hybrid_full(h));
		for (naudio = 0; sound && packets * 1024 * rate.num < (first + n) * 48000 * rate.den; naudio++, packets++)
			audio[naudio] = packet_make(packets * 1024, AUDIO_BYTES, 1, 1);
		status = media_hybrid_add(h, video, n, audio, naudio, error);
		for (i = 0; i < n; i++)
			av_packet_free(&video[i]);
		for (i = 0; i < naudio; i++)
			av_packet_free(&audio[i]);
	}
	free(video);
	free(audio);

	return (status);
}

/* Opens a film as a stream. The caller closes both. */
static struct media *
film_open(const char *path, FILE **fp)
{
	struct media_source	source = { .read_at = file_read };
	struct media_error	error;
	struct media		*m;

	media_init(NULL);
	if ((source.ctx = *fp = fopen(path, "rb")) == NULL || fseek(*fp, 0, SEEK_END) != 0)
		abort();
	source.size = ftell(*fp);
	if (media_open(&source, &m, &error) != MEDIA_OK) {
		printf("%s\n", error.text);
		exit(1);
	}

	return (m);
}

static int
rate(const char *path)
{
	FILE		*fp;
	struct media	*m = film_open(path, &fp);

	printf("[%.3f, ", (double)media_info(m)->fps_num / media_info(m)->fps_den);
	media_fields_double(m);
	printf("%.3f]", (double)media_info(m)->fps_num / media_info(m)->fps_den);
	media_close(m);
	fclose(fp);

	return (0);
}

/* The sink of a film that is to end: refuses the parts of an object. */
static int
part_refuse(void *ctx, int object, uint32_t number, uint64_t offset, const void *data, size_t len, int last)
{
	(void)number, (void)offset, (void)data, (void)len, (void)last;

	return (object == *(const int *)ctx ? -1 : 0);
}

static int
stop_wanted(void *ctx)
{
	static int	asked;

	return (*(const int *)ctx == -1 && ++asked > 1);
}

static int
stop(const char *path, int threads, int object)
{
	struct media_options	options = { .threads = threads, .audio_bitrate = 512000 };
	struct media_sink	sink = { .ctx = &object, .part = part_refuse };
	struct media_watch	watch = { .ctx = &object, .canceled = stop_wanted };
	struct media_step	steps[MEDIA_RUNGS];
	struct media_result	result;
	struct media_error	error;
	FILE			*fp;
	struct media		*m = film_open(path, &fp);
	int			n = media_ladder(media_info(m), 1u << MEDIA_R360, steps);

	if (media_transcode(m, steps, n, &options, &sink, &watch, &result, &error) == MEDIA_OK)
		media_result_free(&result);
	json_dumpf(json_pack("[s,s]", media_reason_name(error.reason), error.text), stdout, 0);
	media_close(m);
	fclose(fp);

	return (0);
}

static AVCodecContext *
codec_make(AVRational rate, int audio)
{
	AVCodecContext	*c = avcodec_alloc_context3(NULL);
	size_t		len = audio ? 2 : sizeof(sets);

	c->extradata = av_mallocz(len + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(c->extradata, audio ? (const uint8_t *)"\x11\x90" : sets, len);
	c->extradata_size = (int)len;
	c->time_base = audio ? (AVRational){ 1, 48000 } : av_inv_q(rate);
	c->width = 640;
	c->height = 360;
	c->has_b_frames = 2;
	c->sample_rate = 48000;
	c->frame_size = 1024;
	c->bit_rate = 128000;
	av_channel_layout_default(&c->ch_layout, 2);

	return (c);
}

/* Returns the most memory that the program had, in KiB. ru_maxrss counts that of the process before exec, too. */
static long
memory_peak(void)
{
	char	line[128];
	long	peak = 0;
	FILE	*f;

	if ((f = fopen("/proc/self/status", "r")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "VmHWM: %ld", &peak);
	(void)fclose(f);

	return (peak);
}

static int
object(const char *path, AVRational rate, int64_t frames, int bytes, double claim, int sound)
{
	struct file		file = { .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666), .parts = json_array() };
	struct media_sink	sink = { .ctx = &file, .part = part_write };
	AVCodecContext		*video = codec_make(rate, 0), *audio = codec_make(rate, 1);
	struct media_hybrid	*h = media_hybrid_new(video, sound ? audio : NULL, claim, &sink, 0);
	struct media_rendition	r = { 0 };
	struct media_error	error = { 0 };
	json_t			*o;
	int			status = MEDIA_MEMORY;

	if (h != NULL && (status = segments_write(h, frames, rate, bytes, sound, &error)) == MEDIA_OK)
		status = media_hybrid_end(h, &r, &error);
	o = rendition_json(&r);
	json_object_set(o, "parts", file.parts);
	json_object_set_new(o, "memory", json_integer(memory_peak()));
	if (status == MEDIA_OK)
		json_dumpf(o, stdout, 0);
	else
		printf("%s\n", error.text);
	json_decref(o);
	json_decref(file.parts);
	free(r.video.segments);
	free(r.audio.segments);
	media_hybrid_free(h);
	avcodec_free_context(&video);
	avcodec_free_context(&audio);
	close(file.fd);

	return (status != MEDIA_OK);
}

static int
sound(const char *path, AVRational rate, int64_t frames, int bytes, double claim)
{
	struct file			file = { .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666), .parts = json_array() };
	struct media_sink		sink = { .ctx = &file, .part = part_write };
	struct media_info		info = { .duration = claim, .fps_num = rate.num, .fps_den = rate.den };
	AVCodecContext			*codec = codec_make(rate, 1);
	struct media_audio_writer	*w = media_audio_writer_new(codec, &info, &sink, 0);
	struct media_audio_object	o = { 0 };
	struct media_error		error = { 0 };
	int64_t				i;
	int				status = MEDIA_OK;
	AVPacket			*p;

	for (i = 0; status == MEDIA_OK && i * 1024 * rate.num < frames * 48000 * rate.den; i++) {
		p = packet_make(i * 1024, bytes, 1, 1);
		status = media_audio_writer_add(w, p, &error);
		av_packet_free(&p);
	}
	if (status == MEDIA_OK && (status = media_audio_writer_end(w, frames, &o, &error)) == MEDIA_OK)
		json_dumpf(json_pack("{s:I,s:o,s:o}", "size", (json_int_t)o.size, "audio", stream_json(&o.stream), "parts", file.parts), stdout, 0);
	else
		printf("%s\n", error.text);
	free(o.stream.segments);
	media_audio_writer_free(w);
	avcodec_free_context(&codec);
	close(file.fd);

	return (status != MEDIA_OK);
}

/* A track of a rendition in memory. */
struct clip {
	AVPacket	**list;
	int		n;
	AVCodecContext	*codec;
};

static void
bytes_write(int fd, const uint8_t *data, size_t len, off_t at)
{
	if (pwrite(fd, data, len, at) != (ssize_t)len)
		abort();
}

/* Writes a part, except the blocks of it that are only filler. */
static int
sparse_write(void *ctx, int rendition, uint32_t number, uint64_t offset, const void *data, size_t len, int last)
{
	const struct file	*f = ctx;
	const uint8_t		*p = data;
	size_t			done, n;

	(void)rendition;
	(void)number;
	(void)last;
	for (done = 0; done < len; done += n) {
		n = FFMIN(BLOCK - (offset + done) % BLOCK, len - done);
		if (p[done] != 0xff || memcmp(p + done, p + done + 1, n - 1) != 0)
			bytes_write(f->fd, p + done, n, (off_t)(offset + done));
	}

	return (0);
}

/* Appends a NAL unit of filler (type 12) to a packet. */
static void
filler_add(AVPacket *p, int filler)
{
	int	at = p->size;

	if (filler == 0 || !(p->flags & AV_PKT_FLAG_KEY))
		return;
	if (av_grow_packet(p, filler + 6) < 0)
		abort();
	memcpy(p->data + at, "\0\0\0\1\x0c", 5);
	memset(p->data + at + 5, 0xff, (size_t)filler);
	p->data[p->size - 1] = 0x80;
}

/* Puts start codes in place of the lengths of the NAL units of a packet, as an encoder does. */
static void
start_codes_write(AVPacket *p)
{
	uint32_t	size;
	int		at;

	for (at = 0; at + 4 <= p->size; at += 4 + (int)size) {
		size = AV_RB32(p->data + at);
		AV_WB32(p->data + at, 1);
	}
}

static void
clip_add(struct clip *c, const AVPacket *read, const AVStream *s, const struct media_info *info, int filler)
{
	AVPacket	*p = av_packet_clone(read);

	if (p == NULL || av_packet_make_writable(p) < 0 || (c->list = realloc(c->list, (size_t)(c->n + 1) * sizeof(*c->list))) == NULL)
		abort();
	if (s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) {
		start_codes_write(p);
		filler_add(p, filler);
		p->pts = av_rescale_q(p->pts, s->time_base, (AVRational){ info->fps_den, info->fps_num });
	}
	c->list[c->n++] = p;
}

/* Sets the parameter sets of a codec, with start codes. */
static void
sets_copy(AVCodecContext *codec, const AVStream *s)
{
	AVBSFContext	*bsf;

	if (av_bsf_alloc(av_bsf_get_by_name("h264_mp4toannexb"), &bsf) < 0 || avcodec_parameters_copy(bsf->par_in, s->codecpar) < 0 || av_bsf_init(bsf) < 0)
		abort();
	av_freep(&codec->extradata);
	codec->extradata = av_memdup(bsf->par_out->extradata, (size_t)bsf->par_out->extradata_size);
	codec->extradata_size = bsf->par_out->extradata_size;
	codec->has_b_frames = s->codecpar->video_delay;
	codec->max_b_frames = 3;
	codec->width = s->codecpar->width;
	codec->height = s->codecpar->height;
	av_bsf_free(&bsf);
}

/* Reads both tracks of a rendition. */
static void
clips_read(struct clip clips[2], struct media *m, int filler)
{
	const struct media_info	*info = media_info(m);
	const AVStream		*s;
	AVPacket		*p = av_packet_alloc();
	unsigned		i;

	for (i = 0; i < 2; i++)
		clips[i].codec = codec_make((AVRational){ info->fps_num, info->fps_den }, (int)i);
	sets_copy(clips[0].codec, m->format->streams[m->video]);
	if (av_seek_frame(m->format, -1, 0, AVSEEK_FLAG_BACKWARD) < 0)
		abort();
	while (av_read_frame(m->format, p) >= 0) {
		s = m->format->streams[p->stream_index];
		clip_add(&clips[s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO], p, s, info, filler);
		av_packet_unref(p);
	}
	av_packet_free(&p);
}

/* Writes the clip once more, as its own segments. `packets` is the number of packets of sound so far. */
static int
lap_write(struct media_hybrid *h, const struct clip clips[2], int64_t lap, int last, int64_t *packets, struct media_error *error)
{
	const AVCodecContext	*video = clips[0].codec, *audio = clips[1].codec;
	AVPacket		*sound[1000];
	int			i, k, n, status = MEDIA_OK;
	int64_t			end;

	for (i = 0; i < clips[0].n && status == MEDIA_OK; i += n) {
		for (n = 1; i + n < clips[0].n && !(clips[0].list[i + n]->flags & AV_PKT_FLAG_KEY); n++)
			;
		for (k = 0; k < n && lap > 0; k++)
			clips[0].list[i + k]->pts += clips[0].n;
		end = av_rescale_q(lap * clips[0].n + i + n - video->has_b_frames, video->time_base, audio->time_base) - 1024;	/* as in rendition.c */
		if (last && i + n == clips[0].n)
			end = INT64_MAX;
		for (k = 0; *packets * 1024 < end && *packets < (lap + 1) * clips[1].n; k++, ++*packets) {
			sound[k] = clips[1].list[*packets % clips[1].n];
			sound[k]->pts = *packets * 1024;
		}
		status = media_hybrid_add(h, clips[0].list + i, n, sound, k, error);
	}

	return (status);
}

static void
playlist_write(const char *folder, const char *name, char *text)
{
	char	path[4096];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (text == NULL || (f = fopen(path, "w")) == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
	free(text);
}

static void
playlists_write(const char *folder, const struct media_rendition *r)
{
	static const char		*const uris[] = { "R360.mp4" };
	const struct media_sound_listed	sound = { .id = "und", .track = 1, .tag = "und", .name = "Original", .channels = 2, .uri = uris[0], .stream = &r->audio };

	playlist_write(folder, "v-R360.m3u8", media_hls_media(&r->video, MEDIA_LIST_VIDEO, uris[0], 0));
	playlist_write(folder, "a-und.m3u8", media_hls_media(&r->audio, MEDIA_LIST_AUDIO, uris[0], 0));
	playlist_write(folder, "i-R360.m3u8", media_hls_media(&r->video, MEDIA_LIST_IFRAMES, uris[0], 0));
	playlist_write(folder, "master.m3u8", media_hls_master(r, 1, &sound, 1, NULL, 0, ""));
	playlist_write(folder, "manifest.mpd", media_dash(r, 1, &sound, 1, uris));
}

static void
clips_free(struct clip clips[2])
{
	int	i, k;

	for (i = 0; i < 2; i++) {
		for (k = 0; k < clips[i].n; k++)
			av_packet_free(&clips[i].list[k]);
		free(clips[i].list);
		avcodec_free_context(&clips[i].codec);
	}
}

static int
loop(const char *input, const char *folder, int times, int filler)
{
	FILE			*fp;
	struct media		*m = film_open(input, &fp);
	const struct media_info	*info = media_info(m);
	struct clip		clips[2] = { 0 };
	struct file		file;
	struct media_sink	sink = { .ctx = &file, .part = sparse_write };
	struct media_rendition	r = { .rung = MEDIA_R360, .width = info->width, .height = info->height, .fps_num = info->fps_num, .fps_den = info->fps_den };
	struct media_error	error = { 0 };
	struct media_hybrid	*h;
	char			path[4096];
	int64_t			packets = 0;
	int			i, status = MEDIA_OK;

	snprintf(path, sizeof(path), "%s/R360.mp4", folder);
	file.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	clips_read(clips, m, filler);
	h = media_hybrid_new(clips[0].codec, clips[1].codec, info->duration * times, &sink, 0);
	for (i = 0; i < times && status == MEDIA_OK; i++)
		status = lap_write(h, clips, i, i == times - 1, &packets, &error);
	if (status != MEDIA_OK || (status = media_hybrid_end(h, &r, &error)) != MEDIA_OK)
		printf("%s\n", error.text);
	else {
		playlists_write(folder, &r);
		json_dumpf(rendition_json(&r), stdout, 0);
	}
	free(r.video.segments);
	free(r.audio.segments);
	media_hybrid_free(h);
	clips_free(clips);
	media_close(m);
	fclose(fp);
	close(file.fd);

	return (status != MEDIA_OK);
}

int
main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "film"))
		return (film(argv[2], argv[3]));
	if (argc == 9 && !strcmp(argv[1], "object"))
		return (object(argv[2], (AVRational){ atoi(argv[3]), atoi(argv[4]) }, atoll(argv[5]), atoi(argv[6]), atof(argv[7]), atoi(argv[8])));
	if (argc == 8 && !strcmp(argv[1], "sound"))
		return (sound(argv[2], (AVRational){ atoi(argv[3]), atoi(argv[4]) }, atoll(argv[5]), atoi(argv[6]), atof(argv[7])));
	if (argc == 6 && !strcmp(argv[1], "loop"))
		return (loop(argv[2], argv[3], atoi(argv[4]), atoi(argv[5])));
	if (argc == 3 && !strcmp(argv[1], "rate"))
		return (rate(argv[2]));
	if (argc == 5 && !strcmp(argv[1], "stop"))
		return (stop(argv[2], atoi(argv[3]), atoi(argv[4])));

	return (2);
}
