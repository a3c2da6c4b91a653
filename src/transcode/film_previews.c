/*
 * Stores the previews of a film and describes them for the database.
 */
#include <math.h>
#include <stdio.h>

#include "transcode/film_previews.h"

#define KEY_BYTES	(OBJECTS_KEY_MAX + 32)

static void
key_write(char key[KEY_BYTES], const char *folder, const char *name, int i)
{
	snprintf(key, KEY_BYTES, "%s/%s-%d.jpg", folder, name, i + 1);
}

static void
keys_append(json_t *keys, const char *folder, const char *name, int n)
{
	char	key[KEY_BYTES];
	int	i;

	for (i = 0; i < n; i++) {
		key_write(key, folder, name, i);
		json_array_append_new(keys, json_string(key));
	}
}

void
film_previews_plan(json_t *keys, const char *folder, double duration)
{
	keys_append(keys, folder, "sheet", media_storyboard_sheets(duration));
	keys_append(keys, folder, "poster", MEDIA_POSTERS_MAX);
}

static enum objects_result
pictures_store(const struct media_jpeg *list, int n, const char *folder, const char *name, struct objects_call *call)
{
	enum objects_result	r = OBJECTS_OK;
	char			key[KEY_BYTES];
	int			i;

	for (i = 0; i < n && r == OBJECTS_OK; i++) {
		key_write(key, folder, name, i);
		r = objects_put(key, "image/jpeg", list[i].data, list[i].size, NULL, call);
	}

	return (r);
}

enum objects_result
film_previews_store(const struct media_previews *p, const char *folder, struct objects_call *call)
{
	enum objects_result	r = pictures_store(p->sheets, p->nsheets, folder, "sheet", call);

	return (r == OBJECTS_OK ? pictures_store(p->posters, p->nposters, folder, "poster", call) : r);
}

static double
milliseconds(double seconds)
{
	return (round(seconds * 1000) / 1000);
}

json_t *
film_previews_describe(const struct media_previews *p, const char *folder)
{
	json_t	*sheets = json_array(), *posters = json_array(), *markers = json_array();
	int	i;

	keys_append(sheets, folder, "sheet", p->nsheets);
	keys_append(posters, folder, "poster", p->nposters);
	for (i = 0; i < p->nmarkers; i++)
		json_array_append_new(markers, json_pack("{s:f,s:s}", "start", milliseconds(p->markers[i].start), "title", p->markers[i].title));

	return (json_pack("{s:o,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:o,s:o}", "sheets", sheets, "interval_ms", p->interval_ms, "columns", p->columns,
	    "rows", p->rows, "width", p->width, "height", p->height, "count", p->count, "posters", posters, "markers", markers,
	    "end_credits", p->end_credits >= 0 ? json_real(milliseconds(p->end_credits)) : json_null()));
}
