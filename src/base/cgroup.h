/*
 * Control groups (cgroups) of the process, versions 2 and 1, as /sys/fs/cgroup and /proc show them. Any thread.
 */
#ifndef WANZAMI_CGROUP_H
#define WANZAMI_CGROUP_H

#include <stddef.h>

#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP_MAX	1024	/* size of a buffer for the path of a group */

/*
 * Writes the group of the process, as a path below the root of its hierarchy; "" if there is none. before: the
 * text in front of the path in /proc/self/cgroup with the path's "/", as "0::/" (version 2) or ":memory:/" (version 1).
 */
void	cgroup_find(const char *before, char group[CGROUP_MAX]);

/* Shortens the path of a group to that of its parent. Returns 0 if it has none. */
int	cgroup_parent(char *group);

/*
 * Returns the number of CPUs that the threads of the process can use at a time: those in its CPU affinity mask,
 * or fewer if the CPU quota of its group or of an ancestor is less (rounded up). At least 1.
 */
int	cgroup_cpus(void);

#endif
