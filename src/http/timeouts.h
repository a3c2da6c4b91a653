/*
 * How slow a client may be: each connection's time for its handshake, for the
 * head and the body of a request, for reading an answer, and for doing nothing.
 * Kore asks here instead of http_check_timeout() (intake.c).
 * Event loop only.
 */
#ifndef WANZAMI_TIMEOUTS_H
#define WANZAMI_TIMEOUTS_H

#include <kore/kore.h>
#include <kore/http.h>

/* How far something was, and since when it has been not much further. */
struct timeouts_mark {
	u_int64_t		since;		/* 0: there is nothing to wait for */
	u_int64_t		left;
	const struct netbuf	*first;
};

/* pace.c's own; a connection's hdlr_extra begins with it, all zero at first. */
struct timeouts_time {
	u_int64_t		head;		/* when the head began to come; 0 otherwise */
	u_int64_t		refused;	/* when its request was refused */
	int			waiting;	/* for a head, of which nothing has come */
	struct timeouts_mark	body, answer;
};

enum timeout_action { TIMEOUT_NONE, TIMEOUT_RESPOND, TIMEOUT_CLOSE };

/* In every worker that serves, before it does. */
void	timeouts_start(void);

/* A connection has been opened, waits for another request, has sent some of a head, has sent all of it. */
void	timeouts_opened(struct connection *);
void	timeouts_idle(struct connection *);
void	timeouts_head(struct connection *);
void	timeouts_headed(struct connection *);

/* Its request was refused and nothing more is served: it may go on sending for a moment, so that it sees why. */
void	timeouts_refused(struct connection *);

/* What to do now: nothing, say 408 and end, or end. */
enum timeout_action	timeouts_check(struct connection *, u_int64_t now);

/* Bytes of answers that wait for a client to take them. */
size_t	timeouts_unsent(const struct connection *);

#endif
