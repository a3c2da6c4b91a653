/*
 * Transcodes a local file without object storage and queue, and prints what came of it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/conf.h"
#include "media/media.h"
#include "transcode_file.h"

static int	as_json;

/* The text of a note may hold words of the file, such as the name of a codec, that are no UTF-8. */
static json_t *
text_json(const char *text)
{
	json_t	*string = json_string(text);

	return (string != NULL ? string : json_string("?"));
}

static void
note_append(void *notes, const char *text)
{
	json_array_append_new(notes, text_json(text));
}

static json_t *
rendition_json(const struct media_rendition *r)
{
	return (json_pack("{s:s,s:i,s:i,s:i,s:i,s:f,s:I,s:I,s:I,s:s}", "rendition", media_rung_name(r->rung), "width", r->width, "height", r->height,
	    "fps_num", r->fps_num, "fps_den", r->fps_den, "duration", r->duration, "bytes", (json_int_t)r->size,
	    "average", (json_int_t)r->average, "peak", (json_int_t)r->peak, "codecs", r->codecs));
}

static json_t *
audio_json(const struct media_audio_object *o)
{
	char	name[MEDIA_AUDIO_NAME_MAX];

	media_audio_name(o, name);

	return (json_pack("{s:s,s:s,s:s,s:s,s:i,s:I,s:I}", "name", name, "language", o->language, "label", o->label,
	    "purpose", media_purpose_name(o->purpose), "channels", o->channels, "bytes", (json_int_t)o->size, "average", (json_int_t)o->stream.average));
}

static void
audio_print(const struct media_audio_object *o)
{
	char	name[MEDIA_AUDIO_NAME_MAX];

	media_audio_name(o, name);
	printf("%s.m4a  %s%s%s, %d channels, %u kbit/s %llu bytes\n", name, o->language, o->purpose != MEDIA_PURPOSE_MAIN ? ", " : "",
	    o->purpose != MEDIA_PURPOSE_MAIN ? media_purpose_name(o->purpose) : "", o->channels, o->stream.average / 1000, (unsigned long long)o->size);
}

static json_t *
text_track_json(const struct media_text *t)
{
	return (json_pack("{s:s,s:s,s:s,s:b,s:b,s:I,s:I}", "language", t->language, "label", t->label, "kind", t->captions ? "captions" : "subtitles",
	    "default", t->is_default, "forced", t->forced, "cues", (json_int_t)t->cues, "bytes", (json_int_t)t->size));
}

static void
text_track_print(const struct media_text *t, int number)
{
	printf("text-%d.vtt  %s, %s%s%s, %zu cues, %zu bytes%s%s\n", number, t->language, t->captions ? "captions" : "subtitles",
	    t->is_default ? ", default" : "", t->forced ? ", forced" : "", t->cues, t->size, *t->label != '\0' ? ": " : "", t->label);
}

static json_t *
previews_json(const struct media_previews *p)
{
	json_t	*posters = json_array(), *markers = json_array(), *o;
	int	i;

	for (i = 0; i < p->nposters; i++)
		json_array_append_new(posters, json_pack("{s:f,s:i,s:i}", "time", p->posters[i].time, "width", p->posters[i].width,
		    "height", p->posters[i].height));
	for (i = 0; i < p->nmarkers; i++)
		json_array_append_new(markers, json_pack("{s:f,s:s}", "start", p->markers[i].start, "title", p->markers[i].title));
	o = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:o}", "sheets", p->nsheets, "interval_ms", p->interval_ms, "columns", p->columns,
	    "rows", p->rows, "width", p->width, "height", p->height, "count", p->count, "posters", posters, "markers", markers);
	json_object_set_new(o, "end_credits", p->end_credits >= 0 ? json_real(p->end_credits) : json_null());

	return (o);
}

static void
result_print(const struct media_result *result, json_t *notes)
{
	const struct media_rendition	*r;
	size_t				i;

	for (i = 0; i < (size_t)result->nrenditions; i++) {
		r = &result->renditions[i];
		printf("%-5s %4d x %-4d %6.2f frames/s %8.2f s %6u kbit/s %10llu bytes  %s\n", media_rung_name(r->rung), r->width, r->height,
		    (double)r->fps_num / r->fps_den, r->duration, r->average / 1000, (unsigned long long)r->size, r->codecs);
	}
	for (i = 0; i < (size_t)result->naudios; i++)
		audio_print(&result->audios[i]);
	for (i = 0; i < (size_t)result->ntexts; i++)
		text_track_print(&result->texts[i], (int)i + 1);
	for (i = 0; i < json_array_size(notes); i++)
		printf("note: %s\n", json_string_value(json_array_get(notes, i)));
}

/* Prints one JSON object and takes `notes`. */
static void
result_dump(const struct media_result *result, const struct media_error *error, json_t *notes)
{
	json_t	*o = json_object(), *list = json_array(), *audios = json_array(), *texts = json_array();
	int	i;

	if (error->reason != MEDIA_OK) {
		json_object_set_new(o, "error", json_pack("{s:s,s:o,s:b}", "reason", media_reason_name(error->reason), "text", text_json(error->text),
		    "retry", error->retry));
	} else {
		json_object_set_new(o, "duration", json_real(result->duration));
		for (i = 0; i < result->nrenditions; i++)
			json_array_append_new(list, rendition_json(&result->renditions[i]));
		json_object_set(o, "renditions", list);
		for (i = 0; i < result->naudios; i++)
			json_array_append_new(audios, audio_json(&result->audios[i]));
		json_object_set(o, "audios", audios);
		for (i = 0; i < result->ntexts; i++)
			json_array_append_new(texts, text_track_json(&result->texts[i]));
		json_object_set(o, "texts", texts);
		json_object_set_new(o, "previews", previews_json(&result->previews));
	}
	json_object_set_new(o, "notes", notes);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(texts);
	json_decref(audios);
	json_decref(list);
	json_decref(o);
}

/* The film cannot be ended in any other way: the process does. */
static void
stuck_exit(const char *text)
{
	struct media_error	error = { .reason = MEDIA_TOO_LARGE };

	snprintf(error.text, sizeof(error.text), "%s", text);
	if (as_json)
		result_dump(NULL, &error, json_array());
	else
		fprintf(stderr, "wanzami: %s\n", text);
	fflush(stdout);
	_exit(1);
}

int
transcode_file(const char *input, const char *outdir, int json)
{
	struct media_options	options = { .field_rate = !strcmp(conf_str(CONF_DEINTERLACE), "field"),
				    .allow_silent = (int)conf_int(CONF_ALLOW_SILENT) };
	struct media_result	result;
	struct media_error	error;
	json_t			*notes = json_array();
	int			status;

	as_json = json;
	media_init(NULL);
	media_on_stuck(stuck_exit);
	status = media_transcode_file(input, outdir, (1u << MEDIA_RUNGS) - 1, &options, 1, note_append, notes, &result, &error);
	if (json)
		result_dump(&result, &error, json_incref(notes));
	else if (status == MEDIA_OK)
		result_print(&result, notes);
	else
		fprintf(stderr, "wanzami: %s\n", error.text);
	json_decref(notes);
	if (status == MEDIA_OK)
		media_result_free(&result);

	return (status == MEDIA_OK ? 0 : 1);
}
