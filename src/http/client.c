/*
 * X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host. Each proxy appends
 * the IP address of its peer to X-Forwarded-For, so only the last entries come
 * from trusted proxies.
 */
#include <arpa/inet.h>

#include <string.h>
#include <strings.h>

#include "base/cidr.h"
#include "base/conf.h"
#include "base/log.h"
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

/* Parses an entry: an IP address with an optional port. */
static int
entry_read(const char *text, size_t len, struct in6_addr *out)
{
	char	copy[CLIENT_ADDRESS_MAX + 16], *colon;
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

	return (cidr_address(p, out));
}

/* Returns the networks of TRUSTED_PROXIES, parsed once. conf.c has validated them. */
static const struct cidr_list *
proxies(void)
{
	static struct cidr_list	list;
	static int		have = 0;

	if (!have)
		have = cidr_list_parse(&list, conf_str(CONF_TRUSTED_PROXIES));

	return (&list);
}

/*
 * Reads the entries of one header line from the last to the first, while the
 * IP address that sent the entry is a trusted proxy. Returns 1 if all entries
 * were read, so that the line before continues the list. Stops at an invalid
 * entry; out is then the proxy that sent it.
 */
static int
line_follow(const char *text, struct in6_addr *out)
{
	const char	*begin, *end;
	struct in6_addr	entry;

	for (end = text + strlen(text); cidr_list_has(proxies(), out); end = begin - 1) {
		for (begin = end; begin > text && begin[-1] != ','; begin--)
			;
		if (!entry_read(begin, (size_t)(end - begin), &entry))
			return (0);
		*out = entry;
		if (begin == text)
			return (1);
	}

	return (0);
}

/* Some proxies add a header line instead of an entry, so the lines are read from the last to the first. */
static void
forwarded(struct http_request *req, struct in6_addr *out)
{
	const struct http_header	*h;
	const char			*lines[HTTP_REQ_HEADER_MAX];
	int				n = 0;

	connection_address(req, out);
	TAILQ_FOREACH(h, &req->req_headers, list) {
		if (!strcasecmp(h->header, "x-forwarded-for"))
			lines[n++] = h->value;
	}
	while (n > 0 && line_follow(lines[--n], out))
		;
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
client_address(const struct client *c, char out[CLIENT_ADDRESS_MAX])
{
	(void)inet_ntop(AF_INET6, &c->address, out, CLIENT_ADDRESS_MAX);
}

void
client_network(const struct client *c, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	network = c->address;

	if (!IN6_IS_ADDR_V4MAPPED(&network))
		memset(network.s6_addr + 8, 0, 8);
	address_write(&network, out);
}

void
client_claimed(const struct client *c, char out[CLIENT_ADDRESS_MAX])
{
	/* The Node service stores the IP address of a connection in IPv6 form, too. */
	if (c->has_claim)
		address_write(&c->claimed, out);
	else
		client_address(c, out);
}

/* Returns the first entry of a header, or NULL if the header is missing or the peer is not a trusted proxy. */
static const char *
proxy_header(struct http_request *req, const char *name, size_t *len)
{
	struct in6_addr	peer;
	const char	*text;

	if (!http_request_header(req, name, &text))
		return (NULL);
	connection_address(req, &peer);
	*len = strcspn(text, ", ");

	return (cidr_list_has(proxies(), &peer) ? text : NULL);
}

static int
tls_read(struct http_request *req)
{
	const char	*proto;
	size_t		len;

	if (req->owner->tls != NULL)
		return (1);
	proto = proxy_header(req, "x-forwarded-proto", &len);

	return (proto != NULL && len == strlen("https") && !strncasecmp(proto, "https", len));
}

/* Copies a host that is valid in a URL. Returns 0 for any other text. */
static int
host_copy(char out[CLIENT_HOST_MAX], const char *text, size_t len)
{
	if (len == 0 || len >= CLIENT_HOST_MAX ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") < len)
		return (0);
	memcpy(out, text, len);
	out[len] = '\0';

	return (1);
}

static void
host_read(struct http_request *req, char out[CLIENT_HOST_MAX])
{
	static int	warned = 0;
	const char	*text;
	size_t		len;

	if (*conf_str(CONF_PUBLIC_API_ORIGIN) == '\0' && (text = proxy_header(req, "x-forwarded-host", &len)) != NULL &&
	    host_copy(out, text, len)) {
		if (!warned)
			log_event(LOG_LEVEL_WARN, "X-Forwarded-Host of a trusted proxy is used in URLs; set PUBLIC_API_ORIGIN", LOG_S("host", out));
		warned = 1;
		return;
	}
	if (!http_request_header(req, "host", &text) || !host_copy(out, text, strcspn(text, ", ")))
		*out = '\0';
}

void
client_read(struct client *c, struct http_request *req)
{
	const char	*text;

	forwarded(req, &c->address);
	c->has_claim = http_request_header(req, "x-forwarded-for", &text) && entry_read(text, strcspn(text, ","), &c->claimed);
	c->tls = tls_read(req);
	host_read(req, c->host);
}
