/*
 * Object keys of new objects: unique and impossible to guess
 * (docs/compatibility.md#object-keys).
 */
#ifndef WANZAMI_OBJECT_KEY_H
#define WANZAMI_OBJECT_KEY_H

#include "store/objects.h"

/*
 * Writes folder/{epoch ms}-{UUID v4}, followed by /{file name} unless file is
 * NULL. Uses the last path segment of file, without control characters, cut to
 * 200 bytes in front of its extension; "film" if nothing is left
 * (docs/compatibility.md#object-keys). folder must be a valid key. Any thread.
 */
void	object_key_make(const char *folder, const char *file, char key[OBJECTS_KEY_MAX + 1]);

#endif
