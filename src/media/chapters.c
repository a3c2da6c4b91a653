/*
 * Chapters of the source as markers on the film's clock.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "media/previews.h"

#define CREDITS_SHARE	0.5	/* of the film: end credits begin after it */

/* Copies as much of the text as is valid UTF-8 and fits, without control characters. */
static void
title_copy(const char *text, char *out, size_t size)
{
	const char	*end = text + strlen(text);
	size_t		used = 0, n;

	while (text < end && (n = utf8_length(text, end)) > 0 && used + n < size) {
		memcpy(out + used, text, n);
		if (n == 1 && iscntrl((unsigned char)*text))
			out[used] = ' ';
		used += n;
		text += n;
	}
	out[used] = '\0';
}

static int
marker_compare(const void *a, const void *b)
{
	const struct media_marker	*x = a, *y = b;

	return ((x->start > y->start) - (x->start < y->start));
}

/* Returns 1 for the title of a chapter with the end credits. */
static int
is_credits(const char *title)
{
	static const char *const	words[] = { "credits", "abspann", "générique", "generique", "créditos", "creditos", "titoli di coda" };
	size_t				i;

	/* A scene after the credits is none of them. */
	if (strcasestr(title, "post") != NULL || strcasestr(title, "after") != NULL || strcasestr(title, "opening") != NULL)
		return (0);
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasestr(title, words[i]) != NULL)
			return (1);
	}

	return (0);
}

/* Sets the marker of a chapter. Returns 0 if it does not begin within the film. */
static int
marker_set(const struct media *m, const AVChapter *chapter, double duration, struct media_marker *out)
{
	const AVDictionaryEntry	*title = av_dict_get(chapter->metadata, "title", NULL, 0);
	int64_t			at;

	if (chapter->start == AV_NOPTS_VALUE || chapter->time_base.num <= 0 || chapter->time_base.den <= 0)
		return (0);
	at = av_rescale_q(chapter->start, chapter->time_base, AV_TIME_BASE_Q);
	if (at == INT64_MIN || at > (int64_t)MEDIA_MAX_SECONDS * AV_TIME_BASE)
		return (0);
	at -= m->clock.origin;
	/* The first chapter begins at 0 of the file, the film at its first frame. */
	out->start = at > 0 ? (double)at / AV_TIME_BASE : 0;
	title_copy(title != NULL ? title->value : "", out->title, sizeof(out->title));

	return (out->start < duration);
}

void
media_chapters_read(const struct media *m, double duration, struct media_previews *out)
{
	unsigned	i, n = m->format->nb_chapters < MEDIA_MARKERS_MAX ? m->format->nb_chapters : MEDIA_MARKERS_MAX;
	int		k, kept = 0;

	out->end_credits = -1;
	if (n == 0 || (out->markers = calloc(n, sizeof(*out->markers))) == NULL)
		return;
	for (i = 0; i < n; i++)
		out->nmarkers += marker_set(m, m->format->chapters[i], duration, &out->markers[out->nmarkers]);
	qsort(out->markers, (size_t)out->nmarkers, sizeof(*out->markers), marker_compare);
	/* Keep one of several markers at the same time, such as those of other editions. */
	for (k = 0; k < out->nmarkers; k++) {
		if (kept == 0 || out->markers[k].start > out->markers[kept - 1].start)
			out->markers[kept++] = out->markers[k];
	}
	out->nmarkers = kept;
	for (k = 0; k < kept && out->end_credits < 0; k++) {
		if (out->markers[k].start > CREDITS_SHARE * duration && is_credits(out->markers[k].title))
			out->end_credits = out->markers[k].start;
	}
}
