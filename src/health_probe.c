/*
 * Minimal HTTP client for the health check: one socket, optional TLS, one
 * deadline for all steps.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "health_probe.h"
#include "tls/tls_client.h"

struct probe {
	char	host[256];
	char	port[8];
	char	path[512];
	int64_t	deadline;	/* monotonic ms */
	int	fd;
	int	secure;
	struct tls_client	*tls;
	char	error[160];	/* of TLS; "" if none */
};

static int	unhealthy(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Prints the reason and returns the exit status 1. */
static int
unhealthy(const char *fmt, ...)
{
	va_list	args;

	va_start(args, fmt);
	fputs("unhealthy: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);

	return (1);
}

static int64_t
now_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

static int
url_parse(struct probe *p, const char *url)
{
	const char	*rest, *slash, *colon, *bracket;
	size_t		len;

	p->secure = !strncmp(url, "https://", 8);
	if (!p->secure && strncmp(url, "http://", 7))
		return (0);
	rest = strstr(url, "://") + 3;
	slash = rest + strcspn(rest, "/");
	snprintf(p->path, sizeof(p->path), "%s", *slash == '/' ? slash : "/");

	bracket = *rest == '[' ? memchr(rest, ']', (size_t)(slash - rest)) : NULL;
	colon = memchr(bracket != NULL ? bracket : rest, ':', (size_t)(slash - (bracket != NULL ? bracket : rest)));
	if (colon == NULL)
		colon = slash;
	len = (size_t)(colon - rest);
	if (len == 0 || len >= sizeof(p->host) || strlen(slash) >= sizeof(p->path))
		return (0);
	memcpy(p->host, rest + (bracket != NULL), len - (bracket != NULL ? 2 : 0));
	p->host[len - (bracket != NULL ? 2 : 0)] = '\0';

	if (colon == slash) {
		strcpy(p->port, p->secure ? "443" : "80");
		return (1);
	}
	len = (size_t)(slash - colon) - 1;
	if (len == 0 || len >= sizeof(p->port))
		return (0);
	memcpy(p->port, colon + 1, len);
	p->port[len] = '\0';

	return (strspn(p->port, "0123456789") == len);
}

/* Waits until the socket is ready. Returns 0 at the deadline. */
static int
socket_wait(struct probe *p, short events)
{
	struct pollfd	pfd = { .fd = p->fd, .events = events };
	int64_t		left;
	int		r;

	do {
		left = p->deadline - now_ms();
		if (left <= 0)
			return (0);
		r = poll(&pfd, 1, (int)left);
	} while (r == -1 && errno == EINTR);

	return (r == 1);
}

static int
socket_connect(struct probe *p, const struct addrinfo *ai)
{
	int		error = 0;
	socklen_t	len = sizeof(error);

	p->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd == -1)
		return (errno);
	if (connect(p->fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return (0);
	if (errno != EINPROGRESS)
		return (errno);
	if (!socket_wait(p, POLLOUT))
		return (ETIMEDOUT);
	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len);

	return (error);
}

/*
 * Waits until the TLS step can be repeated. Returns 0 at the deadline, or on an
 * error, which it copies to p->error.
 */
static int
tls_wait(struct probe *p, enum tls_step step)
{
	if (step == TLS_WANT_READ || step == TLS_WANT_WRITE)
		return (socket_wait(p, step == TLS_WANT_READ ? POLLIN : POLLOUT));
	snprintf(p->error, sizeof(p->error), "%s", step == TLS_CLOSED ? "the server closed the TLS connection" : tls_client_error(p->tls));

	return (0);
}

/* Handshakes without verification: the health check connects to localhost, and certificates do not contain that name. */
static int
tls_start(struct probe *p)
{
	struct tls_settings	s = { .verify = VERIFY_NOTHING, .host = p->host, .transport.fd = p->fd };
	enum tls_step		step;

	if ((p->tls = tls_client_new(&s, p->error, sizeof(p->error))) == NULL)
		return (0);
	while ((step = tls_client_handshake(p->tls)) != TLS_DONE) {
		if (!tls_wait(p, step))
			return (0);
	}

	return (1);
}

/*
 * Send or receive at least one byte and return the number of bytes. Return 0 at
 * the deadline or on a TLS error, -1 if the connection is closed.
 */

static ssize_t
bytes_send(struct probe *p, const char *data, size_t len)
{
	enum tls_step	step;
	size_t		n = 0;

	if (p->tls == NULL)
		return (socket_wait(p, POLLOUT) ? send(p->fd, data, len, MSG_NOSIGNAL) : 0);
	while ((step = tls_client_write(p->tls, data, len, &n)) != TLS_DONE) {
		if (!tls_wait(p, step))
			return (0);
	}

	return ((ssize_t)n);
}

static ssize_t
bytes_read(struct probe *p, char *data, size_t len)
{
	enum tls_step	step;
	size_t		n = 0;
	ssize_t		got;

	if (p->tls == NULL) {
		if (!socket_wait(p, POLLIN))
			return (0);
		got = recv(p->fd, data, len, 0);
		return (got > 0 ? got : -1);
	}
	while ((step = tls_client_read(p->tls, data, len, &n)) != TLS_DONE) {
		if (!tls_wait(p, step))
			return (0);
	}

	return ((ssize_t)n);
}

static int
request_send(struct probe *p)
{
	char	text[1024];
	int	len;

	len = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: wanzami-probe\r\nConnection: close\r\n\r\n", p->path, p->host);

	return (bytes_send(p, text, (size_t)len) == len);
}

/* Reads the status line and returns the status; 0 at the deadline or on a TLS error, -1 if the response is not HTTP. */
static int
status_read(struct probe *p)
{
	char	text[64];
	size_t	have = 0;
	ssize_t	n;

	while (have < 12) {
		if ((n = bytes_read(p, text + have, sizeof(text) - 1 - have)) <= 0)
			return ((int)n);
		have += (size_t)n;
	}
	text[have] = '\0';
	if (strncmp(text, "HTTP/1.", 7) || text[8] != ' ')
		return (-1);

	return (atoi(text + 9));
}

int
probe_run(const char *url, int timeout_ms)
{
	struct probe	p = { .fd = -1 };
	struct addrinfo	hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	int		error, status;

	p.deadline = now_ms() + timeout_ms;
	if (!url_parse(&p, url))
		return (unhealthy("%s is not an http:// or https:// URL", url));
	if ((error = getaddrinfo(p.host, p.port, &hints, &list)) != 0)
		return (unhealthy("%s: %s", p.host, gai_strerror(error)));

	error = EADDRNOTAVAIL;
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		if ((error = socket_connect(&p, ai)) == 0)
			break;
		close(p.fd);
	}
	freeaddrinfo(list);
	if (error != 0)
		return (unhealthy("%s port %s: %s", p.host, p.port, strerror(error)));

	if (p.secure && !tls_start(&p))
		status = 0;
	else
		status = request_send(&p) ? status_read(&p) : -1;
	tls_client_free(p.tls);
	close(p.fd);
	if (*p.error != '\0')
		return (unhealthy("%s: %s", url, p.error));
	if (status == 0)
		return (unhealthy("%s: no response within %d ms", url, timeout_ms));
	if (status == -1)
		return (unhealthy("%s: connection closed without an HTTP response", url));
	if (status != 200)
		return (unhealthy("%s: HTTP status %d", url, status));

	return (0);
}
