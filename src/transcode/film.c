/*
 * Reads the source with transcode/source.h, transcodes it with media/media.h and
 * stores each part as soon as it is encoded, without a local file.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/random.h"
#include "transcode/film.h"
#include "transcode/film_previews.h"
#include "transcode/source.h"
#include "store/objects.h"

#define OBJECTS_MAX	(MEDIA_RUNGS + MEDIA_AUDIOS_MAX)

/* Multipart upload of a rendition or an audio object. Only the thread that calls film_part() for it uses it while the film is transcoded. */
struct output {
	char			key[OBJECTS_KEY_MAX];
	char			upload[OBJECTS_UPLOAD_MAX];
	struct objects_part	*parts;		/* indexed by part number - 1 */
	size_t			nparts, room;
	char			error[256];
};

struct film {
	const struct film_order	*order;
	struct film_outcome	*outcome;
	struct source		*source;
	struct media		*media;
	struct media_step	steps[MEDIA_RUNGS];
	int			nsteps;
	struct media_options	options;
	struct output		outputs[OBJECTS_MAX];	/* renditions, then audio objects */
	int			noutputs;
	char			folder[OBJECTS_KEY_MAX / 2];	/* of the objects of this attempt */
	struct media_result	result;
	double			seen;		/* seconds encoded at the last call of progress */
	int64_t			seen_at;	/* counter_clock() of that call, or of the start */
};

static int
film_failed(struct film *f, int retry, const char *detail, const char *fmt, ...)
{
	va_list	args;

	f->outcome->retry = retry;
	snprintf(f->outcome->detail, sizeof(f->outcome->detail), "%s", detail);
	va_start(args, fmt);
	vsnprintf(f->outcome->reason, sizeof(f->outcome->reason), fmt, args);
	va_end(args);

	return (0);
}

/* Fails the run because of object storage; another attempt may succeed. */
static int
store_failed(struct film *f, const char *detail)
{
	return (film_failed(f, 1, detail, "Object storage error: %s.", *detail != '\0' ? detail : "no response"));
}

static struct objects_call
call_make(const struct film_order *order)
{
	return ((struct objects_call){ .canceled = order->canceled, .ctx = order->ctx, .keep_retrying = 1 });
}

static int64_t
film_read(void *ctx, int64_t offset, void *buf, size_t len)
{
	struct film	*f = ctx;
	int64_t		n;

	n = source_read(f->source, offset, buf, len);
	if (n > 0)
		f->order->alive(f->order->ctx);

	return (n);
}

static int
part_note(struct output *o, uint32_t number, const char *etag)
{
	struct objects_part	*parts;
	size_t			room = o->room;

	if (number > OBJECTS_PARTS_MAX)
		return (0);
	while (room < number)
		room = room == 0 ? 64 : room * 2;
	if (room > o->room) {
		if ((parts = realloc(o->parts, room * sizeof(*parts))) == NULL)
			return (0);
		memset(parts + o->room, 0, (room - o->room) * sizeof(*parts));
		o->parts = parts;
		o->room = room;
	}
	o->parts[number - 1].number = (int)number;
	snprintf(o->parts[number - 1].etag, OBJECTS_ETAG_MAX, "%s", etag);
	if (number > o->nparts)
		o->nparts = number;

	return (1);
}

/* Stores a part of an object. Called on the thread of its rendition or audio encoder, or that of the run. */
static int
film_part(void *ctx, int object, uint32_t number, uint64_t offset, const void *data, size_t len, int last)
{
	struct film		*f = ctx;
	struct output		*o = &f->outputs[object];
	struct objects_call	call = call_make(f->order);
	char			etag[OBJECTS_ETAG_MAX];

	(void)offset;
	(void)last;
	if (objects_part(o->key, o->upload, (int)number, data, len, etag, &call) != OBJECTS_OK) {
		snprintf(o->error, sizeof(o->error), "%s", call.error);
		return (-1);
	}
	if (!part_note(o, number, etag)) {
		snprintf(o->error, sizeof(o->error), "an object has more than %d parts, or memory is exhausted", OBJECTS_PARTS_MAX);
		return (-1);
	}
	f->order->alive(f->order->ctx);

	return (0);
}

static double
percent(double done, double whole)
{
	return (whole > 0 ? round(fmin(done / whole, 1) * 1000) / 10 : 0);
}

