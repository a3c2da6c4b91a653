/*
 * Look-up of the host names in a database URL, done before libpq connects, since
 * libpq's own look-up would block the thread that connects.
 */
#ifndef WANZAMI_PG_HOST_H
#define WANZAMI_PG_HOST_H

struct pg_host {
	char	*host;		/* libpq's connection parameters of these names: lists with one entry per IP address */
	char	*hostaddr;
	char	*port;
	char	error[384];	/* "host name: reason" of the last failed look-up */
};

/*
 * Resolves every host of url. The lists stay NULL if libpq needs nothing beyond
 * the URL: a socket, no host, or hostaddr in the URL. Skips a host that cannot
 * be resolved; returns 0 with error if none is left. Blocks as host_resolve()
 * does. Free the lists with pg_host_clear().
 */
int	pg_host_resolve(struct pg_host *h, const char *url);

/* Frees the lists. */
void	pg_host_clear(struct pg_host *h);

#endif
