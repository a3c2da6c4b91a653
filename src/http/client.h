/*
 * The client of a request: its IP address, TLS and host, as far as the
 * connection and the proxies in front of it tell. All of it is read once,
 * while the connection certainly exists; it stays valid after the client has
 * disconnected. Event loop only.
 */
#ifndef WANZAMI_CLIENT_H
#define WANZAMI_CLIENT_H

#include <netinet/in.h>

#include <kore/kore.h>
#include <kore/http.h>

#define CLIENT_ADDRESS_MAX	INET6_ADDRSTRLEN
#define CLIENT_HOST_MAX		264	/* a DNS name, a colon, a port and a NUL */

struct client {
	struct in6_addr	address;	/* the client's IP address as far as TRUSTED_PROXIES can be believed */
	struct in6_addr	claimed;	/* the first entry of X-Forwarded-For, which nobody has verified */
	int		has_claim;	/* claimed is set */
	int		tls;		/* the client's connection is TLS, to this process or to a trusted proxy */
	char		host[CLIENT_HOST_MAX];	/* host and port of a trusted X-Forwarded-Host, else of Host; "" if not valid in a URL */
};

/* Fills the client of a request. The request must still have its connection. */
void	client_read(struct client *, struct http_request *);

/* Writes the IP address in its IPv6 form (an IPv4 address as ::ffff:a.b.c.d). */
void	client_address(const struct client *, char out[CLIENT_ADDRESS_MAX]);

/* Writes the IPv4 address, or the /64 network of an IPv6 address: a host changes the lower half as it likes (RFC 8981). */
void	client_network(const struct client *, char out[CLIENT_ADDRESS_MAX]);

/* Writes the claimed IP address in its usual form, without a claim the same as client_address(). For the record only. */
void	client_claimed(const struct client *, char out[CLIENT_ADDRESS_MAX]);

#endif
