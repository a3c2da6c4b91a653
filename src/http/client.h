/*
 * The client of a request: IP address, TLS and host, from the connection and
 * the headers of trusted proxies. The values are read once, when the request
 * arrives, and stay valid after the client has disconnected. Event loop only.
 */
#ifndef WANZAMI_CLIENT_H
#define WANZAMI_CLIENT_H

#include <netinet/in.h>

#include <kore/kore.h>
#include <kore/http.h>

#define CLIENT_ADDRESS_MAX	INET6_ADDRSTRLEN
#define CLIENT_HOST_MAX		264	/* a DNS name, a colon, a port and a NUL */

struct client {
	struct in6_addr	address;	/* the client's IP address, from X-Forwarded-For if TRUSTED_PROXIES have set it */
	struct in6_addr	claimed;	/* the first entry of X-Forwarded-For, not verified */
	int		has_claim;	/* claimed is set */
	int		tls;		/* the client's connection is TLS, to this process or to a trusted proxy */
	char		host[CLIENT_HOST_MAX];	/* host and port of Host, or of a trusted X-Forwarded-Host if PUBLIC_API_ORIGIN is unset; "" if not valid in a URL */
};

/* Fills the structure from a request, which must still have its connection. */
void	client_read(struct client *, struct http_request *);

/* Writes the IP address in its IPv6 form (an IPv4 address as ::ffff:a.b.c.d). */
void	client_address(const struct client *, char out[CLIENT_ADDRESS_MAX]);

/* Writes the IPv4 address, or the /64 network of an IPv6 address, because a host can change the lower 64 bits at will (RFC 8981). */
void	client_network(const struct client *, char out[CLIENT_ADDRESS_MAX]);

/* Writes the claimed IP address, or that of client_address() if none is claimed. Store or display it only; do not base a decision on it. */
void	client_claimed(const struct client *, char out[CLIENT_ADDRESS_MAX]);

#endif
