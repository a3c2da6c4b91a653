/*
 * Whose connection a request came over, before the proxies between us.
 */
#ifndef WANZAMI_CLIENT_H
#define WANZAMI_CLIENT_H

#include <netinet/in.h>

#include <kore/kore.h>
#include <kore/http.h>

#define CLIENT_ADDRESS_MAX	INET6_ADDRSTRLEN

/*
 * The client's address as far as it can be trusted (TRUSTED_PROXIES), as IPv6
 * writes it (contract people 1.1: ::ffff:a.b.c.d). Event loop only, as all of
 * this.
 */
void	client_address(struct http_request *, char out[CLIENT_ADDRESS_MAX]);

/* Its usual form, and of an IPv6 address only the network (/64): programs change the rest as they like (RFC 8981). */
void	client_network(struct http_request *, char out[CLIENT_ADDRESS_MAX]);

/* The address that the first proxy is said to have seen, which nobody vouches for; else client_address. For the record only. */
void	client_claimed(struct http_request *, char out[CLIENT_ADDRESS_MAX]);

/* Whether the client's connection is TLS, to us or to a trusted proxy. */
int	client_tls(struct http_request *);

/*
 * The host (and port) that the client asked for, of trusted proxies'
 * X-Forwarded-Host or else of Host: `len` bytes of the request's memory, only
 * such that may stand in an address. NULL when neither is given so.
 */
const char	*client_host(struct http_request *, size_t *len);

#endif
