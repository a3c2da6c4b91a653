/*
 * Bytes that arrive behind a request: later requests, which wait until the
 * response has been written, or a body that the method does not have, which is
 * skipped. Also collects chunked bodies. Event loop only.
 */
#ifndef WANZAMI_PIPELINED_H
#define WANZAMI_PIPELINED_H

#include <kore/kore.h>

#include "http/chunked.h"

struct route;

/* A chunked body while it arrives. Kore takes bodies with a Content-Length only, so it gets the request once the length is known. */
struct pipelined_body {
	const struct route	*route;
	struct chunked		chunked;
	int			reads_body;	/* 0: the method has no body; it is dropped */
	size_t			most;		/* limit of the body in bytes */
	size_t			head, len;	/* bytes of the header section, and of the body so far */
};

/* Prepares a new connection. The state hangs on its hdlr_extra, which Kore frees, behind that of timeouts.h. */
void	pipelined_opened(struct connection *);

/* Keeps len bytes of data until the next request is read, and skips the next skip bytes of the connection. */
void	pipelined_keep(struct connection *, const void *data, size_t len, size_t skip);

/* Begins to collect a chunked body; len bytes of data are the header section, without its empty line. Copies both. */
void	pipelined_collect(struct connection *, const struct pipelined_body *, const void *data, size_t len);

/* Returns the body that is being collected, and its header section, or NULL. Valid until the next call for the connection. */
const struct pipelined_body	*pipelined_body(const struct connection *, const char **head);

/*
 * Decodes the next len bytes of the body that is being collected, in place.
 * Returns 0 if more must arrive, 200 at the end of the body, or the status of a
 * refusal. Bytes behind the body are kept.
 */
int	pipelined_decode(struct connection *, char *data, size_t len);

/* Ends collecting: the body (unless it is dropped) and the bytes behind it are what is read from the connection next. */
void	pipelined_release(struct connection *);

/* Ends collecting and frees what has been collected. */
void	pipelined_drop(struct connection *);

/*
 * Saves a read() that would find nothing: the last read left room in the
 * buffer, and the kernel reports what comes later. Does nothing where TLS or
 * pipelined bytes stand between the socket and the buffer.
 */
void	pipelined_drained(struct connection *);

/* Asks the kernel for events again when the next request is to be read: Kore's events are edge-triggered, and bytes may be there already. */
void	pipelined_wake(struct connection *);

#endif
