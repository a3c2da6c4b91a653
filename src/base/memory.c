/*
 * Reads /sys/fs/cgroup (versions 2 and 1) and /proc.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/file_text.h"
#include "base/memory.h"

/* Returns the number in a limit file; -1 if it says "max", has the huge number of version 1, or cannot be read. */
static long long
limit_read(const char *folder, const char *file)
{
	char	path[1200], text[32];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (file_text(path, text, sizeof(text)) <= 0 || *text < '1' || *text > '9' || strlen(text) >= 18)
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
	char		folder[1100];

	do {
		snprintf(folder, sizeof(folder), "%s%s", root, group);
		limit = lower(limit, limit_read(folder, file));
	} while (cgroup_parent(group));

	return (limit);
}

long long
memory_limit(void)
{
	char		group[CGROUP_MAX];
	long long	limit;

	cgroup_find("0::/", group);
	limit = group_limit(CGROUPS, group, "memory.max");
	cgroup_find(":memory:/", group);

	return (lower(limit, group_limit(CGROUPS "/memory", group, "memory.limit_in_bytes")));
}

/* Returns the number after "oom_kill " in a file, -1 if there is none. */
static long long
kills_read(const char *path)
{
	char	text[8192], *line = text;

	if (file_text(path, text, sizeof(text)) <= 0)
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
	} while (cgroup_parent(group));

	return (-1);
}

long long
memory_kills(void)
{
	char		group[CGROUP_MAX];
	long long	n;

	cgroup_find("0::/", group);
	if ((n = group_kills(CGROUPS, group, "memory.events")) != -1)
		return (n);
	cgroup_find(":memory:/", group);
	if ((n = group_kills(CGROUPS "/memory", group, "memory.oom_control")) != -1)
		return (n);

	return (kills_read("/proc/vmstat"));
}

long long
memory_machine(void)
{
	char	text[256], *line;

	if (file_text("/proc/meminfo", text, sizeof(text)) <= 0 || (line = strstr(text, "MemTotal:")) == NULL)
		return (-1);

	return (strtoll(line + 9, NULL, 10) << 10);
}

long long
memory_used(void)
{
	char		text[128];
	long long	resident, shared;

	if (file_text("/proc/self/statm", text, sizeof(text)) <= 0 || sscanf(text, "%*d %lld %lld", &resident, &shared) != 2)
		return (-1);

	return ((resident - shared) * sysconf(_SC_PAGESIZE));
}
