/*
 * Times of cron expressions, in zones with and without clock changes.
 */
#include "unit.h"

#include <stdio.h>
#include <time.h>

#include "base/cron_expr.h"

#define DAY	86400

static void
text_of(int64_t at, char out[32])
{
	time_t		t = (time_t)at;
	struct tm	tm;

	if (at == CRON_NEVER)
		strcpy(out, "never");
	else
		strftime(out, 32, "%Y-%m-%d %H:%M:%S", gmtime_r(&t, &tm));
}

static int64_t
at(const char *utc)
{
	struct tm	tm = { 0 };

	assert_non_null(strptime(utc, "%Y-%m-%d %H:%M:%S", &tm));

	return (timegm(&tm));
}

/* After the first time, the expression is due at the given times, all in UTC; the list ends with NULL. */
static void
due(const char *expression, const char *zone_name, const char *from, const char *const *times)
{
	struct cron	c;
	struct zone	z;
	char		text[32];
	int64_t		t = at(from);

	assert_null(cron_parse(&c, expression));
	assert_true(zone_parse(&z, zone_name));
	for (; *times != NULL; times++) {
		t = cron_next(&c, &z, t);
		text_of(t, text);
		assert_string_equal(text, *times);
	}
}

#define DUE(expression, zone, from, ...)	due(expression, zone, from, (const char *const[]){ __VA_ARGS__, NULL })

static void
fields(void **state)
{
	(void)state;
	DUE("0 3 * * *", "UTC", "2026-01-01 00:00:00", "2026-01-01 03:00:00", "2026-01-02 03:00:00");
	DUE("30 3 * * *", "UTC", "2026-01-01 03:30:00", "2026-01-02 03:30:00");
	DUE("*/2 * * * * *", "UTC", "2026-01-01 23:59:57", "2026-01-01 23:59:58", "2026-01-02 00:00:00");
	DUE("59 59 23 31 12 *", "UTC", "2026-01-01 00:00:00", "2026-12-31 23:59:59", "2027-12-31 23:59:59");
	DUE("0,30-40/5 8-9 * * *", "UTC", "2026-01-01 08:30:00", "2026-01-01 08:35:00", "2026-01-01 08:40:00", "2026-01-01 09:00:00");
	DUE("50/5 * * * *", "UTC", "2026-01-01 00:00:00", "2026-01-01 00:50:00", "2026-01-01 00:55:00", "2026-01-01 01:50:00");
	DUE("0 0 * feb,Apr-Jun MON-wed", "UTC", "2026-02-25 00:00:00", "2026-04-01 00:00:00", "2026-04-06 00:00:00", "2026-04-07 00:00:00");
	DUE("0 0 * * 7", "UTC", "2026-01-01 00:00:00", "2026-01-04 00:00:00");
	DUE("0 0 * * sat-sun", "UTC", "2026-01-01 00:00:00", "2026-01-03 00:00:00", "2026-01-04 00:00:00", "2026-01-10 00:00:00");
	DUE("0 0 29 2 *", "UTC", "2026-01-01 00:00:00", "2028-02-29 00:00:00", "2032-02-29 00:00:00");
	DUE("0 0 29 2 *", "UTC", "2096-03-01 00:00:00", "2104-02-29 00:00:00");
	DUE("  0\t3  ?  * ? ", "UTC", "2026-01-01 00:00:00", "2026-01-01 03:00:00");
}

static void
day_or_weekday(void **state)
{
	(void)state;
	DUE("0 0 13 * fri", "UTC", "2026-11-01 00:00:00", "2026-11-06 00:00:00", "2026-11-13 00:00:00", "2026-11-20 00:00:00", "2026-11-27 00:00:00",
	    "2026-12-04 00:00:00", "2026-12-11 00:00:00", "2026-12-13 00:00:00");
	DUE("0 0 * * fri", "UTC", "2026-11-01 00:00:00", "2026-11-06 00:00:00", "2026-11-13 00:00:00");
	DUE("0 0 13 * *", "UTC", "2026-11-01 00:00:00", "2026-11-13 00:00:00", "2026-12-13 00:00:00");
	DUE("0 0 */10 * mon", "UTC", "2026-06-02 00:00:00", "2026-08-31 00:00:00", "2026-09-21 00:00:00");	/* a day that begins with a star must match together with the weekday */
}

