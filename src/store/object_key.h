/*
 * Keys of new objects: a folder, a part that nobody can guess and that no two
 * share, and perhaps a file's name (docs/compatibility.md#object-keys).
 */
#ifndef WANZAMI_OBJECT_KEY_H
#define WANZAMI_OBJECT_KEY_H

#include "store/objects.h"

/*
 * Writes folder/{epoch ms}-{uuid v4}, and behind it /{file name} unless file
 * is NULL. Of a file name only its last segment counts, without control
 * characters, cut to 200 bytes in front of its extension
 * (docs/compatibility.md#object-keys). folder must be one. Any thread.
 */
void	object_key_make(const char *folder, const char *file, char key[OBJECTS_KEY_MAX + 1]);

#endif
