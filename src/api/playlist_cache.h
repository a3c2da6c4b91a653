/*
 * The playlists that a worker has made, so that it does not make and compress
 * them again for each viewer. The caller decides if a viewer may have one. Event
 * loop only.
 */
#ifndef WANZAMI_PLAYLIST_CACHE_H
#define WANZAMI_PLAYLIST_CACHE_H

#include "http/request.h"

/* Returns the version of the playlist with this key, valid until the next call of this module; "" if there is none. */
const char	*playlist_cache_version(const char *key);

/*
 * Returns the generation of the catalogue (http/generation.h) in which all viewers may have the playlist with this key; GENERATION_NONE if this is
 * not known of any, or there is no such playlist.
 */
unsigned long	playlist_cache_generation(const char *key);

/* Sets the generation in which all viewers may have the playlist, if there is one with this key. */
void	playlist_cache_admit(const char *key, unsigned long generation);

/* Answers with the playlist and returns 1, or returns 0 if the cache does not have this version; NULL: any. */
int	playlist_cache_reply(struct request *, const char *key, const char *version);

/* Adds a playlist in place of one with the same key. Takes the text; type is static storage. */
void	playlist_cache_add(const char *key, const char *version, const char *type, char *text);

#endif
