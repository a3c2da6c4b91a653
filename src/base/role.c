/*
 * Roles of this process; set by main.c.
 */
#include <string.h>

#include "base/role.h"

static int	roles = 0;
static int	draining = 0;
static int	http_workers = 1;

int
role_parse(const char *list)
{
	return ((strstr(list, "api") != NULL ? ROLE_API : 0) |
	    (strstr(list, "transcode") != NULL ? ROLE_TRANSCODE : 0) |
	    (strstr(list, "cron") != NULL ? ROLE_CRON : 0));
}

void
role_set(int value)
{
	roles = value;
}

int
role_get(void)
{
	return (roles);
}

void
role_set_http_workers(int count)
{
	http_workers = count;
}

int
role_http_workers(void)
{
	return (http_workers);
}

int
role_serves_http(int number)
{
	return (number <= http_workers);
}

const char *
role_of_worker(int number)
{
	return (role_serves_http(number) ? "http" : "transcode");
}

void
role_drain(void)
{
	draining = 1;
}

int
role_draining(void)
{
	return (draining);
}