/* Counts what has been encoded since the last call, and the time that it took. */
static void
speed_count(struct film *f, double seconds)
{
	int64_t	now = counter_clock();

	counter_add(COUNTER_FILM_BUSY_MS, (now - f->seen_at) / 1000);
	if (seconds > f->seen)
		counter_add(COUNTER_FILM_MS, (int64_t)((seconds - f->seen) * 1000));
	f->seen_at = now;
}

static void
film_progress(void *ctx, const struct media_progress *p)
{
	struct film	*f = ctx;
	json_t		*o, *list;
	char		*text;
	int		i;

	if (p->seconds > f->seen)
		f->order->alive(f->order->ctx);
	speed_count(f, p->seconds);
	f->seen = p->seconds;
	list = json_array();
	for (i = 0; i < p->renditions && i < f->nsteps; i++)
		json_array_append_new(list, json_pack("{s:s,s:f}", "rendition", media_rung_name(f->steps[i].rung),
		    "percent", percent(p->done[i], p->duration)));
	o = json_pack("{s:f,s:f,s:f,s:f,s:o}", "percent", round(p->percent * 10) / 10, "seconds", round(p->seconds * 10) / 10,
	    "duration", round(p->duration * 10) / 10, "fps", round(p->fps * 10) / 10, "renditions", list);
	if (o != NULL && (text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6))) != NULL) {
		f->order->progress(f->order->ctx, text);
		free(text);
	}
	json_decref(o);
}

static int
film_canceled(void *ctx)
{
	struct film	*f = ctx;

	return (f->order->canceled(f->order->ctx));
}

static int
media_failed(struct film *f, const struct media_error *error)
{
	int	i;

	if (error->reason == MEDIA_SOURCE)
		return (store_failed(f, source_error(f->source)));
	for (i = 0; error->reason == MEDIA_SINK && i < f->noutputs; i++) {
		if (*f->outputs[i].error != '\0')
			return (store_failed(f, f->outputs[i].error));
	}

	f->outcome->memory = error->reason == MEDIA_MEMORY_LIMIT;

	return (film_failed(f, error->retry, "", "%s", error->text));
}

/* Reads what the job of an audio track says of the film, and of why there can be no track. */
static int
fit_read(struct film *f, struct media_fit *fit)
{
	json_t		*track = json_loads(f->order->track, 0, NULL);
	const char	*language = "", *purpose = "", *refusal = NULL;
	int		known;

	known = json_unpack(track, "{s:s,s:s,s:F,s:F,s?s}", "language", &language, "purpose", &purpose, "frameRate", &fit->frame_rate,
	    "seconds", &fit->seconds, "refusal", &refusal) == 0;
	if (known) {
		snprintf(fit->language, sizeof(fit->language), "%s", language);
		fit->purpose = media_purpose_parse(purpose);
	}
	if (refusal != NULL || !known)
		(void)film_failed(f, 0, "", "%s", refusal != NULL ? refusal : "The film of the track is not ready.");
	json_decref(track);

	return (known && refusal == NULL);
}

static int
source_probe(struct film *f, const struct media_source *from, const struct media_fit *fit)
{
	struct media_error	error;
	int			status;

	status = fit != NULL ? media_open_sound(from, fit, &f->media, &error) : media_open(from, &f->media, &error);

	return (status == MEDIA_OK || media_failed(f, &error));
}

/* Chooses the renditions of a film. */
static int
ladder_choose(struct film *f)
{
	if (!strcmp(conf_str(CONF_DEINTERLACE), "field"))
		media_fields_double(f->media);
	f->nsteps = media_ladder(media_info(f->media), f->order->renditions, f->steps);

	return (f->nsteps > 0 || film_failed(f, 0, "", "No rendition was requested."));
}

static int
film_open(struct film *f)
{
	struct media_source	from = { .ctx = f, .read_at = film_read };
	struct objects_call	call = call_make(f->order);
	struct objects_stat	stat;
	struct media_fit	fit = { .frame_rate = 0 };
	int			alone = f->order->track != NULL;

	if (alone && !fit_read(f, &fit))
		return (0);

	switch (objects_head(f->order->source_key, &stat, &call)) {
	case OBJECTS_OK:
		break;
	case OBJECTS_MISSING:
		return (film_failed(f, 0, call.error, "The uploaded file is no longer in object storage. Please upload it again."));
	default:
		return (store_failed(f, call.error));
	}
	if ((f->source = source_open(f->order->source_key, &stat, f->order->canceled, f->order->ctx)) == NULL)
		return (film_failed(f, 1, "", "Out of memory while opening the uploaded file."));
	from.size = (int64_t)stat.size;
	if (!source_probe(f, &from, alone ? &fit : NULL))
		return (0);

	return (alone || ladder_choose(f));
}

