/*
 * Reads /sys/fs/cgroup (versions 2 and 1) and /proc.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

#define CGROUPS	"/sys/fs/cgroup"

/* Reads the beginning of a file as text. Returns 0 if it cannot be read. */
static int
text_read(const char *path, char *text, size_t size)
{
	ssize_t	n;
	int	fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';

	return (n > 0);
}

/* Returns the number in a limit file; -1 if it says "max", has the huge number of version 1, or cannot be read. */
static long long
limit_read(const char *folder, const char *file)
{
	char	path[1200], text[32];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (!text_read(path, text, sizeof(text)) || *text < '1' || *text > '9' || strlen(text) >= 18)
		return (-1);

	return (strtoll(text, NULL, 10));
}

static long long
lower(long long a, long long b)
{
	return (a == -1 || (b != -1 && b < a) ? b : a);
}

/* Returns the lowest limit of a group and its ancestors. `group` is its path as in /proc/self/cgroup; it is shortened. */
static long long
group_limit(const char *root, char *group, const char *file)
{
	long long	limit = -1;
	char		folder[1100], *end;

	for (;;) {
		snprintf(folder, sizeof(folder), "%s%s", root, group);
		limit = lower(limit, limit_read(folder, file));
		if ((end = strrchr(group, '/')) == NULL)
			return (limit);
		*end = '\0';
	}
}

long long
memory_limit(void)
{
	char		text[4096], group[1024] = "", *line;
	long long	limit;

	if (text_read("/proc/self/cgroup", text, sizeof(text)) && (line = strstr(text, "0::/")) != NULL)
		snprintf(group, sizeof(group), "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	limit = group_limit(CGROUPS, group, "memory.max");
	*group = '\0';
	if (text_read("/proc/self/cgroup", text, sizeof(text)) && (line = strstr(text, ":memory:/")) != NULL)
		snprintf(group, sizeof(group), "%.*s", (int)strcspn(line + 8, "\n"), line + 8);

	return (lower(limit, group_limit(CGROUPS "/memory", group, "memory.limit_in_bytes")));
}

long long
memory_machine(void)
{
	char	text[256], *line;

	if (!text_read("/proc/meminfo", text, sizeof(text)) || (line = strstr(text, "MemTotal:")) == NULL)
		return (-1);

	return (strtoll(line + 9, NULL, 10) << 10);
}

long long
memory_used(void)
{
	char		text[128];
	long long	resident, shared;

	if (!text_read("/proc/self/statm", text, sizeof(text)) || sscanf(text, "%*d %lld %lld", &resident, &shared) != 2)
		return (-1);

	return ((resident - shared) * sysconf(_SC_PAGESIZE));
}