static void
words(void **state)
{
	(void)state;
	DUE("@hourly", "UTC", "2026-01-01 00:00:00", "2026-01-01 01:00:00");
	DUE("@daily", "UTC", "2026-01-01 00:00:00", "2026-01-02 00:00:00");
	DUE("@midnight", "UTC", "2026-01-01 00:00:00", "2026-01-02 00:00:00");
	DUE("@weekly", "UTC", "2026-01-01 00:00:00", "2026-01-04 00:00:00");
	DUE("@monthly", "UTC", "2026-01-01 00:00:00", "2026-02-01 00:00:00");
	DUE("@yearly", "UTC", "2026-01-01 00:00:00", "2027-01-01 00:00:00");
	DUE("@annually", "UTC", "2026-01-01 00:00:00", "2027-01-01 00:00:00");
	DUE("@every 15m", "UTC", "2026-01-01 00:07:00", "2026-01-01 00:15:00", "2026-01-01 00:30:00");
	DUE("@every 1h30m", "UTC", "2026-01-01 00:00:00", "2026-01-01 01:30:00", "2026-01-01 03:00:00");
	DUE("@every 10s", "Europe/Berlin", "2026-03-29 00:59:55", "2026-03-29 01:00:00", "2026-03-29 01:00:10");
	DUE("off", "UTC", "2026-01-01 00:00:00", "never", "never");
}

static void
nonsense(void **state)
{
	static const char	*const refused[] = {
		"", " ", "*", "* * * *", "* * * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *",
		"* * * * 8", "-1 * * * *", "5-1 * * * *", "*/0 * * * *", "*/60 * * * *", "1,,2 * * * *", "1, * * * *", ",1 * * * *", "1- * * * *",
		"a * * * *", "* * * janx *", "* * * * mond", "1.5 * * * *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * L * *", "* * * * 5#2",
		"60 * * * * *", "@hourl", "@hourly ", "@", "@every", "@every 0s", "@every 5", "@every m", "@every -5m", "@every 5m 3", "@every 5d",
		"@every 9999999999999999999h", "@reboot", "OFF", "99999999999999999999 * * * *", "0x1 * * * *", "* * * * *;", "1/2/3 * * * *",
	};
	struct cron		c;
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(refused); i++) {
		if (cron_parse(&c, refused[i]) == NULL)
			fail_msg("accepted: %s", refused[i]);
	}
}

/* Berlin: clocks go forward from 2:00 to 3:00 on 2026-03-29 at 01:00 UTC, and back from 3:00 to 2:00 on 2026-10-25 at 01:00 UTC. */
static void
clocks_put_forward(void **state)
{
	(void)state;
	DUE("30 2 * * *", "Europe/Berlin", "2026-03-28 00:00:00", "2026-03-28 01:30:00", "2026-03-29 01:00:00", "2026-03-30 00:30:00");
	DUE("0,30 2 * * *", "Europe/Berlin", "2026-03-29 00:00:00", "2026-03-29 01:00:00", "2026-03-30 00:00:00");
	DUE("0 2,3 * * *", "Europe/Berlin", "2026-03-29 00:00:00", "2026-03-29 01:00:00", "2026-03-30 00:00:00");
	DUE("0 1,4 * * *", "Europe/Berlin", "2026-03-28 23:00:00", "2026-03-29 00:00:00", "2026-03-29 02:00:00");
	DUE("*/30 * * * *", "Europe/Berlin", "2026-03-29 00:00:00", "2026-03-29 00:30:00", "2026-03-29 01:00:00", "2026-03-29 01:30:00");
	DUE("0 */2 * * *", "Europe/Berlin", "2026-03-28 23:00:00", "2026-03-29 02:00:00", "2026-03-29 04:00:00");
	DUE("30 2 29 3 *", "Europe/Berlin", "2026-01-01 00:00:00", "2026-03-29 01:00:00", "2027-03-29 00:30:00");
}

