/*
 * The TLS client as a program for tests: tls HOST PORT [OPTION=VALUE]…
 * connects to 127.0.0.1:PORT, verifies the certificate for HOST, sends standard
 * input and prints the received bytes until the server closes. Exits with 0
 * after close_notify, else with 1 after one line of error.
 *
 * Options: verify=nothing|chain|name, roots=FILE, cert=FILE, key=FILE,
 * alpn=NAME, now=SECONDS, to=IP-ADDRESS; report=1 prints only the negotiated
 * parameters.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "tls/tls_client.h"
#include "tls/pem.h"
#include "options.h"

#define PATIENCE_MS	60000

int	main(int, char **);

static int
connect_to(const char *address, const char *port)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, address, &sin.sin_addr);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		return (-1);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);

	return (fd);
}

static int
wait_for(int fd, enum tls_step step)
{
	struct pollfd	p = { .fd = fd, .events = step == TLS_WANT_WRITE ? POLLOUT : POLLIN };

	return (poll(&p, 1, PATIENCE_MS) == 1);
}

static int
settings_make(struct tls_settings *s)
{
	static const char	*hows[] = { "nothing", "chain", "name" };
	const char		*why = NULL, *v;
	char			*cert, *key, *pem;

	s->verify = VERIFY_NAME;
	for (int i = 0; (v = option("verify")) != NULL && i < 3; i++) {
		if (!strcmp(v, hows[i]))
			s->verify = (enum verify_mode)i;
	}
	if ((v = option("roots")) != NULL) {
		pem = pem_file(v);
		s->roots = roots_parse(pem, &why);
		free(pem);
		if (s->roots == NULL)
			return (!fail(why));
	}
	if ((v = option("cert")) != NULL) {
		cert = pem_file(v);
		key = pem_file(option("key"));
		s->identity = identity_parse(cert, key, &why);
		free(cert);
		free(key);
		if (s->identity == NULL)
			return (!fail(why));
	}
	s->alpn = option("alpn");
	if ((v = option("now")) != NULL)
		s->now = atoll(v);

	return (1);
}

static void
report(const struct tls_client *c)
{
	uint8_t	hash[VERIFY_HASH_MAX];
	size_t	n = tls_client_peer_hash(c, hash), i;
	int	bits;

	printf("cipher %s\n", tls_client_cipher(c, &bits));
	printf("bits %d\nalpn %s\nasked %d\nshown %d\nhash ", bits, tls_client_alpn(c) != NULL ? tls_client_alpn(c) : "none",
	    tls_client_cert_requested(c), tls_client_cert_sent(c));
	for (i = 0; i < n; i++)
		printf("%02x", hash[i]);
	printf("\n");
}

static int
send_all(struct tls_client *c, int fd)
{
	static char	data[1 << 20];
	size_t		len = fread(data, 1, sizeof(data), stdin), done, taken;
	enum tls_step	step;

	for (done = 0; done < len; done += taken) {
		step = tls_client_write(c, data + done, len - done, &taken);
		if (step > TLS_WANT_WRITE || (step != TLS_DONE && !wait_for(fd, step)))
			return (0);
	}

	return (1);
}

static int
talk(struct tls_client *c, int fd)
{
	char		data[5000];
	size_t		got;
	enum tls_step	step;

	while ((step = tls_client_handshake(c)) == TLS_WANT_READ || step == TLS_WANT_WRITE) {
		if (!wait_for(fd, step))
			return (fail("nothing came"));
	}
	if (step != TLS_DONE)
		return (fail(tls_client_error(c)));
	if (option("report") != NULL) {
		report(c);
		tls_client_close(c);
		return (0);
	}
	if (!send_all(c, fd))
		return (fail(tls_client_error(c)));
	while ((step = tls_client_read(c, data, sizeof(data), &got)) <= TLS_WANT_WRITE) {
		if (step == TLS_DONE)
			(void)fwrite(data, 1, got, stdout);
		else if (!wait_for(fd, step))
			return (fail("nothing came"));
	}

	return (step == TLS_CLOSED ? 0 : fail(tls_client_error(c)));
}

int
main(int argc, char **argv)
{
	struct tls_settings	s = { 0 };
	struct tls_client	*c;
	const char		*wrong;
	char			why[256];
	int			ret;

	argc_all = argc;
	argv_all = argv;
	if (argc < 3 || (wrong = conf_load()) != NULL || (wrong = roots_load()) != NULL)
		return (fail(argc < 3 ? "usage: tls HOST PORT [OPTION=VALUE]..." : wrong));
	if (!settings_make(&s))
		return (1);
	s.host = argv[1];
	if ((s.transport.fd = connect_to(option("to") != NULL ? option("to") : "127.0.0.1", argv[2])) == -1)
		return (fail(strerror(errno)));
	if ((c = tls_client_new(&s, why, sizeof(why))) == NULL)
		return (fail(why));
	ret = talk(c, s.transport.fd);
	tls_client_free(c);
	roots_free((struct roots *)(uintptr_t)s.roots);
	identity_free((struct identity *)(uintptr_t)s.identity);

	return (ret);
}
