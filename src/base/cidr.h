/*
 * Lists of networks in CIDR form (RFC 4632), of IPv4 and IPv6 alike.
 */
#ifndef WANZAMI_CIDR_H
#define WANZAMI_CIDR_H

#include <netinet/in.h>

#define CIDR_MAX	32

/* IPv4 stands in it as IPv6 does to a socket of both: ::ffff:a.b.c.d. */
struct cidr {
	struct in6_addr	network;
	unsigned	bits;
};

struct cidr_list {
	struct cidr	of[CIDR_MAX];
	int		count;
};

/* Reads one address of either kind; 0 when it is none. Any thread. */
int	cidr_address(const char *, struct in6_addr *);

/*
 * Reads "10.0.0.0/8, fd00::/8, 192.0.2.1": an address alone is a network of
 * one; "none" is an empty list. 0 for anything else, bits behind a network's
 * length, and more than CIDR_MAX. Any thread.
 */
int	cidr_list_parse(struct cidr_list *, const char *);
int	cidr_list_has(const struct cidr_list *, const struct in6_addr *);

#endif
