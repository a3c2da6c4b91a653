/*
 * The command `wanzami env`.
 */
#ifndef WANZAMI_ENV_PRINT_H
#define WANZAMI_ENV_PRINT_H

/*
 * Prints the variables of .env in the working directory that the environment
 * lacks, as commands of a POSIX shell, so that a script reads the file as this
 * program does (base/env_file.h). Variables that only the script knows are printed, too.
 * Leaves out names that a shell does not take. Returns the exit status: 0, or 1 after an
 * error message on standard error if the file exists and cannot be read.
 */
int	env_print(void);

#endif
