/*
 * The addresses behind a host's name.
 */
#ifndef WANZAMI_HOST_H
#define WANZAMI_HOST_H

#define HOST_ADDRESSES	8	/* of one name, at most; more are left out */

struct host {
	char	address[HOST_ADDRESSES][64];	/* numeric, IPv6 with its zone */
	int	count;
	char	error[64];			/* why there are none */
};

/*
 * Fills h with the addresses of name, in the order in which they should be
 * tried (RFC 6724). A numeric address is its own; localhost needs no name
 * server and no /etc/hosts. Returns 0 and says why in error when there are
 * none. Waits for the name server as long as resolv.conf(5) says, which is
 * seconds: on threads of WORK_LOOKUP, never on the event loop.
 */
int	host_resolve(struct host *h, const char *name);

#endif
