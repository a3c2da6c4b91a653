/*
 * Parses POSIX TZ strings and computes offsets.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/embed.h"
#include "base/zone.h"

#define ZONES		"assets/zones"
#define DAY		86400
#define HOURS_MAX	167
#define RULES_MAX	256

int64_t
zone_days(int64_t year, int month, int day)
{
	int64_t	y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	int	of_era = (int)(y - era * 400), of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}

void
zone_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t	z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int	doe = (int)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int	doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

int
zone_weekday(int64_t days)
{
	return ((int)(((days + 4) % 7 + 7) % 7));
}

static int
number_read(const char **p, int min, int max, int *out)
{
	int	n = 0;

	if (!isdigit((unsigned char)**p))
		return (0);
	while (isdigit((unsigned char)**p) && n <= max)
		n = n * 10 + *(*p)++ - '0';
	*out = n;

	return (n >= min && n <= max);
}

/* Reads [+-]hh[:mm[:ss]] in seconds. */
static int
time_read(const char **p, int *out)
{
	int	sign = **p == '-' ? -1 : 1, h, m = 0, s = 0;

	if (**p == '-' || **p == '+')
		(*p)++;
	if (!number_read(p, 0, HOURS_MAX, &h))
		return (0);
	if (**p == ':' && ((*p)++, !number_read(p, 0, 59, &m)))
		return (0);
	if (**p == ':' && ((*p)++, !number_read(p, 0, 59, &s)))
		return (0);
	*out = sign * (h * 3600 + m * 60 + s);

	return (1);
}

/* Skips a zone abbreviation. */
static int
name_skip(const char **p)
{
	size_t	len;

	if (**p == '<') {
		len = strspn(*p + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-");
		if (len < 3 || (*p)[len + 1] != '>')
			return (0);
		*p += len + 2;
		return (1);
	}
	for (len = 0; isalpha((unsigned char)**p); len++)
		(*p)++;

	return (len >= 3);
}

static int
rule_read(const char **p, struct zone_rule *r)
{
	if (*(*p)++ != ',')
		return (0);
	r->kind = **p == 'M' || **p == 'J' ? *(*p)++ : 0;
	if (r->kind == 'M') {
		if (!number_read(p, 1, 12, &r->month) || *(*p)++ != '.' || !number_read(p, 1, 5, &r->week) || *(*p)++ != '.' ||
		    !number_read(p, 0, 6, &r->day))
			return (0);
	} else if (!number_read(p, r->kind == 'J', 365, &r->day)) {
		return (0);
	}
	r->seconds = 7200;

	return (**p != '/' || ((*p)++, time_read(p, &r->seconds)));
}

static int
rules_parse(struct zone *z, const char *p)
{
	memset(z, 0, sizeof(*z));
	if (!name_skip(&p) || !time_read(&p, &z->standard))
		return (0);
	z->standard = -z->standard;
	if (*p == '\0')
		return (1);
	z->changes = 1;
	if (!name_skip(&p))
		return (0);
	z->summer = z->standard + 3600;
	if (*p != ',') {
		if (!time_read(&p, &z->summer))
			return (0);
		z->summer = -z->summer;
	}

	return (rule_read(&p, &z->begin) && rule_read(&p, &z->end) && *p == '\0');
}

/* Returns the text behind the name in assets/zones, NULL if the name is unknown. */
static const char *
zone_find(const char *name)
{
	const struct embed_file	*list = embed_find(ZONES);
	const char		*p;
	size_t			len = strlen(name);

	for (p = list != NULL ? list->data : NULL; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!strncmp(p, name, len) && p[len] == ' ')
			return (p + len + 1);
	}

	return (NULL);
}

int
zone_parse(struct zone *z, const char *text)
{
	char		rules[RULES_MAX];
	const char	*found;
	size_t		len;

	if (!strcmp(text, "UTC"))
		return (rules_parse(z, "UTC0"));
	if (*text == '\0' || strpbrk(text, " \n#") != NULL)
		return (0);
	if ((found = zone_find(text)) == NULL)
		return (rules_parse(z, text));
	len = strcspn(found, " \n");
	snprintf(rules, sizeof(rules), "%.*s", (int)len, found);
	if (!rules_parse(z, rules))
		return (0);
	if (found[len] == ' ')
		z->listed = found + len + 1;

	return (1);
}

static int
leap(int64_t year)
{
	return ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
}

/* Returns the time of a rule in a year, in local seconds since 1970. */
static int64_t
rule_moment(const struct zone_rule *r, int64_t year)
{
	int64_t	first = zone_days(year, r->kind == 'M' ? r->month : 1, 1), day, next;

	switch (r->kind) {
	case 'M':
		next = r->month == 12 ? zone_days(year + 1, 1, 1) : zone_days(year, r->month + 1, 1);
		day = first + (r->day - zone_weekday(first) + 7) % 7 + 7 * (r->week - 1);
		if (day >= next)
			day -= 7;
		break;
	case 'J':
		day = first + r->day - 1 + (r->day >= 60 && leap(year));
		break;
	default:
		day = first + r->day;
		break;
	}

	return (day * DAY + r->seconds);
}

/* Sets the offset at a time and the time of the next change, by the rules. */
static void
rules_around(const struct zone *z, int64_t at, int *offset, int64_t *next)
{
	int64_t	year, y, when, before = INT64_MIN;
	int	month, day, i;

	*offset = z->standard;
	*next = ZONE_NEVER;
	if (!z->changes)
		return;
	zone_date((at >= 0 ? at : at - DAY + 1) / DAY, &year, &month, &day);
	for (y = year - 2; y <= year + 1; y++) {	/* the time of a rule may lie days outside its year */
		for (i = 0; i < 2; i++) {
			when = i ? rule_moment(&z->end, y) - z->summer : rule_moment(&z->begin, y) - z->standard;
			if (when > at && when < *next)
				*next = when;
			if (when <= at && when >= before) {
				before = when;
				*offset = i ? z->standard : z->summer;
			}
		}
	}
}

/* Replaces both by the explicit changes, up to the last of them. */
static void
list_around(const struct zone *z, int64_t at, int *offset, int64_t *next)
{
	const char	*p;
	char		*end;
	int64_t		when;
	int		listed = *offset;

	for (p = z->listed; p != NULL; p = *end == ',' ? end + 1 : NULL) {
		when = strtoll(p, &end, 10);
		if (when > at) {
			*offset = listed;
			*next = when;
			return;
		}
		listed = (int)strtol(end + 1, &end, 10);
	}
}

int
zone_offset(const struct zone *z, int64_t at)
{
	int	offset;
	int64_t	next;

	rules_around(z, at, &offset, &next);
	list_around(z, at, &offset, &next);

	return (offset);
}

int64_t
zone_change(const struct zone *z, int64_t after)
{
	int	offset;
	int64_t	next;

	rules_around(z, after, &offset, &next);
	list_around(z, after, &offset, &next);

	return (next);
}
