/*
 * "wanzami status": what the service is doing, as the database knows it, and
 * whether the process on this machine answers.
 */
#ifndef WANZAMI_STATUS_H
#define WANZAMI_STATUS_H

/* Prints it; the exit status: 0, or 1 when the database cannot be asked or the process here is not ready. */
int	status_print(void);

#endif
