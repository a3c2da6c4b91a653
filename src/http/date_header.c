/*
 * Kore begins each response with its Server header, which is kept as text. The
 * Date follows in the same text, renewed once a second, so that it costs a
 * response nothing.
 */
#include <stdio.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/http.h>

#include "http/date_header.h"

#define RENEW_MS	1000
#define SERVER		"wanzami"

static char	date[40];

static void
date_renew(void *arg, u_int64_t now)
{
	char		line[64];
	struct tm	tm;
	time_t		t = time(NULL);

	(void)arg;
	(void)now;
	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	snprintf(line, sizeof(line), SERVER "\r\ndate: %s", date);
	http_server_version(line);
}

void
date_header_start(void)
{
	date_renew(NULL, 0);
	kore_timer_add(date_renew, RENEW_MS, NULL, 0);
}

const char *
date_header(void)
{
	return (date);
}