static void
clocks_put_back(void **state)
{
	(void)state;
	DUE("30 2 * * *", "Europe/Berlin", "2026-10-24 00:00:00", "2026-10-24 00:30:00", "2026-10-25 00:30:00", "2026-10-26 01:30:00");
	DUE("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10:00", "2026-10-26 01:30:00");
	DUE("0 2,3 * * *", "Europe/Berlin", "2026-10-24 22:00:00", "2026-10-25 00:00:00", "2026-10-25 02:00:00");
	DUE("*/30 * * * *", "Europe/Berlin", "2026-10-25 00:00:00", "2026-10-25 00:30:00", "2026-10-25 01:00:00", "2026-10-25 01:30:00",
	    "2026-10-25 02:00:00");
	DUE("0 0 * * *", "America/Havana", "2026-11-01 03:00:00", "2026-11-01 04:00:00", "2026-11-02 05:00:00");	/* clocks go back from 1:00 to midnight */
}

static void
zones(void **state)
{
	static const char	*const refused[] = { "", "Nowhere", "UT", "Europe", "Europe/", "europe/berlin", "EST5EDT,", "EST5EDT,M3.2.0", "EST5EDT,M13.1.0,M1.1.0",
		"EST5EDT,M3.2.0,M11.1.7", "EST5EDT,M3.2.0,M11.1.0 ", "ESX", "<>5", "<AB>5", "EST200", "EST5EDT,J0,J1", "EST5EDT,366,1", "# version", "Europe/Berlin CET-1",
		"EST5:60", "EST+-5", "EST5EDT,M3.2.0/1:2:3:4,M11.1.0" };
	struct zone		z;
	size_t			i;

	(void)state;
	for (i = 0; i < LENGTH(refused); i++) {
		if (zone_parse(&z, refused[i]))
			fail_msg("accepted: %s", refused[i]);
	}
	assert_true(zone_parse(&z, "EST5EDT,M3.2.0,M11.1.0"));
	assert_int_equal(zone_offset(&z, at("2026-03-08 06:59:59")), -5 * 3600);
	assert_int_equal(zone_offset(&z, at("2026-03-08 07:00:00")), -4 * 3600);
	assert_int_equal(zone_offset(&z, at("2026-11-01 06:00:00")), -5 * 3600);
	assert_true(zone_change(&z, at("2026-11-01 06:00:00")) == at("2027-03-14 07:00:00"));
	assert_true(zone_parse(&z, "<-03>3<-02>,J60/0,300/24"));
	assert_int_equal(zone_offset(&z, at("2028-03-01 03:00:00")), -2 * 3600);	/* J60 is 1 March in leap years, too */
	assert_int_equal(zone_offset(&z, at("2028-03-01 02:59:59")), -3 * 3600);
	assert_true(zone_parse(&z, "XXX3EDT4,0/0,J365/23"));	/* daylight saving time all year */
	for (i = 0; i < 1000; i++)
		assert_int_equal(zone_offset(&z, (int64_t)i * DAY * 3), -4 * 3600);
	assert_true(zone_parse(&z, "Asia/Kathmandu"));
	assert_int_equal(zone_offset(&z, at("2026-01-01 00:00:00")), 5 * 3600 + 45 * 60);
	assert_true(zone_change(&z, 0) == ZONE_NEVER);
}

static void
dates(void **state)
{
	int64_t	days, year;
	int	month, day;

	(void)state;
	assert_int_equal(zone_days(1970, 1, 1), 0);
	assert_int_equal(zone_days(2000, 2, 29), 11016);
	for (days = -200000; days < 200000; days++) {
		zone_date(days, &year, &month, &day);
		assert_true(zone_days(year, month, day) == days && month >= 1 && month <= 12 && day >= 1 && day <= 31);
	}
	assert_int_equal(zone_weekday(0), 4);
	assert_int_equal(zone_weekday(-1), 3);
	assert_int_equal(zone_weekday(-4), 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(fields), cmocka_unit_test(day_or_weekday), cmocka_unit_test(words), cmocka_unit_test(nonsense),
		cmocka_unit_test(clocks_put_forward), cmocka_unit_test(clocks_put_back), cmocka_unit_test(zones), cmocka_unit_test(dates),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