/* Writes the object key of a track of text. */
static void
text_key(const struct film *f, int i, char key[OBJECTS_KEY_MAX])
{
	snprintf(key, OBJECTS_KEY_MAX, "%s/text-%d.vtt", f->folder, i + 1);
}

/* Adds the keys of the tracks of text, of which some may turn out to be empty. */
static void
texts_plan(const struct film *f, json_t *keys)
{
	char	key[OBJECTS_KEY_MAX];
	int	i;

	for (i = 0; i < media_text_tracks(f->media); i++) {
		text_key(f, i, key);
		json_array_append_new(keys, json_string(key));
	}
}

/* Stores the tracks of text. */
static int
texts_store(struct film *f)
{
	struct objects_call	call = call_make(f->order);
	char			key[OBJECTS_KEY_MAX];
	int			i;

	for (i = 0; i < f->result.ntexts; i++) {
		text_key(f, i, key);
		if (objects_put(key, "text/vtt", f->result.texts[i].vtt, f->result.texts[i].size, NULL, &call) != OBJECTS_OK)
			return (store_failed(f, call.error));
		f->order->alive(f->order->ctx);
	}

	return (1);
}

/* Adds the tracks of text to the list of what was made (sql/functions/assets/text_publish.sql). Returns 0 if out of memory. */
static int
texts_describe(const struct film *f, json_t *list)
{
	const struct media_text	*t;
	char			key[OBJECTS_KEY_MAX];
	int			i;

	for (i = 0; i < f->result.ntexts; i++) {
		t = &f->result.texts[i];
		text_key(f, i, key);
		if (json_array_append_new(list, json_pack("{s:s,s:{s:s,s:s,s:s,s:b,s:b}}", "object_key", key, "text", "language", t->language,
		    "label", t->label, "kind", t->captions ? "captions" : "subtitles", "default", t->is_default, "forced", t->forced)) != 0)
			return (0);
	}

	return (1);
}

/* Writes the object keys of renditions and audio objects. */
static void
outputs_plan(struct film *f)
{
	struct media_audio_object	audios[MEDIA_AUDIOS_MAX];
	char				name[MEDIA_AUDIO_NAME_MAX];
	int				naudios = media_audio_objects(f->media, &f->options, audios), i;

	for (i = 0; i < f->nsteps; i++)
		snprintf(f->outputs[i].key, sizeof(f->outputs[i].key), "%s/%s.mp4", f->folder, media_rung_name(f->steps[i].rung));
	for (i = 0; i < naudios; i++) {
		media_audio_name(&audios[i], name);
		snprintf(f->outputs[f->nsteps + i].key, sizeof(f->outputs[i].key), "%s/%s.m4a", f->folder, name);
	}
	f->noutputs = f->nsteps + naudios;
}

/* Chooses random object keys (docs/compatibility.md#random-keys), new ones for each attempt, and has them recorded. */
static int
film_plan(struct film *f)
{
	char		hex[33], *text;
	json_t		*keys;
	int		i, refused;

	random_hex(hex, 16);
	snprintf(f->folder, sizeof(f->folder), "vod/%s/%s", f->order->job_id, hex);
	outputs_plan(f);
	keys = json_array();
	for (i = 0; i < f->noutputs; i++)
		json_array_append_new(keys, json_string(f->outputs[i].key));
	texts_plan(f, keys);
	if (f->order->track == NULL)
		film_previews_plan(keys, f->folder, media_info(f->media)->duration);
	text = json_dumps(keys, JSON_COMPACT);
	json_decref(keys);
	refused = text == NULL || f->order->plan(f->order->ctx, text);
	free(text);

	return (!refused || film_failed(f, 1, "", "The object keys could not be recorded in the database."));
}

