/*
 * Previews as files, for `wanzami transcode`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/previews.h"

#define PATH_BYTES	4096
#define NAME_BYTES	32

static int
bytes_write(const char *folder, const char *name, const void *data, size_t size, struct media_error *error)
{
	char	path[PATH_BYTES];
	FILE	*fp;
	int	ok;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if ((ok = (fp = fopen(path, "w")) != NULL)) {
		ok = fwrite(data, 1, size, fp) == size;
		ok = fclose(fp) == 0 && ok;
	}

	return (ok ? MEDIA_OK : media_fail(error, MEDIA_SINK, "%s cannot be written: %s.", path, strerror(errno)));
}

/* Writes NAME-1.jpg and so on. */
static int
pictures_write(const char *folder, const char *name, const struct media_jpeg *list, int n, struct media_error *error)
{
	char	file[NAME_BYTES];
	int	i, status = MEDIA_OK;

	for (i = 0; i < n && status == MEDIA_OK; i++) {
		snprintf(file, sizeof(file), "%s-%d.jpg", name, i + 1);
		status = bytes_write(folder, file, list[i].data, list[i].size, error);
	}

	return (status);
}

static int
storyboard_write(const char *folder, const struct media_previews *p, double duration, struct media_error *error)
{
	char		(*names)[NAME_BYTES] = calloc((size_t)p->nsheets, sizeof(*names)), *text = NULL;
	const char	**uris = calloc((size_t)p->nsheets, sizeof(*uris));
	int		i, status;

	for (i = 0; names != NULL && uris != NULL && i < p->nsheets; i++) {
		snprintf(names[i], sizeof(names[i]), "sheet-%d.jpg", i + 1);
		uris[i] = names[i];
	}
	if (names == NULL || uris == NULL || (text = media_storyboard_vtt(p, duration, uris)) == NULL)
		status = media_fail(error, MEDIA_MEMORY, "Out of memory.");
	else if ((status = pictures_write(folder, "sheet", p->sheets, p->nsheets, error)) == MEDIA_OK)
		status = bytes_write(folder, "previews.vtt", text, strlen(text), error);
	free(text);
	free(names);
	free(uris);

	return (status);
}

int
media_previews_write(const char *folder, const struct media_result *result, struct media_error *error)
{
	const struct media_previews	*p = &result->previews;
	int				status = MEDIA_OK;

	if (p->nsheets > 0)
		status = storyboard_write(folder, p, result->duration, error);
	if (status == MEDIA_OK)
		status = pictures_write(folder, "poster", p->posters, p->nposters, error);

	return (status);
}
