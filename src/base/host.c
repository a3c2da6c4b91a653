/*
 * Wraps getaddrinfo() and resolves localhost itself: a container image from
 * scratch has no /etc/hosts.
 */
#include <sys/socket.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/host.h"

static int
localhost(struct host *h)
{
	snprintf(h->address[0], sizeof(h->address[0]), "127.0.0.1");
	snprintf(h->address[1], sizeof(h->address[1]), "::1");

	return (h->count = 2);
}

int
host_resolve(struct host *h, const char *name)
{
	struct addrinfo	hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	int		error;

	h->count = 0;
	if (!strcmp(name, "localhost"))
		return (localhost(h));
	if ((error = getaddrinfo(name, NULL, &hints, &list)) == 0) {
		for (ai = list; ai != NULL && h->count < HOST_ADDRESSES && error == 0; ai = ai->ai_next) {
			error = getnameinfo(ai->ai_addr, ai->ai_addrlen, h->address[h->count], sizeof(h->address[0]),
			    NULL, 0, NI_NUMERICHOST);
			h->count += error == 0;
		}
		freeaddrinfo(list);
	}
	if (error != 0)
		snprintf(h->error, sizeof(h->error), "%s", gai_strerror(error));

	return (h->count > 0);
}