static int
film_begin(struct film *f)
{
	struct objects_call	call = call_make(f->order);
	int			i;

	for (i = 0; i < f->noutputs; i++) {
		if (objects_begin(f->outputs[i].key, i < f->nsteps ? "video/mp4" : "audio/mp4", f->outputs[i].upload, &call) != OBJECTS_OK)
			return (store_failed(f, call.error));
	}

	return (1);
}

static int
film_transcode(struct film *f)
{
	const struct media_sink		sink = { .ctx = f, .part = film_part };
	const struct media_watch	watch = { .ctx = f, .progress = film_progress, .canceled = film_canceled };
	struct media_error		error;

	f->seen_at = counter_clock();
	if (media_transcode(f->media, f->steps, f->nsteps, &f->options, &sink, &watch, &f->result, &error) != MEDIA_OK)
		return (media_failed(f, &error));

	return (1);
}

/* Returns the size of an object, 0 for an audio object that was left out. */
static uint64_t
output_size(const struct film *f, int i)
{
	int	k;

	if (i < f->nsteps)
		return (f->result.renditions[i].size);
	for (k = 0; k < f->result.naudios; k++) {
		if (f->result.audios[k].object == i - f->nsteps)
			return (f->result.audios[k].size);
	}

	return (0);
}

/* Completes a multipart upload. If it is missing, an earlier request whose response was lost may have completed it: check the object. */
static int
output_complete(struct film *f, int i)
{
	struct output		*o = &f->outputs[i];
	struct objects_call	call = call_make(f->order);
	struct objects_stat	stat;
	enum objects_result	r;
	uint64_t		size;

	r = objects_complete(o->key, o->upload, o->parts, o->nparts, NULL, &call);
	if (r == OBJECTS_MISSING)
		r = objects_head(o->key, &stat, &call);
	else if (r == OBJECTS_OK)
		return (1);
	if (r != OBJECTS_OK)
		return (store_failed(f, call.error));

	size = output_size(f, i);

	return (stat.size == size || store_failed(f, "the stored object has the wrong size"));
}

static int
film_complete(struct film *f)
{
	int	i;

	for (i = 0; i < f->noutputs; i++) {
		/* The upload of an object that was left out is aborted from the trash. */
		if (output_size(f, i) > 0 && !output_complete(f, i))
			return (0);
		f->order->alive(f->order->ctx);
	}

	return (1);
}

static int
film_previews(struct film *f)
{
	struct objects_call	call = call_make(f->order);

	if (f->order->track != NULL)
		return (1);
	if (film_previews_store(&f->result.previews, f->folder, &call) != OBJECTS_OK)
		return (store_failed(f, call.error));
	f->order->alive(f->order->ctx);

	return (1);
}

/* Appends a track of a rendition, unless it has none: a row of wanzami.stream. */
static void
stream_describe(json_t *list, const char *kind, const struct media_stream *s)
{
	json_t	*offsets = json_array(), *sizes = json_array(), *durations = json_array(), *iframes = json_array();
	size_t	i;

	for (i = 0; i < s->nsegments; i++) {
		json_array_append_new(offsets, json_integer((json_int_t)s->segments[i].offset));
		json_array_append_new(sizes, json_integer(s->segments[i].size));
		json_array_append_new(durations, json_integer(s->segments[i].duration));
		json_array_append_new(iframes, json_integer(s->segments[i].iframe));
	}
	if (s->nsegments > 0)
		json_array_append_new(list, json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:O,s:O,s:O,s:O}", "kind", kind, "codecs", s->codecs,
		    "timescale", (json_int_t)s->timescale, "bandwidth", (json_int_t)s->peak, "average_bandwidth", (json_int_t)s->average,
		    "iframe_bandwidth", (json_int_t)s->iframe_peak, "init_offset", (json_int_t)s->init.offset, "init_size", (json_int_t)s->init.size,
		    "index_offset", (json_int_t)s->index.offset, "index_size", (json_int_t)s->index.size,
		    "offsets", offsets, "sizes", sizes, "durations", durations, "iframes", iframes));
	json_decref(offsets);
	json_decref(sizes);
	json_decref(durations);
	json_decref(iframes);
}

static json_t *
streams_describe(const struct media_rendition *r)
{
	json_t	*list = json_array();

	stream_describe(list, "video", &r->video);
	stream_describe(list, "audio", &r->audio);

	return (list);
}

