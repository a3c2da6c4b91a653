/*
 * Bytes that arrive behind a request: later requests, which wait until the
 * response has been written, or a body that the method does not have, which is
 * skipped. Event loop only.
 */
#ifndef WANZAMI_PIPELINED_H
#define WANZAMI_PIPELINED_H

#include <kore/kore.h>

/* Prepares a new connection. The state hangs on its hdlr_extra, which Kore frees, behind that of timeouts.h. */
void	pipelined_opened(struct connection *);

/* Keeps len bytes of data until the next request is read, and skips the next skip bytes of the connection. */
void	pipelined_keep(struct connection *, const void *data, size_t len, size_t skip);

/*
 * Saves a read() that would find nothing: the last read left room in the
 * buffer, and the kernel reports what comes later. Does nothing where TLS or
 * pipelined bytes stand between the socket and the buffer.
 */
void	pipelined_drained(struct connection *);

/* Asks the kernel for events again when the next request is to be read: Kore's events are edge-triggered, and bytes may be there already. */
void	pipelined_wake(struct connection *);

#endif
