/*
 * Connection timeouts: TLS handshake, request header, request body, response
 * write, keep-alive idle. Event loop only.
 */
#ifndef WANZAMI_TIMEOUTS_H
#define WANZAMI_TIMEOUTS_H

#include <kore/kore.h>
#include <kore/http.h>

/* The progress of a transfer, and since when it has made no step. */
struct timeouts_mark {
	u_int64_t		since;		/* ms; 0: nothing is transferred */
	u_int64_t		left;		/* bytes */
	const struct netbuf	*first;
};

/* The state of timeouts.c for a connection; hdlr_extra of the connection begins with it (pipelined.h), all zero at first. */
struct timeouts_time {
	u_int64_t		head;		/* when the first byte of the request header arrived, in ms; 0 otherwise */
	u_int64_t		refused;	/* when its request was refused, in ms */
	u_int64_t		unread;		/* bytes of a refused body that the client may still send */
	size_t			collected;	/* bytes of a chunked body that have arrived, framing included; 0 if there is none */
	int			waiting;	/* for a request, of which nothing has arrived */
	struct timeouts_mark	body, answer;
};

enum timeout_action { TIMEOUT_NONE, TIMEOUT_RESPOND, TIMEOUT_CLOSE };

/* Starts the checks; once in each worker that serves HTTP. */
void	timeouts_start(void);

/* Start the timer of a phase: connection opened, keep-alive idle, first bytes of a request header, request header complete. */
void	timeouts_opened(struct connection *);
void	timeouts_idle(struct connection *);
void	timeouts_head(struct connection *);
void	timeouts_headed(struct connection *);

/* Adds bytes of a chunked body, which counts as a body in memory; 0 ends it. */
void	timeouts_collected(struct connection *, size_t bytes);

/* Returns the bytes of chunked bodies that all connections have collected; those of closed connections count until the next check. */
size_t	timeouts_collected_all(void);

/* Starts the timer after a refusal: the client may go on sending for a moment, so that it can read the response. */
void	timeouts_refused(struct connection *);

/*
 * Lets the client of a refused request send the rest of its body, of this many
 * bytes, as long as it makes progress, before the timer of the refusal runs:
 * many clients read the response only then.
 */
void	timeouts_unread(struct connection *, u_int64_t bytes);

/* Subtracts bytes that have arrived since the refusal. */
void	timeouts_discarded(struct connection *, size_t bytes);

/* Returns what to do with a connection now: nothing, respond 408 and close it, or close it. */
enum timeout_action	timeouts_check(struct connection *, u_int64_t now);

/* Returns the number of bytes of responses that have not been sent yet. */
size_t	timeouts_unsent(const struct connection *);

#endif
