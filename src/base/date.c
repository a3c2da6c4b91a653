/*
 * ISO 8601 by hand, the rest by strptime.
 */
#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/date.h"

static const char	*others[] = { "%Y/%m/%d", "%m/%d/%Y", "%a, %d %b %Y %H:%M:%S GMT", "%b %d, %Y", "%d %b %Y", NULL };

/* Exactly n digits at *p, behind which it moves. */
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

/* The separator and then two digits; what is not there is no mistake. */
static int
pair(const char **p, char separator, int *value)
{
	if (**p != separator)
		return (1);
	(*p)++;

	return (digits(p, 2, value));
}

/* Milliseconds behind the point; more digits than three are cut. */
static void
fraction(const char **p, int *ms)
{
	int	unit = 100;

	for (*ms = 0; isdigit((unsigned char)**p); (*p)++, unit /= 10)
		*ms += (**p - '0') * unit;
}

/* Z, +hh:mm or -hh:mm in minutes. */
static int
offset(const char **p, int *minutes)
{
	int	sign = **p == '-' ? -1 : 1, hour = 0, minute = 0;

	*minutes = 0;
	if (**p == 'Z') {
		(*p)++;
		return (1);
	}
	if (**p != '+' && **p != '-')
		return (1);
	(*p)++;
	if (!digits(p, 2, &hour) || !pair(p, ':', &minute) || hour > 23 || minute > 59)
		return (0);
	*minutes = sign * (hour * 60 + minute);

	return (1);
}

static int
clock_read(const char **p, struct tm *tm, int *ms, int *minutes)
{
	if (**p != 'T' && **p != ' ')
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

static int
other_read(const char *text, struct tm *tm)
{
	const char	**form, *end;

	for (form = others; *form != NULL; form++) {
		memset(tm, 0, sizeof(*tm));
		if ((end = strptime(text, *form, tm)) != NULL && *end == '\0')
			return (1);
	}

	return (0);
}

int
date_parse(const char *text, int64_t *ms)
{
	struct tm	tm = { 0 };
	int		thousandths = 0, minutes = 0;

	if (!iso_read(text, &tm, &thousandths, &minutes)) {
		thousandths = minutes = 0;
		if (!other_read(text, &tm))
			return (0);
	}
	*ms = ((int64_t)timegm(&tm) - minutes * 60) * 1000 + thousandths;

	return (*ms >= DATE_MS_MIN && *ms <= DATE_MS_MAX);
}
