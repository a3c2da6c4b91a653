/*
 * Cron expressions and time zones. The input is a zone and, on the next line,
 * an expression. Times are increasing, each time matches the expression, and a
 * query from one second earlier returns the same time.
 */
#include "fuzz.h"

#include "base/cron_expr.h"

#define FROM	1767225600	/* 2026-01-01 */
#define STEPS	12

static void
zone_check(const struct zone *z)
{
	int64_t	at = FROM, next;
	int	i;

	for (i = 0; i < STEPS && (next = zone_change(z, at)) != ZONE_NEVER; i++, at = next) {
		MUST(next > at);
		MUST(zone_offset(z, next - 1) == zone_offset(z, at));
	}
}

static void
cron_check(const struct cron *c, const struct zone *z)
{
	int64_t	at = FROM, next;
	int	i;

	for (i = 0; i < STEPS && (next = cron_next(c, z, at)) != CRON_NEVER; i++, at = next) {
		MUST(next > at);
		MUST(cron_next(c, z, next - 1) == next);
		MUST(cron_next(c, z, at + (next - at) / 2) == next);
	}
	MUST(c->off || i == STEPS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char		*text = text_of(data, len), *expression = strchr(text, '\n');
	struct zone	z;
	struct cron	c;

	if (expression != NULL) {
		*expression++ = '\0';
		if (!zone_parse(&z, text))
			(void)zone_parse(&z, "Europe/Berlin");
		zone_check(&z);
		if (cron_parse(&c, expression) == NULL)
			cron_check(&c, &z);
	}
	free(text);

	return (0);
}
