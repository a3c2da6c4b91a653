/*
 * Previews of a film in object storage: the keys of their objects, the objects and
 * their description for the database. `folder` is the prefix of the film's
 * object keys, without a slash at its end. Any thread.
 */
#ifndef WANZAMI_FILM_PREVIEWS_H
#define WANZAMI_FILM_PREVIEWS_H

#include <jansson.h>

#include "media/media.h"
#include "store/objects.h"

/* Appends the keys of all objects that the previews of a film with this duration may have; 0 stands for an unknown duration. */
void	film_previews_plan(json_t *keys, const char *folder, double duration);

/* Stores the sheets and the posters. Blocks. Returns what objects_put() has returned for the last one. */
enum objects_result	film_previews_store(const struct media_previews *, const char *folder, struct objects_call *);

/* Returns the previews as wanzami.preview_publish() takes them; NULL if out of memory. */
json_t	*film_previews_describe(const struct media_previews *, const char *folder);

#endif
