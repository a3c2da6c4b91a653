/*
 * Time zones from now on: what clocks show where, and when that changes. No
 * files are needed: names lead to rules that the binary carries (assets/zones).
 * Only for the future: before 2026 today's rules are taken to have been in
 * force already. Any thread. Sources: RFC 9636, POSIX.1 "TZ".
 */
#ifndef WANZAMI_ZONE_H
#define WANZAMI_ZONE_H

#include <stdint.h>

#define ZONE_NEVER	INT64_MAX

/* When in a year clocks change. */
struct zone_rule {
	char	kind;			/* M: week and weekday of a month; J: day without leap days; 0: day from 0 */
	int	month, week, day;
	int	seconds;		/* behind local midnight */
};

struct zone {
	int			standard, summer;	/* seconds east of UTC */
	int			changes;		/* whether it has summer time */
	struct zone_rule	begin, end;		/* of summer time */
	const char		*listed;		/* changes that no rule tells, as in assets/zones; NULL or static */
};

/* Understands a name ("Europe/Berlin", "UTC") or rules ("EST5EDT,M3.2.0,M11.1.0"). Returns 0 for anything else. */
int	zone_parse(struct zone *, const char *text);

/* Seconds to add to a Unix time to get what clocks show. */
int	zone_offset(const struct zone *, int64_t at);

/* The first Unix time after this one at which the offset is another, ZONE_NEVER without one. */
int64_t	zone_change(const struct zone *, int64_t after);

/* Days from 1970-01-01 to a date of the Gregorian calendar, month 1 to 12; and back. */
int64_t	zone_days(int64_t year, int month, int day);
void	zone_date(int64_t days, int64_t *year, int *month, int *day);

/* 0 is Sunday. */
int	zone_weekday(int64_t days);

#endif
