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

/* Shortens the path of a group to that of its parent. Returns 0 if it has none. */
static int
group_parent(char *group)
{
	char	*end = strrchr(group, '/');

	if (end == NULL)
		return (0);
	*end = '\0';

	return (1);
}

/* Returns the lowest limit of a group and its ancestors. `group` is its path as in /proc/self/cgroup; it is shortened. */
static long long
group_limit(const char *root, char *group, const char *file)
{
	long long	limit = -1;
	char		folder[1100];

	do {
		snprintf(folder, sizeof(folder), "%s%s", root, group);
		limit = lower(limit, limit_read(folder, file));
	} while (group_parent(group));

	return (limit);
}

/* Finds the group of the process in version 2 ("0::/") or version 1 (":memory:/") of control groups; "" if there is none. */
static void
group_find(const char *before, char *group, size_t size)
{
	char	text[4096], *line;

	*group = '\0';
	if (!text_read("/proc/self/cgroup", text, sizeof(text)) || (line = strstr(text, before)) == NULL)
		return;
	line += strlen(before) - 1;
	snprintf(group, size, "%.*s", (int)strcspn(line, "\n"), line);
}

long long
memory_limit(void)
{
	char		group[1024];
	long long	limit;

	group_find("0::/", group, sizeof(group));
	limit = group_limit(CGROUPS, group, "memory.max");
	group_find(":memory:/", group, sizeof(group));

	return (lower(limit, group_limit(CGROUPS "/memory", group, "memory.limit_in_bytes")));
}

/* Returns the number after "oom_kill " in a file, -1 if there is none. */
static long long
kills_read(const char *path)
{
	char	text[8192], *line = text;

	if (!text_read(path, text, sizeof(text)))
		return (-1);
	while (strncmp(line, "oom_kill ", 9) != 0) {
		if ((line = strchr(line, '\n')) == NULL)
			return (-1);
		line++;
	}

	return (strtoll(line + 9, NULL, 10));
}

/* Returns the count of a group, or of its closest ancestor that can be read: a container may see its own group as the root. */
static long long
group_kills(const char *root, char *group, const char *file)
{
	long long	n;
	char		path[1200];

	do {
		snprintf(path, sizeof(path), "%s%s/%s", root, group, file);
		if ((n = kills_read(path)) != -1)
			return (n);
	} while (group_parent(group));

	return (-1);
}

long long
memory_kills(void)
{
	char		group[1024];
	long long	n;

	group_find("0::/", group, sizeof(group));
	if ((n = group_kills(CGROUPS, group, "memory.events")) != -1)
		return (n);
	group_find(":memory:/", group, sizeof(group));
	if ((n = group_kills(CGROUPS "/memory", group, "memory.oom_control")) != -1)
		return (n);

	return (kills_read("/proc/vmstat"));
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
