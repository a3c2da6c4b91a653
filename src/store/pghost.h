/*
 * Where the servers of a database URL are, looked up ahead of libpq, which
 * would ask the name server on the thread that connects.
 */
#ifndef WANZAMI_PGHOST_H
#define WANZAMI_PGHOST_H

struct pghost {
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
 * by pghost_clear().
 */
int	pghost_resolve(struct pghost *h, const char *url);

/* Frees the lists. */
void	pghost_clear(struct pghost *h);

#endif
