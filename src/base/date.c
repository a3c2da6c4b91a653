/*
 * Parses ISO 8601 itself and other forms with strptime.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/date.h"

/* Other forms; the first that matches counts, as in JavaScript engines. */
static const struct {
	const char	*form;
	int		full;	/* the year must have four digits */
} others[] = {
	{ "%m/%d/%Y", 0 }, { "%m-%d-%Y", 0 }, { "%Y/%m/%d", 1 }, { "%Y-%m-%d", 1 }, { "%a, %d %b %Y", 0 }, { "%a %b %d %Y", 0 },
	{ "%a, %b %d, %Y", 0 }, { "%b %Y", 1 }, { "%b %d, %Y", 0 }, { "%b %d %Y", 0 }, { "%d %b %Y", 0 },
};
/* Forms of the time behind the date; "" is no time. */
static const char	*clocks[] = { " %I:%M:%S %p", " %I:%M %p", " %H:%M:%S", " %H:%M", "", NULL };

/* Reads exactly n digits and advances *p. */
static int
digits(const char **p, int n, int *value)
{
	for (*value = 0; n > 0; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return (0);
		*value = *value * 10 + (**p - '0');
	}

	return (1);
}

/* Reads the separator and two digits. Returns 1 without reading if the separator is missing. */
static int
pair(const char **p, char separator, int *value)
{
	if (**p != separator)
		return (1);
	(*p)++;

	return (digits(p, 2, value));
}

/* Reads the fraction of a second in milliseconds; ignores digits after the third. */
static void
fraction(const char **p, int *ms)
{
	int	unit = 100;

	for (*ms = 0; isdigit((unsigned char)**p); (*p)++, unit /= 10)
		*ms += (**p - '0') * unit;
}

/* Reads an offset, Z, +hh:mm or -hh:mm, in minutes; the colon is optional. */
static int
offset(const char **p, int *minutes)
{
	int	sign = **p == '-' ? -1 : 1, hour = 0, minute = 0;

	*minutes = 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return (1);
	}
	if (**p != '+' && **p != '-')
		return (1);
	(*p)++;
	if (!digits(p, 2, &hour) || !(isdigit((unsigned char)**p) ? digits(p, 2, &minute) : pair(p, ':', &minute)) || hour > 23 || minute > 59)
		return (0);
	*minutes = sign * (hour * 60 + minute);

	return (1);
}

static int
clock_read(const char **p, struct tm *tm, int *ms, int *minutes)
{
	if (**p != 'T' && **p != 't' && **p != ' ')
		return (1);
	(*p)++;
	if (!digits(p, 2, &tm->tm_hour) || **p != ':' || !pair(p, ':', &tm->tm_min) || !pair(p, ':', &tm->tm_sec))
		return (0);
	if (**p == '.') {
		(*p)++;
		if (!isdigit((unsigned char)**p))
			return (0);
		fraction(p, ms);
	}
	if (tm->tm_min > 59 || tm->tm_sec > 59 || tm->tm_hour > 24 || (tm->tm_hour == 24 && (tm->tm_min | tm->tm_sec | *ms) != 0))
		return (0);

	return (offset(p, minutes));
}

static int
iso_read(const char *p, struct tm *tm, int *ms, int *minutes)
{
	int	month = 1, day = 1, year;

	if (!digits(&p, 4, &year) || !pair(&p, '-', &month) || !pair(&p, '-', &day) || !clock_read(&p, tm, ms, minutes))
		return (0);
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;

	return (*p == '\0' && month >= 1 && month <= 12 && day >= 1 && day <= 31);
}

/* Reads the optional end of another form: GMT or UTC, an offset, and a zone name in brackets. A bare offset requires a time before it. */
static int
zone_read(const char *p, int timed, int *minutes)
{
	p += strspn(p, " ");
	if (!strncasecmp(p, "GMT", 3) || !strncasecmp(p, "UTC", 3))
		p += 3;
	else if (!timed && *p != '\0' && *p != '(')
		return (0);
	if (!offset(&p, minutes))
		return (0);
	p += strspn(p, " ");
	if (*p == '(' && (p = strchr(p, ')')) != NULL)
		p++;

	return (p != NULL && *p == '\0');
}

/* Expands a two-digit year: 00 to 49 mean 2000 to 2049, 50 to 99 mean 1950 to 1999. */
static int
year_lengthen(struct tm *tm, int full)
{
	int	year = tm->tm_year + 1900;

	if (year < 0 || (year < 100 && full))
		return (0);
	if (year < 100)
		tm->tm_year += year < 50 ? 2000 : 1900;

	return (1);
}

static int
other_read(const char *text, struct tm *tm, int *minutes)
{
	const char	**clock, *date, *end;
	size_t		i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		memset(tm, 0, sizeof(*tm));
		tm->tm_mday = 1;
		if ((date = strptime(text, others[i].form, tm)) == NULL || !year_lengthen(tm, others[i].full))
			continue;
		for (clock = clocks; *clock != NULL; clock++) {
			tm->tm_hour = tm->tm_min = tm->tm_sec = 0;
			if ((end = strptime(date, *clock, tm)) != NULL && zone_read(end, **clock != '\0', minutes))
				return (1);
		}
	}

	return (0);
}

int
date_parse(const char *text, int64_t *ms)
{
	struct tm	tm = { 0 };
	int		thousandths = 0, minutes = 0;

	text += strspn(text, " ");
	if (!iso_read(text, &tm, &thousandths, &minutes)) {
		thousandths = 0;
		if (!other_read(text, &tm, &minutes))
			return (0);
	}
	*ms = ((int64_t)timegm(&tm) - minutes * 60) * 1000 + thousandths;

	return (*ms >= DATE_MS_MIN && *ms <= DATE_MS_MAX);
}
