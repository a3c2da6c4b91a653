/*
 * Files of timed text. What is written for any file is valid: it can be read
 * again and gives the same cues.
 */
#include "fuzz.h"

#include "base/language.h"
#include "base/utf8.h"
#include "base/vtt.h"

FUZZ_BEGIN(kore_mem_init())

/* Checks a written file; the next one that is made of it must be the same. Frees the text. */
static void
written_check(struct vtt *v)
{
	struct vtt	again = { 0 };
	char		*text, *copy, error[VTT_ERROR_MAX];
	size_t		i, len, copied;

	MUST((text = vtt_write(v, &len)) != NULL && strlen(text) == len && len <= VTT_FILE_MAX && utf8_ok(text, len));
	for (i = 0; i < v->count; i++) {
		MUST(v->cues[i].start >= 0 && v->cues[i].start < v->cues[i].end && v->cues[i].end <= VTT_TIME_MAX);
		MUST(i == 0 || v->cues[i - 1].start <= v->cues[i].start);
		MUST(*v->cues[i].text != '\0' && strstr(v->cues[i].text, "-->") == NULL && strstr(v->cues[i].text, "\n\n") == NULL);
	}
	if (v->count > 0) {
		MUST(vtt_read(&again, text, len, error) == VTT_OK && again.count == v->count);
		MUST((copy = vtt_write(&again, &copied)) != NULL);
		MUST(again.count < v->count || !strcmp(text, copy));
		free(copy);
	}
	vtt_free(&again);
	free(text);
}

static void
tag_check(const char *text)
{
	char	tag[LANGUAGE_MAX], again[LANGUAGE_MAX];

	if (language_tag(text, tag)) {
		MUST(strlen(tag) <= strlen(text));
		MUST(language_tag(tag, again) && !strcmp(tag, again));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct vtt	file = { 0 }, event = { 0 };
	char		*text = text_of(data, len), error[VTT_ERROR_MAX];
	enum vtt_result	status = vtt_read(&file, text, len, error);

	MUST((status == VTT_OK) == (*error == '\0') && (status != VTT_OK || file.count > 0) && memchr(error, '\0', sizeof(error)) != NULL);
	written_check(&file);
	vtt_free(&file);
	MUST(vtt_add(&event, 0, 1000, text, len, VTT_MARKUP_ASS, len > 0 ? *data & 7 : 0) == VTT_OK);
	written_check(&event);
	vtt_free(&event);
	tag_check(text);
	free(text);

	return (0);
}
