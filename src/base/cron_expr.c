/*
 * Reads cron expressions into sets of bits and walks the calendar over them.
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
	const char	*names;		/* of three letters each, the first stands for min */
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

/* One of the parts between commas: *, a, a-b, each perhaps with /step; a/step goes on to the end. */
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

/* A field up to the next blank; any tells whether it leaves everything open, in crontab's sense. */
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
		return ("it takes five fields, or six with seconds in front");
	while (isspace((unsigned char)*p))
		p++;
	c->seconds = 1;
	if (n == 6 && !field_read(&part_second, &p, &c->seconds, &any))
		return ("its seconds are wrong");
	if (!field_read(&part_minute, &p, &c->minutes, &any))
		return ("its minutes are wrong");
	if (!field_read(&part_hour, &p, &c->hours, &c->any_hour))
		return ("its hours are wrong");
	if (!field_read(&part_day, &p, &c->days, &c->any_day))
		return ("its days of the month are wrong");
	if (!field_read(&part_month, &p, &c->months, &any))
		return ("its months are wrong");
	if (!field_read(&part_weekday, &p, &c->weekdays, &c->any_weekday))
		return ("its days of the week are wrong");

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
			return ("@every takes a time such as 15m, 90s or 1h30m");
		p++;
		c->every += n * seconds[unit - units];
	} while (*p != '\0' && c->every <= EVERY_MAX);
	if (c->every < 1 || c->every > EVERY_MAX)
		return ("@every takes a second to a year");

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
		return ("there is no such word; @hourly, @daily, @weekly, @monthly, @yearly and @every are known");
	if ((error = fields_parse(c, text)) != NULL)
		return (error);
	if (!zone_parse(&utc, "UTC") || cron_next(c, &utc, 0) == CRON_NEVER)
		return ("there is no such day");

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

/* The lowest bit of a set from one on, -1 without one. */
static int
bit_from(uint64_t set, int from)
{
	set = from < 64 ? set >> from << from : 0;

	return (set == 0 ? -1 : __builtin_ctzll(set));
}

/* The first time of day that is not before this one, in seconds; -1 when the rest of the day has none. */
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

/* The first fitting time of a clock that nobody changes, in seconds since 1970 of that clock. */
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

/* Goes by time that passes: by what clocks show from one of their changes to the next. */
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

/* When clocks first show this, or, when they never do, when they leap over it. */
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

/* Goes by what clocks show: nothing is left out, and nothing is due twice. */
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
