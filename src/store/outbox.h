/*
 * Notification of the mail sender by code that has queued mail (any statement
 * that inserts into wanzami.mail_outbox). It keeps both sides independent of
 * each other.
 */
#ifndef WANZAMI_OUTBOX_H
#define WANZAMI_OUTBOX_H

/*
 * Makes the mail sender look for mail now instead of at its next poll, within a
 * second. Call it after the statement that has queued the mail has returned. A
 * redundant call costs one query. Event loop only.
 */
void	outbox_wake(void);

/* Registers the function that outbox_wake() calls. Once per worker. Event loop only. */
void	outbox_on_wake(void (*)(void));

#endif
