/*
 * Cues of timed text, and their WebVTT file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/vtt.h"
#include "base/vtt_text.h"

#define SIGNATURE	"WEBVTT\n"
#define CUE_BYTES	32	/* times, arrow and line ends of a cue */
#define JOIN_MS		1	/* cues that are not further apart follow each other */

static int
room_make(struct vtt *v)
{
	size_t		room = v->room == 0 ? 64 : v->room * 2;
	struct vtt_cue	*cues;

	if (v->count < v->room)
		return (1);
	if ((cues = realloc(v->cues, room * sizeof(*cues))) == NULL)
		return (0);
	v->cues = cues;
	v->room = room;

	return (1);
}

enum vtt_result
vtt_add(struct vtt *v, int64_t start, int64_t end, const char *text, size_t len, enum vtt_markup markup, unsigned style)
{
	char	*payload;
	size_t	bytes;

	start = start < 0 ? 0 : start;
	end = end > VTT_TIME_MAX ? VTT_TIME_MAX : end;
	if (end <= start)
		return (VTT_OK);
	if (len > VTT_FILE_MAX)
		return (VTT_TOO_LARGE);
	if ((payload = vtt_text(text, len, markup, style)) == NULL || !room_make(v)) {
		free(payload);
		return (VTT_MEMORY);
	}
	bytes = strlen(payload) + CUE_BYTES;
	if (*payload == '\0' || v->count == VTT_CUES_MAX || v->bytes + bytes + sizeof(SIGNATURE) > VTT_FILE_MAX) {
		bytes = *payload == '\0' ? 0 : bytes;
		free(payload);
		return (bytes == 0 ? VTT_OK : VTT_TOO_LARGE);
	}
	v->cues[v->count] = (struct vtt_cue){ .start = start, .end = end, .order = v->count, .text = payload };
	v->count++;
	v->bytes += bytes;

	return (VTT_OK);
}

static int
cue_compare(const void *a, const void *b)
{
	const struct vtt_cue	*x = a, *y = b;

	if (x->start != y->start)
		return (x->start < y->start ? -1 : 1);
	if (x->end != y->end)
		return (x->end < y->end ? -1 : 1);

	return (x->order < y->order ? -1 : x->order > y->order);
}

/* Joins a cue to one before it that shows the same text until it begins or at the same time. Returns 0 if there is none. */
static int
cue_join(struct vtt *v, size_t kept, const struct vtt_cue *c)
{
	struct vtt_cue	*before;
	size_t		i;

	/* The cues are in the order of time; a few can be shown together. */
	for (i = kept; i-- > 0 && kept - i <= 8;) {
		before = &v->cues[i];
		if (before->end + JOIN_MS >= c->start && !strcmp(before->text, c->text)) {
			before->end = before->end > c->end ? before->end : c->end;
			return (1);
		}
	}

	return (0);
}

static void
cues_order(struct vtt *v)
{
	size_t	i, kept = 0;

	if (v->count > 0)
		qsort(v->cues, v->count, sizeof(*v->cues), cue_compare);
	for (i = 0; i < v->count; i++) {
		if (cue_join(v, kept, &v->cues[i]))
			free(v->cues[i].text);
		else
			v->cues[kept++] = v->cues[i];
	}
	/* A cue that was joined ends later than it did. */
	if (kept > 0 && kept < v->count)
		qsort(v->cues, kept, sizeof(*v->cues), cue_compare);
	v->count = kept;
}

static int
time_write(char *out, size_t size, int64_t ms)
{
	return (snprintf(out, size, "%02d:%02d:%02d.%03d", (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000)));
}

char *
vtt_write(struct vtt *v, size_t *len)
{
	size_t	i, at, size = v->bytes + sizeof(SIGNATURE);
	char	*out = malloc(size);

	if (out == NULL)
		return (NULL);
	cues_order(v);
	at = (size_t)snprintf(out, size, SIGNATURE);
	for (i = 0; i < v->count; i++) {
		out[at++] = '\n';
		at += (size_t)time_write(out + at, size - at, v->cues[i].start);
		at += (size_t)snprintf(out + at, size - at, " --> ");
		at += (size_t)time_write(out + at, size - at, v->cues[i].end);
		at += (size_t)snprintf(out + at, size - at, "\n%s\n", v->cues[i].text);
	}
	*len = at;

	return (out);
}

void
vtt_free(struct vtt *v)
{
	size_t	i;

	for (i = 0; i < v->count; i++)
		free(v->cues[i].text);
	free(v->cues);
	memset(v, 0, sizeof(*v));
}
