/*
 * Delivers what waits in wanzami.mail_outbox.
 */
#ifndef WANZAMI_JOBS_MAIL_H
#define WANZAMI_JOBS_MAIL_H

/* Begins to deliver in this worker; needs pg_start() and mail_configure(). Once per worker, event loop only. */
void	mailjob_start(void);

/* Whether a mail is on its way that should be finished before the worker ends. Event loop only. */
int	mailjob_busy(void);

#endif
