/*
 * Host name resolution.
 */
#ifndef WANZAMI_HOST_H
#define WANZAMI_HOST_H

#define HOST_ADDRESSES	8	/* maximum per name; further addresses are ignored */

struct host {
	char	address[HOST_ADDRESSES][64];	/* numeric, IPv6 with its zone */
	int	count;
	char	error[64];			/* reason if count is 0 */
};

/*
 * Fills h with the IP addresses of name, in the order of RFC 6724. A numeric IP
 * address resolves to itself; localhost needs no name server and no /etc/hosts.
 * Returns 0 and sets error if there is none. Blocks as long as resolv.conf(5)
 * allows, which is seconds: call on threads of WORK_LOOKUP, never on the event
 * loop.
 */
int	host_resolve(struct host *h, const char *name);

#endif