/* Adds the audio objects to the list of what was made (sql/functions/queue/audio_publish.sql). Returns 0 if out of memory. */
static int
audios_describe(const struct film *f, json_t *list)
{
	const struct media_audio_object	*o;
	json_t				*streams, *more;
	int				i, ok = 1;

	for (i = 0; i < f->result.naudios && ok; i++) {
		o = &f->result.audios[i];
		streams = json_array();
		stream_describe(streams, "audio", &o->stream);
		more = json_pack("{s:i,s:s,s:s,s:s,s:b,s:i,s:i}", "track", o->track, "language", o->language, "label", o->label,
		    "purpose", media_purpose_name(o->purpose), "described", o->purpose == MEDIA_PURPOSE_DESCRIPTION, "channels", o->channels,
		    "bitrate", o->bitrate);
		ok = json_object_update(json_array_get(streams, 0), more) == 0 && json_array_append_new(list,
		    json_pack("{s:s,s:O}", "object_key", f->outputs[f->nsteps + o->object].key, "audio", json_array_get(streams, 0))) == 0;
		json_decref(more);
		json_decref(streams);
	}

	return (ok);
}

static json_t *
rendition_describe(const struct media_rendition *r, const char *key)
{
	char	uri[OBJECTS_KEY_MAX + 512];

	if (!objects_uri(key, uri, sizeof(uri)))
		return (NULL);

	return (json_pack("{s:s,s:s,s:s,s:I,s:I,s:i,s:i,s:f,s:s,s:I,s:I,s:o}",
	    "rendition", media_rung_name(r->rung), "object_key", key, "url", uri,
	    "size_bytes", (json_int_t)r->size, "duration_ms", (json_int_t)llround(r->duration * 1000),
	    "width", r->width, "height", r->height, "frame_rate", r->fps_den > 0 ? (double)r->fps_num / r->fps_den : 0.0,
	    "codecs", r->codecs, "bandwidth", (json_int_t)r->peak, "average_bandwidth", (json_int_t)r->average,
	    "streams", streams_describe(r)));
}

static int
film_describe(struct film *f)
{
	json_t	*list = json_array();
	int	i;

	for (i = 0; i < f->nsteps; i++) {
		if (json_array_append_new(list, rendition_describe(&f->result.renditions[i], f->outputs[i].key)) != 0) {
			json_decref(list);
			return (film_failed(f, 1, "", "Out of memory while listing the segments."));
		}
	}
	/* wanzami.preview_publish() looks for it in each element. */
	if (f->order->track == NULL)
		json_object_set_new(json_array_get(list, 0), "previews", film_previews_describe(&f->result.previews, f->folder));
	f->outcome->renditions = texts_describe(f, list) && audios_describe(f, list) ? json_dumps(list, JSON_COMPACT) : NULL;
	json_decref(list);

	return (f->outcome->renditions != NULL || film_failed(f, 1, "", "Out of memory while listing the segments."));
}

static char *
notes_describe(const struct media *m)
{
	const char *const	*texts;
	json_t			*list = json_array(), *text;
	char			*json;
	int			i, n;

	texts = media_notes(m, &n);
	for (i = 0; i < n; i++) {
		/* Words of the file, such as the name of a codec, may be no UTF-8: NULL. */
		if ((text = json_string(texts[i])) != NULL)
			json_array_append_new(list, text);
	}
	json = n > 0 ? json_dumps(list, JSON_COMPACT) : NULL;
	json_decref(list);

	return (json);
}

void
film_run(const struct film_order *order, struct film_outcome *outcome)
{
	struct film	*f;
	int		i;

	memset(outcome, 0, sizeof(*outcome));
	if ((f = calloc(1, sizeof(*f))) == NULL) {
		outcome->retry = 1;
		snprintf(outcome->reason, sizeof(outcome->reason), "Out of memory.");
		return;
	}
	f->order = order;
	f->outcome = outcome;
	f->options.allow_silent = order->track == NULL && conf_int(CONF_ALLOW_SILENT);

	if (film_open(f) && film_plan(f) && film_begin(f) && film_transcode(f)) {
		(void)(texts_store(f) && film_complete(f) && film_previews(f) && film_describe(f));
		media_result_free(&f->result);
	}

	if (f->media != NULL) {
		outcome->notes = notes_describe(f->media);
		media_close(f->media);
	}
	source_close(f->source);
	for (i = 0; i < OBJECTS_MAX; i++)
		free(f->outputs[i].parts);
	free(f);
}
