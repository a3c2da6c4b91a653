/*
 * The number of changes that all processes of this service have made to the
 * database, in memory that they share: response_cache.h compares it. Any
 * thread.
 */
#ifndef WANZAMI_CHANGES_H
#define WANZAMI_CHANGES_H

/* Maps the shared counter; once, before the workers are forked. */
void		changes_init(void);

/* Announces that a statement has changed something. */
void		changes_announce(void);

/* Returns the number of announcements so far. */
unsigned long	changes_count(void);

#endif
