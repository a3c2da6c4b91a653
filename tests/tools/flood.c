/*
 * A load generator for HTTP with two modes:
 *	flood PORT closed CLIENTS SECONDS <requests	each client sends its next request after the response
 *	flood PORT open RATE SECONDS <requests		RATE requests per second, without waiting for responses
 * Sends the requests of standard input in turn; each is followed by a zero
 * byte. Prints one line of JSON: the number of responses by status, and the
 * latencies of accepted requests (all but 503) in milliseconds, from the
 * scheduled time of the request. The first second is not counted.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>


int	main(int, char **);

#define CLIENTS_MAX	900	/* connections of a load balancer to one worker; a request without a free connection is counted as unasked */
#define ANSWER_MAX	(1 << 20)
#define STATUSES	600
#define WARM_MS		1000

struct client {
	int		fd;		/* -1: no connection */
	double		wanted;		/* scheduled time of the request in ms; 0: none in flight */
	size_t		len;		/* bytes of the response so far */
	char		*answer;
	struct client	*next;		/* in the list of idle clients */
};

static struct client	clients[CLIENTS_MAX], *idle;
static int		nclients, epoll_fd, port, is_open;
static char		*requests[65536];
static size_t		lengths[65536], nrequests, asked;
static double		begun;
static long		statuses[STATUSES], lost, unasked;
static float		*taken;
static size_t		ntaken, room;

static double
now_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ((double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6);
}

static void
die(const char *why)
{
	fprintf(stderr, "flood: %s: %s\n", why, strerror(errno));
	exit(1);
}

static void
requests_read(void)
{
	char	*request = NULL;
	size_t	size = 0;
	ssize_t	n;

	while ((n = getdelim(&request, &size, '\0', stdin)) > 1 && nrequests < sizeof(requests) / sizeof(*requests)) {
		requests[nrequests] = request;
		lengths[nrequests++] = (size_t)n - 1;
		request = NULL;
		size = 0;
	}
	if (nrequests == 0)
		die("no requests");
}

static void
client_connect(struct client *c)
{
	struct sockaddr_in	to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event	e = { .events = EPOLLIN, .data.ptr = c };
	int			on = 1;

	if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e) == -1)
		die("epoll_ctl");
	c->len = 0;
}

static struct client *
client_new(void)
{
	struct client	*c;

	if (nclients == CLIENTS_MAX)
		return (NULL);
	c = &clients[nclients++];
	c->fd = -1;
	if ((c->answer = malloc(ANSWER_MAX + 1)) == NULL)
		die("malloc");

	return (c);
}

static int
counts(double wanted)
{
	return (wanted - begun >= WARM_MS);
}

static void
client_ask(struct client *c, double wanted)
{
	size_t	i = asked++ % nrequests;

	if (c->fd == -1)
		client_connect(c);
	c->wanted = wanted;
	c->len = 0;
	/* If send() fails, recv() reports the end of the connection. */
	(void)(send(c->fd, requests[i], lengths[i], MSG_NOSIGNAL) == -1);
}

static void
client_free(struct client *c)
{
	if (is_open) {
		c->next = idle;
		idle = c;
	} else {
		client_ask(c, now_ms());
	}
}

static void
answer_count(struct client *c, int status, double now)
{
	if (!counts(c->wanted))
		return;
	statuses[status]++;
	if (status == 503)
		return;
	if (ntaken == room && (taken = realloc(taken, (room = room ? 2 * room : 65536) * sizeof(*taken))) == NULL)
		die("realloc");
	taken[ntaken++] = (float)(now - c->wanted);
}

/* Returns the status of a complete response, 0 if it is incomplete. Every response with a body has a Content-Length. */
static int
answer_whole(struct client *c, int *closing)
{
	char	*end, *length;
	int	status;

	c->answer[c->len] = '\0';
	if ((end = strstr(c->answer, "\r\n\r\n")) == NULL)
		return (0);
	status = atoi(c->answer + strlen("HTTP/1.1 "));
	*end = '\0';
	length = strcasestr(c->answer, "\r\ncontent-length:");
	*closing = strcasestr(c->answer, "\r\nconnection: close") != NULL;
	*end = '\r';
	if (length != NULL && c->len < (size_t)(end + 4 - c->answer) + strtoul(length + strlen("\r\ncontent-length:"), NULL, 10))
		return (0);

	return (status > 0 && status < STATUSES ? status : STATUSES - 1);
}

static void
client_read(struct client *c)
{
	ssize_t	n = recv(c->fd, c->answer + c->len, ANSWER_MAX - c->len, 0);
	int	status, closing = 0;

	if (n > 0) {
		c->len += (size_t)n;
		if ((status = answer_whole(c, &closing)) == 0)
			return;
		answer_count(c, status, now_ms());
		c->wanted = 0;
	}
	if (n <= 0 || closing) {
		close(c->fd);
		c->fd = -1;
		if (c->wanted != 0 && counts(c->wanted))
			lost++;
		if (n <= 0 && c->wanted == 0 && is_open)
			return;		/* an idle connection was closed; the client is in the list already */
	}
	c->wanted = 0;
	client_free(c);
}

/* Sends all requests that are due. */
static void
arrive(double rate, double now)
{
	static double	due = 0;
	struct client	*c;

	if (due == 0)
		due = now;
	for (; due <= now; due += 1000 / rate) {
		if ((c = idle) != NULL)
			idle = c->next;
		else
			c = client_new();
		if (c != NULL)
			client_ask(c, due);
		else if (counts(due))
			unasked++;
	}
}

static int
earlier(const void *a, const void *b)
{
	return ((*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b));
}

static void
print(double seconds)
{
	const char	*comma = "";
	int		i;

	qsort(taken, ntaken, sizeof(*taken), earlier);
	printf("{\"seconds\": %.3f, \"accepted\": %zu, \"p50\": %.2f, \"p99\": %.2f, \"most\": %.2f, \"lost\": %ld, \"unasked\": %ld, \"statuses\": {", seconds,
	    ntaken, ntaken ? (double)taken[ntaken / 2] : 0, ntaken ? (double)taken[ntaken * 99 / 100] : 0, ntaken ? (double)taken[ntaken - 1] : 0, lost, unasked);
	for (i = 0; i < STATUSES; i++) {
		if (statuses[i] > 0) {
			printf("%s\"%d\": %ld", comma, i, statuses[i]);
			comma = ", ";
		}
	}
	printf("}}\n");
}

int
main(int argc, char **argv)
{
	struct epoll_event	events[256];
	double			value, end, now;
	int			i, n;

	if (argc != 5)
		return (2);
	port = atoi(argv[1]);
	is_open = !strcmp(argv[2], "open");
	value = atof(argv[3]);
	requests_read();
	if ((epoll_fd = epoll_create1(0)) == -1)
		die("epoll_create1");
	begun = now_ms();
	end = begun + WARM_MS + atof(argv[4]) * 1000;
	for (i = 0; !is_open && i < (int)value && i < CLIENTS_MAX; i++)
		client_ask(client_new(), now_ms());
	while ((now = now_ms()) < end) {
		if (is_open)
			arrive(value, now);
		n = epoll_wait(epoll_fd, events, 256, 1);
		for (i = 0; i < n; i++)
			client_read(events[i].data.ptr);
	}
	print((now - begun - WARM_MS) / 1000);

	return (0);
}
