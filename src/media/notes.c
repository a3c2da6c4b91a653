/*
 * The notes on a film: what was left out of its renditions or repaired in them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/internal.h"

/* Adds a note, which it owns, unless it is there already. */
static void
note_add(struct media *m, char *text)
{
	int	i;

	for (i = 0; i < m->nnotes && strcmp(m->notes[i], text) != 0; i++)
		;
	if (i < m->nnotes || m->nnotes == MEDIA_NOTES_MAX)
		free(text);
	else
		m->notes[m->nnotes++] = text;
}

void
media_note(struct media *m, const char *fmt, ...)
{
	va_list	args;
	char	*text;
	int	n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n == -1)
		return;
	pthread_mutex_lock(&m->notes_lock);
	note_add(m, text);
	pthread_mutex_unlock(&m->notes_lock);
}

const char *const *
media_notes(const struct media *m, int *count)
{
	*count = m->nnotes;

	return ((const char *const *)m->notes);
}
