/*
 * Builds libpq's lists host, hostaddr and port, with one entry per IP address. The
 * name is repeated in host, since libpq checks certificates against it and names
 * it in error messages (libpq, "Parameter Key Words", hostaddr).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/host.h"
#include "store/pg_host.h"

#define NAME_MAX_LEN	253	/* bytes of a host name, RFC 1035 §2.3.4 */

/* The three lists while they are written. */
struct lists {
	FILE	*host, *hostaddr, *port;
	int	count;
};

static void
lists_add(struct lists *to, const char *host, const char *address, const char *port, int port_len)
{
	const char	*comma = to->count++ > 0 ? "," : "";

	fprintf(to->host, "%s%s", comma, host);
	fprintf(to->hostaddr, "%s%s", comma, address);
	fprintf(to->port, "%s%.*s", comma, port_len, port);
}

/* Returns entry n of a list. A list of one entry has it at every position (libpq, "Specifying Multiple Hosts"). */
static const char *
list_entry(const char *list, int n, int *len)
{
	for (; n > 0 && strchr(list, ',') != NULL; n--)
		list = strchr(list, ',') + 1;
	*len = (int)strcspn(list, ",");

	return (list);
}

/* Adds a server. The path of a socket and libpq's default host ("") have no IP address. */
static void
server_add(struct pg_host *h, struct lists *to, const char *host, const char *port, int port_len)
{
	struct host	found;
	int		i;

	if (*host == '\0' || *host == '/' || *host == '@') {
		lists_add(to, host, "", port, port_len);
	} else if (!host_resolve(&found, host)) {
		snprintf(h->error, sizeof(h->error), "%s: %s", host, found.error);
	} else {
		for (i = 0; i < found.count; i++)
			lists_add(to, host, found.address[i], port, port_len);
	}
}

static void
servers_add(struct pg_host *h, struct lists *to, const char *hosts, const char *ports)
{
	char		name[NAME_MAX_LEN + 1];
	const char	*host, *port;
	int		n = 0, len, port_len;

	do {
		host = list_entry(hosts, n, &len);
		port = list_entry(ports, n++, &port_len);
		snprintf(name, sizeof(name), "%.*s", len, host);
		server_add(h, to, name, port, port_len);
	} while (host[len] != '\0');
}

static int
lists_fill(struct pg_host *h, const char *hosts, const char *ports)
{
	size_t		len[3];
	struct lists	to = { .host = open_memstream(&h->host, &len[0]), .hostaddr = open_memstream(&h->hostaddr, &len[1]),
			    .port = open_memstream(&h->port, &len[2]) };
	int		made = to.host != NULL && to.hostaddr != NULL && to.port != NULL;

	snprintf(h->error, sizeof(h->error), "out of memory");
	if (made)
		servers_add(h, &to, hosts, ports);
	made = (to.host == NULL || fclose(to.host) == 0) && made;
	made = (to.hostaddr == NULL || fclose(to.hostaddr) == 0) && made;
	made = (to.port == NULL || fclose(to.port) == 0) && made;

	return (made && to.count > 0);
}

static const char *
option(const PQconninfoOption *options, const char *keyword)
{
	while (options->keyword != NULL && strcmp(options->keyword, keyword))
		options++;

	return (options->val != NULL ? options->val : "");
}

int
pg_host_resolve(struct pg_host *h, const char *url)
{
	PQconninfoOption	*options = PQconninfoParse(url, NULL);
	int			ok = 1;

	memset(h, 0, sizeof(*h));
	/* libpq reports a URL that it cannot parse when it connects. */
	if (options != NULL && *option(options, "host") != '\0' && *option(options, "hostaddr") == '\0')
		ok = lists_fill(h, option(options, "host"), option(options, "port"));
	PQconninfoFree(options);

	return (ok);
}

void
pg_host_clear(struct pg_host *h)
{
	free(h->host);
	free(h->hostaddr);
	free(h->port);
	h->host = h->hostaddr = h->port = NULL;
}
