/*
 * Composition of object keys.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "store/object_key.h"

#define NAME_MAX_BYTES	200
#define EXTENSION_MAX	16
#define NAME_DEFAULT	"film"

/* Returns the start of the UTF-8 character that contains byte n. */
static size_t
character_start(const char *text, size_t n)
{
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;

	return (n);
}

static void
name_clean(const char *file, char out[NAME_MAX_BYTES + 1])
{
	const char	*p, *dot;
	char		name[4096];
	size_t		n = 0, keep;

	for (p = file; *p != '\0'; p++) {
		if (*p == '/' || *p == '\\')
			n = 0;
		else if ((unsigned char)*p >= ' ' && *p != 0x7f && n + 1 < sizeof(name))
			name[n++] = *p;
	}
	name[n] = '\0';
	name[character_start(name, n)] = '\0';
	n = strlen(name);
	if (n == 0 || !strcmp(name, ".") || !strcmp(name, ".."))
		n = (size_t)snprintf(name, sizeof(name), NAME_DEFAULT);
	if (n > NAME_MAX_BYTES) {
		dot = strrchr(name, '.');
		if (dot == NULL || strlen(dot) > EXTENSION_MAX)
			dot = name + n;
		keep = character_start(name, NAME_MAX_BYTES - strlen(dot));
		memmove(name + keep, dot, strlen(dot) + 1);
	}
	memcpy(out, name, strlen(name) + 1);
}

void
object_key_make(const char *folder, const char *file, char key[OBJECTS_KEY_MAX + 1])
{
	char		uuid[RANDOM_UUID_MAX], name[NAME_MAX_BYTES + 1] = "";
	struct timespec	now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	random_uuid(uuid);
	if (file != NULL)
		name_clean(file, name);
	snprintf(key, OBJECTS_KEY_MAX + 1, "%s/%lld-%s%s%s", folder, (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, uuid,
	    file != NULL ? "/" : "", name);
}
