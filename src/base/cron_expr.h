/*
 * Cron expressions.
 *
 *	minute hour day month weekday		as in crontab(5), with names, ranges, lists and steps
 *	second minute hour day month weekday	(docs/compatibility.md#cron-schedules)
 *	@hourly @daily @midnight @weekly @monthly @yearly @annually
 *	@every 15m				in h, m and s; counted from midnight UTC of 1970-01-01
 *	off					never
 *
 * If day and weekday are both restricted, a day matches if either matches.
 * Daylight saving time: a time in the skipped hour is due at the end of that
 * hour; a time in the repeated hour is due the first time only. Expressions
 * with hour "*", with or without a step, follow elapsed time instead: they skip
 * nothing and catch up on nothing. Any thread.
 */
#ifndef WANZAMI_CRON_EXPR_H
#define WANZAMI_CRON_EXPR_H

#include <stdint.h>

#include "base/zone.h"

#define CRON_NEVER	ZONE_NEVER

struct cron {
	uint64_t	seconds, minutes, hours, days, months, weekdays;	/* one bit each */
	int		any_day, any_weekday, any_hour;
	int64_t		every;		/* seconds of @every, else 0; the fields are ignored if it is set */
	int		off;
};

/* Parses an expression. Returns NULL or an error (static). An expression that never matches, such as 30 February, is an error. */
const char	*cron_parse(struct cron *, const char *text);

/* Returns the first Unix time after `after` at which it is due, CRON_NEVER if there is none. */
int64_t		cron_next(const struct cron *, const struct zone *, int64_t after);

#endif
