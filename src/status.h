/*
 * Command `wanzami status`: state of the whole service from the database, and
 * readiness of the process on this machine.
 */
#ifndef WANZAMI_STATUS_H
#define WANZAMI_STATUS_H

/*
 * Prints the state to standard output. Blocks. Returns the exit status: 0, or 1
 * if the database query fails or the process on this machine is not ready.
 */
int	status_print(void);

#endif
