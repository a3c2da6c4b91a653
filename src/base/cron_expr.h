/*
 * Cron expressions: when something is to be done again and again.
 *
 *	minute hour day month weekday		as in crontab(5), with names, ranges, lists and steps
 *	second minute hour day month weekday	(docs/compatibility.md#cron-schedules)
 *	@hourly @daily @midnight @weekly @monthly @yearly @annually
 *	@every 15m				in h, m and s; counted from midnight UTC of 1970-01-01
 *	off					never
 *
 * When day and weekday are both restricted, either of them will do. Where
 * clocks are put forward, what is due in the hour that is left out is due when
 * it would have ended; where they are put back, what is due in the hour that
 * comes twice is due the first time. An expression for every hour ("*" or
 * "*" with a step) goes by time that passes: nothing is made up for, nothing
 * left out. Any thread.
 */
#ifndef WANZAMI_CRON_EXPR_H
#define WANZAMI_CRON_EXPR_H

#include <stdint.h>

#include "base/zone.h"

#define CRON_NEVER	ZONE_NEVER

struct cron {
	uint64_t	seconds, minutes, hours, days, months, weekdays;	/* one bit each */
	int		any_day, any_weekday, any_hour;
	int64_t		every;		/* seconds; the fields do not count then */
	int		off;
};

/* Returns NULL, or a sentence (static) about what is wrong; one that names no time at all is wrong too. */
const char	*cron_parse(struct cron *, const char *text);

/* The first Unix time behind another at which it is due, CRON_NEVER without one. */
int64_t		cron_next(const struct cron *, const struct zone *, int64_t after);

#endif
