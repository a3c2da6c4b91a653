/*
 * The renditions of a film (docs/compatibility.md#rendition-ladder).
 */
#include "unit.h"

#include <stdio.h>

#include "media/media.h"

#define ALL	((1u << MEDIA_RUNGS) - 1)

/* Returns the renditions as "R1080 1920x1080, R720 1280x720". */
static void
ladder(int width, int height, unsigned requested, const char *wanted)
{
	struct media_info	info = { .width = width, .height = height, .fps_num = 25, .fps_den = 1 };
	struct media_step	steps[MEDIA_RUNGS];
	char			out[256] = "";
	int			i, n = media_ladder(&info, requested, steps);

	for (i = 0; i < n; i++) {
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s %dx%d", i > 0 ? ", " : "", media_rung_name(steps[i].rung), steps[i].width, steps[i].height);
		assert_true(steps[i].width % 2 == 0 && steps[i].height % 2 == 0 && steps[i].maxrate > 0);
	}
	assert_string_equal(out, wanted);
}

static void
landscape(void **state)
{
	(void)state;
	ladder(1920, 1080, ALL, "R1080 1920x1080, R720 1280x720, R360 640x360");
	ladder(3840, 2160, ALL, "R4K 3840x2160, R2K 2560x1440, R1080 1920x1080, R720 1280x720, R360 640x360");
	ladder(1280, 720, 1u << MEDIA_R1080 | 1u << MEDIA_R360, "R1080 1280x720, R360 640x360");
	ladder(640, 360, ALL, "R360 640x360");
	ladder(320, 180, ALL, "R360 320x180");
	ladder(1920, 804, ALL, "R1080 1920x804, R720 1280x536, R360 640x268");
	ladder(3840, 1608, ALL, "R4K 3840x1608, R2K 2560x1072, R1080 1920x804, R720 1280x536, R360 640x268");
	ladder(1440, 1080, ALL, "R1080 1440x1080, R720 960x720, R360 480x360");
	ladder(768, 576, ALL, "R720 768x576, R360 480x360");
	ladder(1920, 1080, 1u << MEDIA_R360, "R360 640x360");
	ladder(1920, 1080, 1u << MEDIA_R4K, "R4K 1920x1080");
	ladder(1920, 1080, 0, "");
}

static void
odd_sizes(void **state)
{
	(void)state;
	ladder(1080, 1920, 1u << MEDIA_R720 | 1u << MEDIA_R1080, "R1080 1080x1920, R720 720x1280");
	ladder(804, 1920, ALL, "R1080 804x1920, R720 536x1280, R360 268x640");
	ladder(1080, 2400, ALL, "R2K 1080x2400, R1080 864x1920, R720 576x1280, R360 288x640");
	ladder(1920, 1088, ALL, "R2K 1920x1088, R1080 1906x1080, R720 1270x720, R360 636x360");
	ladder(4096, 2160, ALL, "R4K 3840x2026, R2K 2560x1350, R1080 1920x1012, R720 1280x676, R360 640x338");
	ladder(1, 1, ALL, "R360 2x2");
	ladder(853, 480, ALL, "R720 852x480, R360 640x360");
	ladder(8192, 16, 1u << MEDIA_R360, "R360 640x2");
}

static void
names(void **state)
{
	int	i;

	(void)state;
	for (i = 0; i < MEDIA_RUNGS; i++)
		assert_int_equal(media_rung_parse(media_rung_name((enum media_rung)i)), i);
	assert_int_equal(media_rung_parse("R480"), -1);
	assert_int_equal(media_rung_parse(""), -1);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(landscape), cmocka_unit_test(odd_sizes), cmocka_unit_test(names) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
