/*
 * Time, chance and a name made harmless.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "store/newkey.h"

#define NAME_MAX_BYTES	200
#define EXTENSION_MAX	16
#define NAMELESS	"film"

/* Takes the end of a text back to where a character begins. */
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
		n = (size_t)snprintf(name, sizeof(name), NAMELESS);
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
newkey_make(const char *folder, const char *file, char key[OBJECTS_KEY_MAX + 1])
{
	unsigned char	u[16] = { 0 };
	char		name[NAME_MAX_BYTES + 1] = "";
	struct timespec	now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)getrandom(u, sizeof(u), 0);
	u[6] = (u[6] & 0x0f) | 0x40;	/* RFC 9562 §5.4 */
	u[8] = (u[8] & 0x3f) | 0x80;
	if (file != NULL)
		name_clean(file, name);
	snprintf(key, OBJECTS_KEY_MAX + 1, "%s/%lld-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x%s%s", folder,
	    (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
	    u[11], u[12], u[13], u[14], u[15], file != NULL ? "/" : "", name);
}
