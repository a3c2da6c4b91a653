/*
 * Delivery of the mails in wanzami.mail_outbox.
 */
#ifndef WANZAMI_MAIL_SENDER_H
#define WANZAMI_MAIL_SENDER_H

/* Starts to deliver mail in this worker. Call once per worker, after pg_start() and mail_configure(). Event loop only. */
void	mail_sender_start(void);

/* Returns 1 while a mail is being sent or its result is being stored. Event loop only. */
int	mail_sender_busy(void);

#endif
