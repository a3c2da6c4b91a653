/*
 * Lists of IPv4 and IPv6 networks in CIDR notation (RFC 4632).
 */
#ifndef WANZAMI_CIDR_H
#define WANZAMI_CIDR_H

#include <netinet/in.h>

#define CIDR_MAX	32

/* A network. IPv4 is stored as an IPv4-mapped IPv6 address, ::ffff:a.b.c.d, and bits counts its 96-bit prefix. */
struct cidr {
	struct in6_addr	network;
	unsigned	bits;
};

struct cidr_list {
	struct cidr	of[CIDR_MAX];
	int		count;
};

/* Parses an IPv4 or IPv6 address. Returns 0 if it is not valid. Any thread. */
int	cidr_address(const char *, struct in6_addr *);

/*
 * Parses a list such as "10.0.0.0/8, fd00::/8, 192.0.2.1". An address without a
 * length is a network of one address; "none" is an empty list. Returns 0 if the
 * text is not valid, if an address has bits set behind its network's length,
 * and above CIDR_MAX networks. Any thread.
 */
int	cidr_list_parse(struct cidr_list *, const char *);

/* Returns 1 if a network of the list contains the IP address. Any thread. */
int	cidr_list_has(const struct cidr_list *, const struct in6_addr *);

#endif
