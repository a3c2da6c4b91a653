/*
 * cpus: prints the number of CPUs that the process can use by its affinity mask
 * and control group.
 */
#include <stdio.h>

#include "base/cgroup.h"

int	main(void);

int
main(void)
{
	printf("%d\n", cgroup_cpus());

	return (0);
}
