/*
 * Reads X-Forwarded-For: every proxy adds the address it was called from at
 * the end, so only the last entries come from proxies of ours.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "http/client.h"

static void
connection_address(struct http_request *req, struct in6_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (req->owner->family == AF_INET6) {
		*out = req->owner->addr.ipv6.sin6_addr;
	} else if (req->owner->family == AF_INET) {
		out->s6_addr[10] = out->s6_addr[11] = 0xff;
		memcpy(out->s6_addr + 12, &req->owner->addr.ipv4.sin_addr, 4);
	}
}

/* One entry: an address, perhaps with a port behind it. */
static int
entry_read(const char *text, size_t len, struct in6_addr *out)
{
	char	copy[CLIENT_ADDRESS_MAX + 16], mapped[CLIENT_ADDRESS_MAX + 24], *colon;
	char	*p = copy;

	while (len > 0 && (*text == ' ' || *text == '\t'))
		text++, len--;
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len == 0 || len >= sizeof(copy))
		return (0);
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (*p == '[') {
		p++;
		p[strcspn(p, "]")] = '\0';
	} else if ((colon = strchr(p, ':')) != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
	}
	snprintf(mapped, sizeof(mapped), "%s%s", strchr(p, ':') == NULL ? "::ffff:" : "", p);

	return (inet_pton(AF_INET6, mapped, out) == 1);
}

/* The entry with that number from the end, or the first one when there are fewer. 0 without a good one. */
static int
forwarded(struct http_request *req, int64_t from_end, struct in6_addr *out)
{
	const char	*text, *begin, *end;

	if (from_end == 0 || !http_request_header(req, "x-forwarded-for", &text))
		return (0);
	for (end = text + strlen(text);; end = begin - 1) {
		for (begin = end; begin > text && begin[-1] != ','; begin--)
			;
		if (--from_end == 0 || begin == text)
			return (entry_read(begin, (size_t)(end - begin), out));
	}
}

static void
address_write(const struct in6_addr *address, char out[CLIENT_ADDRESS_MAX])
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		(void)inet_ntop(AF_INET, address->s6_addr + 12, out, CLIENT_ADDRESS_MAX);
	else
		(void)inet_ntop(AF_INET6, address, out, CLIENT_ADDRESS_MAX);
}

void
client_address(struct http_request *req, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	address;

	if (!forwarded(req, conf_int(CONF_TRUSTED_PROXIES), &address))
		connection_address(req, &address);
	address_write(&address, out);
}

void
client_network(struct http_request *req, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	address;

	if (!forwarded(req, conf_int(CONF_TRUSTED_PROXIES), &address))
		connection_address(req, &address);
	if (!IN6_IS_ADDR_V4MAPPED(&address))
		memset(address.s6_addr + 8, 0, 8);
	address_write(&address, out);
}

void
client_claimed(struct http_request *req, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	address;

	if (!forwarded(req, INT64_MAX, &address))
		connection_address(req, &address);
	address_write(&address, out);
}
