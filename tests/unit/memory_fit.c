/*
 * Threads and waiting frames of a film by the memory of the container.
 */
#include "unit.h"

#include "media/internal.h"

#define MB	(1LL << 20)

/* Checks what a film with these frames and three renditions gets on 64 CPUs with so much memory, -1 without a limit. */
static void
fit(int width, int height, enum AVPixelFormat format, long long share, int threads_min, int threads_max, int waiting_min, int waiting_max)
{
	const struct media_step	steps[] = { { .width = 1920, .height = 1080 }, { .width = 1280, .height = 720 }, { .width = 640, .height = 360 } };
	struct media		m = { .info = { .width = width, .height = height }, .limits = { .share = share } };
	int			threads = 64, waiting = 24;

	m.format = avformat_alloc_context();
	assert_non_null(m.format);
	assert_non_null(avformat_new_stream(m.format, NULL));
	m.format->streams[0]->codecpar->format = format;
	media_limits_fit(&m, steps, 3, &threads, &waiting);
	avformat_free_context(m.format);
	assert_in_range(threads, threads_min, threads_max);
	assert_in_range(waiting, waiting_min, waiting_max);
}

static void
memory(void **state)
{
	(void)state;
	fit(1920, 1080, AV_PIX_FMT_YUV420P, -1, 64, 64, 24, 24);
	fit(1920, 1080, AV_PIX_FMT_YUV420P, 8192 * MB, 64, 64, 24, 24);
	fit(1920, 1080, AV_PIX_FMT_YUV420P, 1300 * MB, 40, 63, 6, 6);
	fit(1920, 1080, AV_PIX_FMT_YUV420P, 600 * MB, 2, 20, 6, 6);
	fit(1920, 1080, AV_PIX_FMT_YUV420P, 100 * MB, 1, 1, 6, 6);
	fit(1920, 1080, AV_PIX_FMT_NONE, 1300 * MB, 40, 63, 6, 6);
	fit(3840, 2160, AV_PIX_FMT_YUV422P10, 1300 * MB, 2, 20, 6, 6);	/* larger frames, fewer threads */
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(memory) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
