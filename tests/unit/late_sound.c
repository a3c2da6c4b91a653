/*
 * The search for sound that begins late reads a whole film: it ends when a limit of the film is reached, or the film is canceled.
 */
#include "unit.h"

#include "media/internal.h"

#define PACKET	188
#define SIZE	(INT64_C(1) << 30)
#define STOP	(INT64_C(8) << 20)	/* bytes after which the film is stopped */
#define SLACK	(INT64_C(2) << 20)	/* that may still be read */

/* A film of a gigabyte without any track: null packets of a transport stream. */
struct source {
	struct media	m;
	int64_t		bytes;
	int		cancel;
	int		canceled;
};

static int64_t
source_read(void *ctx, int64_t offset, void *buf, size_t len)
{
	struct source		*s = ctx;
	static const uint8_t	head[] = { 0x47, 0x1f, 0xff, 0x10 };
	uint8_t			*out = buf;
	size_t			i, at;

	for (i = 0; i < len; i++) {
		at = (size_t)(offset + (int64_t)i) % PACKET;
		out[i] = at < sizeof(head) ? head[at] : 0xff;
	}
	s->bytes += (int64_t)len;
	if (s->bytes >= STOP && s->cancel)
		s->canceled = 1;
	else if (s->bytes >= STOP)
		atomic_store(&s->m.limits.reached, 1);

	return ((int64_t)len);
}

static int
source_canceled(void *ctx)
{
	return (((struct source *)ctx)->canceled);
}

static void
search(int cancel)
{
	struct source	s = { .cancel = cancel };
	int		stream, id;

	s.m.source = (struct media_source){ .ctx = &s, .size = SIZE, .read_at = source_read };
	s.m.canceled = source_canceled;
	s.m.cancel_ctx = &s;
	assert_true(media_io_open(&s.m));
	assert_int_equal(avformat_open_input(&s.m.format, "", av_find_input_format("mpegts"), NULL), 0);
	s.bytes = 0;
	assert_int_equal(media_audio_search(&s.m, &stream, &id), MEDIA_SOUND_NONE);
	assert_in_range(s.bytes, STOP, STOP + SLACK);
	media_io_close(&s.m);
}

static void
limit(void **state)
{
	(void)state;
	search(0);
}

static void
cancellation(void **state)
{
	(void)state;
	search(1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(limit),
		cmocka_unit_test(cancellation),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
