/*
 * "wanzami doctor": looks, from inside the container, at everything that this
 * process needs, and says in a line each what is right or what to change.
 */
#ifndef WANZAMI_DOCTOR_H
#define WANZAMI_DOCTOR_H

/*
 * Prints the lines; the exit status: 1 when something would keep the process
 * from its work, else 0. Where the configuration is one that a start would
 * refuse, wrong says why (NULL otherwise). Writes nothing but one object under
 * doctor/ in the store, which it removes again. Takes a minute at the worst.
 */
int	doctor_run(int roles, const char *wrong);

#endif
