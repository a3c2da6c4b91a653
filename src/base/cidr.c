/*
 * Parses and searches lists of networks.
 */
#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "base/cidr.h"

#define V4_BITS	96	/* prefix of an IPv4-mapped IPv6 address */

static int
within(const struct cidr *c, const struct in6_addr *a)
{
	unsigned	bytes = c->bits / 8, rest = c->bits % 8;
	unsigned char	mask = (unsigned char)(0xff00 >> rest);

	return (!memcmp(c->network.s6_addr, a->s6_addr, bytes) &&
	    (rest == 0 || (c->network.s6_addr[bytes] & mask) == (a->s6_addr[bytes] & mask)));
}

/* Returns 1 if no bit is set behind the length; 10.1.2.3/8 is probably a mistake. */
static int
is_network(const struct cidr *c)
{
	unsigned	i;

	for (i = c->bits; i < 128; i++) {
		if (c->network.s6_addr[i / 8] & (0x80 >> i % 8))
			return (0);
	}

	return (1);
}

int
cidr_address(const char *text, struct in6_addr *out)
{
	if (strchr(text, ':') != NULL)
		return (inet_pton(AF_INET6, text, out) == 1);
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = out->s6_addr[11] = 0xff;

	return (inet_pton(AF_INET, text, out->s6_addr + V4_BITS / 8) == 1);
}

static int
one_parse(struct cidr *c, char *text)
{
	char	*slash = strchr(text, '/'), *end;
	int	v4 = strchr(text, ':') == NULL;
	long	bits = v4 ? 32 : 128;

	if (slash != NULL) {
		*slash++ = '\0';
		if (*slash < '0' || *slash > '9')
			return (0);
		bits = strtol(slash, &end, 10);
		if (*end != '\0' || bits > (v4 ? 32 : 128))
			return (0);
	}
	c->bits = (unsigned)bits + (v4 ? V4_BITS : 0);

	return (cidr_address(text, &c->network) && is_network(c));
}

int
cidr_list_parse(struct cidr_list *l, const char *text)
{
	char	one[INET6_ADDRSTRLEN + 8];
	size_t	len;

	l->count = 0;
	if (!strcmp(text, "none"))
		return (1);
	for (;; text++) {
		text += strspn(text, " \t");
		len = strcspn(text, ", \t");
		if (len == 0 || len >= sizeof(one) || l->count == CIDR_MAX)
			return (0);
		memcpy(one, text, len);
		one[len] = '\0';
		if (!one_parse(&l->of[l->count++], one))
			return (0);
		text += len + strspn(text + len, " \t");
		if (*text != ',')
			return (*text == '\0');
	}
}

int
cidr_list_has(const struct cidr_list *l, const struct in6_addr *a)
{
	int	i;

	for (i = 0; i < l->count; i++) {
		if (within(&l->of[i], a))
			return (1);
	}

	return (0);
}
