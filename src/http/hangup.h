/*
 * Fault injection for test builds (HANGUP_HOOK): closes the connection of a
 * request at a chosen await and at a chosen step of Kore's clean-up, so that a
 * test can try every await of every route. The header X-Hangup holds the
 * number of the request_wait() call, counted from 1, and one of
 *
 *	wait	close the connection while the work goes on
 *	resume	close it when the work is done, before Kore removes it
 *	prune	as resume; Kore has removed the connection but not freed the request
 *	free	as prune; Kore has freed the request
 */
#ifndef WANZAMI_HANGUP_H
#define WANZAMI_HANGUP_H

struct request;

#if defined(HANGUP_HOOK)
void	hangup_wait(struct request *);
void	hangup_resume(struct request *);
#else
#define hangup_wait(r)		((void)(r))
#define hangup_resume(r)	((void)(r))
#endif

#endif
