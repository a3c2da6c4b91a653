/*
 * Parses cron expressions into bit sets and searches the calendar for the next match.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cron_expr.h"

#define DAY		86400
#define DAYS_MAX	(366 * 41)	/* 29 February on a given weekday may be 40 years away */
#define EVERY_MAX	(366 * DAY)

struct part {
	const char	*names;		/* three letters each; the first means min */
	int		min, max;
};

static const struct part	part_second = { NULL, 0, 59 }, part_minute = { NULL, 0, 59 }, part_hour = { NULL, 0, 23 },
				part_day = { NULL, 1, 31 }, part_month = { "janfebmaraprmayjunjulaugsepoctnovdec", 1, 12 },
				part_weekday = { "sunmontuewedthufrisat", 0, 7 };

static int
number_read(const char **p, int64_t *out)
{
	if (!isdigit((unsigned char)**p))
		return (0);
	for (*out = 0; isdigit((unsigned char)**p); (*p)++) {
		if (*out < EVERY_MAX)
			*out = *out * 10 + **p - '0';
	}

	return (1);
}

static int
value_read(const struct part *part, const char **p, int64_t *out)
{
	int	i;

	if (number_read(p, out))
		return (*out >= part->min && *out <= part->max);
	for (i = 0; part->names != NULL && part->names[3 * i] != '\0'; i++) {
		if (!strncasecmp(*p, part->names + 3 * i, 3) && !isalpha((unsigned char)(*p)[3])) {
			*out = i + part->min;
			*p += 3;
			return (1);
		}
	}

	return (0);
}

/* Reads one element of a list: *, a or a-b, optionally with /step; a/step extends to the maximum. */
static int
range_read(const struct part *part, const char **p, uint64_t *set)
{
	int64_t	from = part->min, to = part->max, step = 1;
	int	single = 0;

	if (**p == '*' || **p == '?') {
		(*p)++;
		to = part == &part_weekday ? 6 : part->max;
	} else {
		if (!value_read(part, p, &from))
			return (0);
		single = **p != '-';
		if (!single && ((*p)++, !value_read(part, p, &to)))
			return (0);
		if (part == &part_weekday && to == 0 && from > 0)
			to = 7;		/* fri-sun */
	}
	if (**p == '/') {
		(*p)++;
		if (!number_read(p, &step) || step < 1 || step > part->max)
			return (0);
	} else if (single) {
		to = from;
	}
	if (from > to)
		return (0);
	for (; from <= to; from += step)
		*set |= (uint64_t)1 << (part == &part_weekday ? from % 7 : from);

	return (1);
}

/* Reads a field up to the next blank. Sets any if it begins with *, as crontab defines "unrestricted". */
static int
field_read(const struct part *part, const char **p, uint64_t *set, int *any)
{
	*any = **p == '*' || **p == '?';
	*set = 0;
	for (;; (*p)++) {
		if (!range_read(part, p, set))
			return (0);
		if (**p != ',')
			break;
	}
	if (**p != '\0' && !isspace((unsigned char)**p))
		return (0);
	while (isspace((unsigned char)**p))
		(*p)++;

	return (1);
}

static int
fields_count(const char *p)
{
	int	n;

	for (n = 0; *(p += strspn(p, " \t\r\n\v\f")) != '\0'; n++)
		p += strcspn(p, " \t\r\n\v\f");

	return (n);
}

static const char *
fields_parse(struct cron *c, const char *p)
{
	int	any, n = fields_count(p);

	if (n != 5 && n != 6)
		return ("expected five fields, or six with seconds first");
	while (isspace((unsigned char)*p))
		p++;
	c->seconds = 1;
	if (n == 6 && !field_read(&part_second, &p, &c->seconds, &any))
		return ("invalid seconds field");
	if (!field_read(&part_minute, &p, &c->minutes, &any))
		return ("invalid minutes field");
	if (!field_read(&part_hour, &p, &c->hours, &c->any_hour))
		return ("invalid hours field");
	if (!field_read(&part_day, &p, &c->days, &c->any_day))
		return ("invalid day-of-month field");
	if (!field_read(&part_month, &p, &c->months, &any))
		return ("invalid month field");
	if (!field_read(&part_weekday, &p, &c->weekdays, &c->any_weekday))
		return ("invalid day-of-week field");

	return (NULL);
}

/* 90s, 15m, 1h30m */
static const char *
every_parse(struct cron *c, const char *p)
{
	static const char	units[] = "hms";
	static const int	seconds[] = { 3600, 60, 1 };
	const char		*unit;
	int64_t			n;

	while (isspace((unsigned char)*p))
		p++;
	do {
		if (!number_read(&p, &n) || *p == '\0' || (unit = strchr(units, *p)) == NULL)
			return ("@every needs a duration such as 15m, 90s or 1h30m");
		p++;
		c->every += n * seconds[unit - units];
	} while (*p != '\0' && c->every <= EVERY_MAX);
	if (c->every < 1 || c->every > EVERY_MAX)
		return ("the duration of @every must be between 1 second and 366 days");

	return (NULL);
}

