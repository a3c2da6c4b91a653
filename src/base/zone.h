/*
 * Time zones: UTC offsets and their changes, for current and future times. Zone
 * names are looked up in the embedded assets/zones; no files are needed. For
 * times before 2026 the current rules apply. Any thread. Sources: RFC 9636,
 * POSIX.1 "TZ".
 */
#ifndef WANZAMI_ZONE_H
#define WANZAMI_ZONE_H

#include <stdint.h>

#define ZONE_NEVER	INT64_MAX

/* The yearly date and time of a change. */
struct zone_rule {
	char	kind;			/* M: week and weekday of a month; J: day without leap days; 0: day from 0 */
	int	month, week, day;
	int	seconds;		/* after local midnight */
};

struct zone {
	int			standard, summer;	/* seconds east of UTC */
	int			changes;		/* 1 if the zone has summer time (daylight saving time) */
	struct zone_rule	begin, end;		/* of summer time */
	const char		*listed;		/* explicit changes from assets/zones that rules cannot express; NULL or static */
};

/* Parses a zone name ("Europe/Berlin", "UTC") or a POSIX TZ string ("EST5EDT,M3.2.0,M11.1.0"). Returns 0 if it is neither. */
int	zone_parse(struct zone *, const char *text);

/* Returns the offset from UTC at a Unix time, in seconds. */
int	zone_offset(const struct zone *, int64_t at);

/* Returns the first Unix time after this one at which the offset changes, ZONE_NEVER if there is none. */
int64_t	zone_change(const struct zone *, int64_t after);

/* Convert between dates of the Gregorian calendar (month 1 to 12) and days since 1970-01-01. */
int64_t	zone_days(int64_t year, int month, int day);
void	zone_date(int64_t days, int64_t *year, int *month, int *day);

/* Returns the weekday; 0 is Sunday. */
int	zone_weekday(int64_t days);

#endif
