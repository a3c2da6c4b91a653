/*
 * Cron expressions and time zones as a program for tests, which compare them
 * with Python's zoneinfo. Reads lines from standard input:
 *	offset ZONE FROM TO		prints FROM:offset, then TIME:offset for each change up to TO
 *	next ZONE FROM TO EXPRESSION	prints each time after FROM at which it is due, up to TO
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cron_expr.h"

int	main(void);

static void
offsets_print(const struct zone *z, int64_t from, int64_t to)
{
	for (; from <= to; from = zone_change(z, from))
		printf("%lld:%d ", (long long)from, zone_offset(z, from));
}

static void
times_print(const struct zone *z, int64_t from, int64_t to, const char *expression)
{
	struct cron	c;
	const char	*error;

	if ((error = cron_parse(&c, expression)) != NULL)
		printf("%s", error);
	else
		while ((from = cron_next(&c, z, from)) <= to)
			printf("%lld ", (long long)from);
}

int
main(void)
{
	char		line[512], what[8], name[64];
	struct zone	z;
	long long	from, to;
	int		n;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%7s %63s %lld %lld %n", what, name, &from, &to, &n) != 4 || !zone_parse(&z, name))
			printf("?");
		else if (!strcmp(what, "offset"))
			offsets_print(&z, from, to);
		else
			times_print(&z, from, to, line + n);
		printf("\n");
	}

	return (0);
}