const char *
cron_parse(struct cron *c, const char *text)
{
	static const struct { const char *word, *means; } words[] = {
		{ "@hourly", "0 * * * *" }, { "@daily", "0 0 * * *" }, { "@midnight", "0 0 * * *" }, { "@weekly", "0 0 * * 0" },
		{ "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" },
	};
	struct zone	utc;
	const char	*error;
	size_t		i;

	memset(c, 0, sizeof(*c));
	c->off = !strcmp(text, "off");
	if (c->off)
		return (NULL);
	if (!strncmp(text, "@every", 6))
		return (every_parse(c, text + 6));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i].word))
			text = words[i].means;
	}
	if (*text == '@')
		return ("unknown word; use @hourly, @daily, @weekly, @monthly, @yearly or @every");
	if ((error = fields_parse(c, text)) != NULL)
		return (error);
	if (!zone_parse(&utc, "UTC") || cron_next(c, &utc, 0) == CRON_NEVER)
		return ("no date matches the day and month");

	return (NULL);
}

static int
day_fits(const struct cron *c, int64_t days)
{
	int64_t	year;
	int	month, day, in_month, in_week;

	zone_date(days, &year, &month, &day);
	if (!(c->months >> month & 1))
		return (0);
	in_month = (int)(c->days >> day & 1);
	in_week = (int)(c->weekdays >> zone_weekday(days) & 1);

	return (c->any_day || c->any_weekday ? in_month && in_week : in_month || in_week);
}

/* Returns the lowest bit of the set that is not below `from`, -1 if there is none. */
static int
bit_from(uint64_t set, int from)
{
	set = from < 64 ? set >> from << from : 0;

	return (set == 0 ? -1 : __builtin_ctzll(set));
}

/* Returns the first matching second of the day that is not before `from`, -1 if the rest of the day has none. */
static int
moment_from(const struct cron *c, int from)
{
	int	h = from / 3600, m = from / 60 % 60, s = from % 60, hour, minute, second;

	for (hour = bit_from(c->hours, h); hour >= 0; hour = bit_from(c->hours, hour + 1)) {
		if (hour > h)
			m = s = 0;
		for (minute = bit_from(c->minutes, m); minute >= 0; minute = bit_from(c->minutes, minute + 1)) {
			if ((second = bit_from(c->seconds, hour > h || minute > m ? 0 : s)) >= 0)
				return (hour * 3600 + minute * 60 + second);
		}
	}

	return (-1);
}

/* Returns the first match after `after`, both in local seconds since 1970, ignoring changes of the offset. */
static int64_t
clock_next(const struct cron *c, int64_t after)
{
	int64_t	at = after + 1, days = (at >= 0 ? at : at - DAY + 1) / DAY, last = days + DAYS_MAX;
	int	moment, from = (int)(at - days * DAY);

	for (; days < last; days++, from = 0) {
		if (day_fits(c, days) && (moment = moment_from(c, from)) >= 0)
			return (days * DAY + moment);
	}

	return (CRON_NEVER);
}

/* Follows elapsed time: searches the local time between one change of the offset and the next. */
static int64_t
next_passing(const struct cron *c, const struct zone *z, int64_t after)
{
	int64_t	since, change, at;
	int	offset;

	for (since = after;; since = change, after = change - 1) {
		offset = zone_offset(z, since);
		change = zone_change(z, since);
		at = clock_next(c, after + offset);
		if (at == CRON_NEVER || at - offset < change)
			return (at == CRON_NEVER ? at : at - offset);
	}
}

/* Returns the first Unix time at which clocks show this local time, or at which they skip it. */
static int64_t
clock_moment(const struct zone *z, int64_t clock)
{
	int	before = zone_offset(z, clock - DAY), behind = zone_offset(z, clock + DAY);
	int64_t	change;

	if (before == behind)
		return (clock - before);
	for (change = zone_change(z, clock - DAY); zone_offset(z, change) == before;)
		change = zone_change(z, change);
	if (clock - before < change)
		return (clock - before);

	return (clock - behind >= change ? clock - behind : change);
}

/* Follows local time: no match is skipped, and none is due twice. */
static int64_t
next_fixed(const struct cron *c, const struct zone *z, int64_t after)
{
	int64_t	clock = after + zone_offset(z, after), at;

	do {
		if ((clock = clock_next(c, clock)) == CRON_NEVER)
			return (CRON_NEVER);
		at = clock_moment(z, clock);
	} while (at <= after);

	return (at);
}

int64_t
cron_next(const struct cron *c, const struct zone *z, int64_t after)
{
	if (c->off)
		return (CRON_NEVER);
	if (c->every > 0)
		return ((after / c->every + 1) * c->every);

	return (c->any_hour ? next_passing(c, z, after) : next_fixed(c, z, after));
}
