/*
 * The bell between who enqueues mail (any statement that inserts into
 * wanzami.mail_outbox) and who delivers it, so that neither knows the other.
 */
#ifndef WANZAMI_OUTBOX_H
#define WANZAMI_OUTBOX_H

/*
 * Says that mail may be waiting: it goes out at once, not with the next look
 * at the table. Call it after the statement that enqueued has answered; a call
 * too many costs one look, and without it mail leaves within a second. Event
 * loop only.
 */
void	outbox_wake(void);

/* Registers what outbox_wake() calls; once per worker. Event loop only. */
void	outbox_on_wake(void (*)(void));

#endif
