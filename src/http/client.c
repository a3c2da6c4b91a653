/*
 * Reads X-Forwarded-For: every proxy adds the address it was called from at
 * the end, so only the last entries come from proxies of ours.
 */
#include <arpa/inet.h>

#include <string.h>
#include <strings.h>

#include "base/cidr.h"
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

/* Networks of our proxies, read once; conf.c has checked them. */
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
 * Goes through one header from its end as long as those who wrote the entries
 * are trusted; 1 when there may be more in front. An entry that cannot be read
 * leaves the proxy that passed it on.
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

/* Some proxies add a line of their own; the last one is of the last of them. */
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
client_address(struct http_request *req, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	address;

	forwarded(req, &address);
	(void)inet_ntop(AF_INET6, &address, out, CLIENT_ADDRESS_MAX);
}

void
client_network(struct http_request *req, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	address;

	forwarded(req, &address);
	if (!IN6_IS_ADDR_V4MAPPED(&address))
		memset(address.s6_addr + 8, 0, 8);
	address_write(&address, out);
}

void
client_claimed(struct http_request *req, char out[CLIENT_ADDRESS_MAX])
{
	struct in6_addr	address;
	const char	*text;

	if (http_request_header(req, "x-forwarded-for", &text) && entry_read(text, strcspn(text, ","), &address))
		address_write(&address, out);
	else
		client_address(req, out);
}

/* What a proxy of ours says of the client's request: the first entry of a header, or NULL. */
static const char *
proxy_says(struct http_request *req, const char *name, size_t *len)
{
	struct in6_addr	address;
	const char	*text;

	connection_address(req, &address);
	if (!cidr_list_has(proxies(), &address) || !http_request_header(req, name, &text))
		return (NULL);
	*len = strcspn(text, ", ");

	return (text);
}

int
client_tls(struct http_request *req)
{
	const char	*proto;
	size_t		len;

	if (req->owner == NULL)
		return (0);
	if (req->owner->tls != NULL)
		return (1);
	proto = proxy_says(req, "x-forwarded-proto", &len);

	return (proto != NULL && len == strlen("https") && !strncasecmp(proto, "https", len));
}

static int
host_valid(const char *text, size_t len)
{
	return (len > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") >= len);
}

const char *
client_host(struct http_request *req, size_t *len)
{
	const char	*text = NULL;

	if (req->owner != NULL)
		text = proxy_says(req, "x-forwarded-host", len);
	if (text == NULL || !host_valid(text, *len)) {
		if (!http_request_header(req, "host", &text))
			return (NULL);
		*len = strcspn(text, ", ");
	}

	return (host_valid(text, *len) ? text : NULL);
}
