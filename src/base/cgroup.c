/*
 * Reads /proc/self/cgroup and the files of control groups.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/file_text.h"

#define FOLDER_MAX	(CGROUP_MAX + 64)

void
cgroup_find(const char *before, char group[CGROUP_MAX])
{
	char	text[4096], *line;

	*group = '\0';
	if (file_text("/proc/self/cgroup", text, sizeof(text)) <= 0 || (line = strstr(text, before)) == NULL)
		return;
	line += strlen(before) - 1;
	snprintf(group, CGROUP_MAX, "%.*s", (int)strcspn(line, "\n"), line);
}

int
cgroup_parent(char *group)
{
	char	*end = strrchr(group, '/');

	if (end == NULL)
		return (0);
	*end = '\0';

	return (1);
}

/* Returns the number in a file of a group; -1 if it cannot be read or is not positive. */
static long long
number_read(const char *folder, const char *file)
{
	char	path[FOLDER_MAX + 32], text[32];

	snprintf(path, sizeof(path), "%s/%s", folder, file);

	return (file_text(path, text, sizeof(text)) > 0 && atoll(text) > 0 ? atoll(text) : -1);
}

/* Returns the quota of one group in CPUs, rounded up; -1 without one. */
static long long
quota_read(const char *folder)
{
	char		path[FOLDER_MAX + 32], text[64], *rest;
	long long	quota = -1, period = -1;

	snprintf(path, sizeof(path), "%s/cpu.max", folder);
	if (file_text(path, text, sizeof(text)) > 0) {
		quota = strtoll(text, &rest, 10);	/* 0 if it says "max" */
		period = strtoll(rest, NULL, 10);
	} else {
		quota = number_read(folder, "cpu.cfs_quota_us");
		period = number_read(folder, "cpu.cfs_period_us");
	}

	return (quota > 0 && period > 0 ? (quota + period - 1) / period : -1);
}

/* Returns the lowest quota of a group and its ancestors. group is shortened. */
static long long
quota_lowest(const char *root, char *group)
{
	long long	lowest = -1, quota;
	char		folder[FOLDER_MAX];

	do {
		snprintf(folder, sizeof(folder), "%s%s", root, group);
		quota = quota_read(folder);
		if (quota != -1 && (lowest == -1 || quota < lowest))
			lowest = quota;
	} while (cgroup_parent(group));

	return (lowest);
}

int
cgroup_cpus(void)
{
	static const char *const	hierarchies[][2] = { { "0::/", CGROUPS }, { ":cpu:/", CGROUPS "/cpu" }, { ":cpu,cpuacct:/", CGROUPS "/cpu,cpuacct" },
					    { ":cpuacct,cpu:/", CGROUPS "/cpuacct,cpu" } };
	char				group[CGROUP_MAX];
	cpu_set_t			set;
	long long			quota, cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	size_t				i;

	for (i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		cgroup_find(hierarchies[i][0], group);
		quota = quota_lowest(hierarchies[i][1], group);
		if (quota != -1 && quota < cpus)
			cpus = quota;
	}

	return ((int)cpus);
}
