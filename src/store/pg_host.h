/*
 * Where the servers of a database URL are, looked up ahead of libpq, which
 * would ask the name server on the thread that connects.
 */
#ifndef WANZAMI_PG_HOST_H
#define WANZAMI_PG_HOST_H

struct pg_host {
	char	*host;		/* libpq's parameters of the same names: lists, with one entry for each address */
	char	*hostaddr;
	char	*port;
	char	error[384];
};

/*
 * Looks up every host of url. All three lists are NULL when libpq needs
 * nothing beyond the URL itself (a socket, no host, addresses given). A host
 * without address is left out; only when that leaves none, returns 0 and says
 * so in error. Waits for name servers: see host_resolve(). The lists are freed
 * by pg_host_clear().
 */
int	pg_host_resolve(struct pg_host *h, const char *url);

/* Frees the lists. */
void	pg_host_clear(struct pg_host *h);

#endif
