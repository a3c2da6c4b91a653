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
 * The client's address as far as it can be trusted (TRUSTED_PROXIES), in its
 * usual form. Event loop only, as all of this.
 */
void	client_address(struct http_request *, char out[CLIENT_ADDRESS_MAX]);

/* The same, but of an IPv6 address only the network (/64): programs change the rest as they like (RFC 8981). */
void	client_network(struct http_request *, char out[CLIENT_ADDRESS_MAX]);

/* The address that the first proxy is said to have seen, which nobody vouches for; else client_address. For the record only. */
void	client_claimed(struct http_request *, char out[CLIENT_ADDRESS_MAX]);

#endif
