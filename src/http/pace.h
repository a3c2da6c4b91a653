/*
 * How slow a client may be: each connection's time for its handshake, for the
 * head and the body of a request, for reading an answer, and for doing nothing.
 * Kore asks here instead of http_check_timeout() (intake.c).
 * Event loop only.
 */
#ifndef WANZAMI_PACE_H
#define WANZAMI_PACE_H

#include <kore/kore.h>
#include <kore/http.h>

/* How far something was, and since when it has been not much further. */
struct pace_mark {
	u_int64_t		since;		/* 0: there is nothing to wait for */
	u_int64_t		left;
	const struct netbuf	*first;
};

/* pace.c's own; a connection's hdlr_extra begins with it, all zero at first. */
struct pace_time {
	u_int64_t		head;		/* when the head began to come; 0 otherwise */
	u_int64_t		refused;	/* when its request was refused */
	int			waiting;	/* for a head, of which nothing has come */
	struct pace_mark	body, answer;
};

enum pace { PACE_FINE, PACE_LATE, PACE_OVER };

/* In every worker that serves, before it does. */
void	pace_start(void);

/* A connection has been opened, waits for another request, has sent some of a head, has sent all of it. */
void	pace_opened(struct connection *);
void	pace_idle(struct connection *);
void	pace_head(struct connection *);
void	pace_headed(struct connection *);

/* Its request was refused and nothing more is served: it may go on sending for a moment, so that it sees why. */
void	pace_refused(struct connection *);

/* What to do now: nothing, say 408 and end, or end. */
enum pace	pace_check(struct connection *, u_int64_t now);

/* Bytes of answers that wait for a client to take them. */
size_t	pace_unsent(const struct connection *);

#endif
