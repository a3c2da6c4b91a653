/*
 * The commands `wanzami job list` and `wanzami job run`.
 */
#ifndef WANZAMI_JOB_COMMAND_H
#define WANZAMI_JOB_COMMAND_H

/*
 * argv holds what stands behind `wanzami job`. Blocks. Returns the exit
 * status: 0 done, 1 failed (the reason is in the log), 2 no such command or
 * job, 3 somebody else is running it.
 */
int	job_command(int argc, char **argv);

#endif
