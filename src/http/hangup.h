/*
 * Test builds only (HANGUP_HOOK): ends the connection of a request at a chosen
 * await, in a chosen order with what Kore does about it, so that a test can
 * try every await of every route. The header X-Hangup holds the number of the
 * request_wait() call, counted from 1, and one of
 *
 *	wait	closes the connection while the work goes on
 *	resume	closes it when the work is done; Kore has not removed it yet
 *	prune	the same, and Kore has removed it, but not freed the request
 *	free	the same, and Kore has freed the request
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
