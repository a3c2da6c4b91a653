/*
 * Delivers what waits in wanzami.mail_outbox.
 */
#ifndef WANZAMI_MAIL_SENDER_H
#define WANZAMI_MAIL_SENDER_H

/* Begins to deliver in this worker; needs pg_start() and mail_configure(). Once per worker, event loop only. */
void	mail_sender_start(void);

/* Whether a mail is on its way that should be finished before the worker ends. Event loop only. */
int	mail_sender_busy(void);

#endif
