/*
 * The commands `wanzami job list` and `wanzami job run`.
 */
#ifndef WANZAMI_JOB_COMMAND_H
#define WANZAMI_JOB_COMMAND_H

/*
 * Runs a command. argv holds the arguments after `wanzami job`. Blocks. Returns
 * the exit status: 0 done, 1 failed (the log has the reason), 2 unknown command,
 * job or argument, 3 another process is running the job.
 */
int	job_command(int argc, char **argv);

#endif
