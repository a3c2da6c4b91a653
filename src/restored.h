/*
 * The command `wanzami restored` (docs/backup.md#wanzami-restored).
 */
#ifndef WANZAMI_RESTORED_H
#define WANZAMI_RESTORED_H

/*
 * Prepares a restored database for the service: skips ids, ends all sessions,
 * holds waiting mail, and lists missing objects. Refuses while processes of the
 * service are connected. May be repeated. Prints what it does to standard output.
 * Blocks. Returns the exit status: 0, or 1 after an error or with missing objects.
 */
int	restored_run(void);

#endif
