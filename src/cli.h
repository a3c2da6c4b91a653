/*
 * The command line.
 */
#ifndef WANZAMI_CLI_H
#define WANZAMI_CLI_H

/*
 * Reads the options. Runs a command and exits with its status; returns if the
 * process is to serve, with --role in the environment variable ROLE. Before
 * threads start.
 */
void	cli_run(int argc, char **argv);

#endif
