/*
 * Films: the demuxers, the choice of tracks and what is said about them. Every
 * input is opened or refused with a sentence, within the limits; then up to a
 * thousand packets are read by hand of the opened file's demuxer.
 */
#include <math.h>

#include "fuzz.h"

#include <string.h>

#include "media/internal.h"

struct input {
	const uint8_t	*data;
	size_t		len;
};

FUZZ_BEGIN(media_init(NULL))

static int64_t
read_at(void *ctx, int64_t offset, void *buf, size_t len)
{
	const struct input	*in = ctx;

	if (offset < 0 || (size_t)offset >= in->len)
		return (0);
	if (len > in->len - (size_t)offset)
		len = in->len - (size_t)offset;
	memcpy(buf, in->data + offset, len);

	return ((int64_t)len);
}

static void
packets_read(struct media *m)
{
	AVPacket	*p = av_packet_alloc();
	int		i;

	for (i = 0; p != NULL && i < 1000 && av_read_frame(m->format, p) >= 0; i++)
		av_packet_unref(p);
	av_packet_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input			in = { data, len };
	const struct media_source	source = { .ctx = &in, .size = (int64_t)len, .read_at = read_at };
	const struct media_info		*info;
	struct media_error		error;
	struct media			*m;
	struct media_step		steps[MEDIA_RUNGS];

	if (media_open(&source, &m, &error) != MEDIA_OK) {
		MUST(m == NULL && *error.text != '\0' && strchr(error.text, '\n') == NULL && error.text[strlen(error.text) - 1] == '.');
		return (0);
	}
	info = media_info(m);
	MUST(info->width > 0 && info->height > 0 && info->fps_num > 0 && info->fps_den > 0);
	MUST(info->duration >= 0 && info->duration < INFINITY);	/* a few bytes can claim any duration (source_probe.c) */
	MUST(media_ladder(info, (1u << MEDIA_RUNGS) - 1, steps) > 0);
	packets_read(m);
	media_close(m);

	return (0);
}
