/*
 * A counter of database changes, in memory that is shared by the workers of
 * this process group. http/generation.h asks the database again after one.
 * Any thread.
 */
#ifndef WANZAMI_CHANGES_H
#define WANZAMI_CHANGES_H

/* Maps the shared memory. Call once, before the workers are forked. */
void		changes_init(void);

/* Counts a change. Call after the statement has been committed. */
void		changes_announce(void);

/* Returns the number of changes so far. */
unsigned long	changes_count(void);

#endif
