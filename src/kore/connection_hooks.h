/*
 * Where the service takes part in Kore's handling of a client's connection.
 */
#ifndef WANZAMI_CONNECTION_HOOKS_H
#define WANZAMI_CONNECTION_HOOKS_H

#include <kore/kore.h>
#include <kore/http.h>

struct connection_hooks {
	void	(*opened)(struct connection *);		/* a connection waits for its first request */
	void	(*idle)(struct connection *);		/* the same for its next request */
	void	(*resumed)(struct connection *);	/* reading of the next request has been set up */
	/* Receives request headers in place of http_header_recv(); calls it when Kore may parse what is in the buffer. */
	int	(*header)(struct netbuf *);
	/* Checks the timeouts of a connection twice a second; returns KORE_RESULT_ERROR after it has closed the connection. */
	int	(*timeout)(struct connection *, u_int64_t now);
};

/* Sets the hooks of this worker, before it accepts connections; hooks is not copied. Event loop only. */
void	connection_hooks_set(const struct connection_hooks *hooks);

/*
 * Takes the place of net_write(): sends as much of the buffer as the socket
 * takes, whatever len says. Kore asks for 8 kB at a time, which costs a system
 * call for each part of a large response. Event loop only.
 */
int	connection_write(struct connection *, size_t len, size_t *written);

#endif
