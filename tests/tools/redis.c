/*
 * hiredis over BearSSL as a program for tests: redis HOST PORT [OPTION=VALUE]…
 * connects to 127.0.0.1:PORT, verifies the certificate for HOST, and sends
 * each line of standard input as a command; a word @N stands for N bytes of
 * text. Prints each reply as "TYPE LENGTH", a line end, and its bytes.
 *
 * Options: roots=FILE, async=1 (all commands at once, with poll(2)),
 * patience=MS.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/hiredis.h"
#include "tls/pem.h"
#include "options.h"

#define WORDS_MAX	8

int	main(int, char **);

struct loop {
	int	reading, writing, ended;
};

static int	awaited = 0, unanswered = 0;

static void
reply_print(const redisReply *r)
{
	if (r->type == REDIS_REPLY_INTEGER)
		printf("%d %d\n%lld", r->type, snprintf(NULL, 0, "%lld", r->integer), r->integer);
	else
		printf("%d %zu\n", r->type, r->len);
	if (r->str != NULL)
		fwrite(r->str, 1, r->len, stdout);
	printf("\n");
}

/* Reads the words of the next line; the caller frees each. Returns 0 at the end of the input. */
static int
words_read(char *words[WORDS_MAX], size_t lens[WORDS_MAX])
{
	char	line[1024], *p;
	size_t	i;
	int	n = 0;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return (0);
	for (p = strtok(line, " \n"); p != NULL && n < WORDS_MAX; p = strtok(NULL, " \n"), n++) {
		if (*p == '@') {
			lens[n] = strtoul(p + 1, NULL, 10);
			words[n] = malloc(lens[n] + 1);
			for (i = 0; i < lens[n]; i++)
				words[n][i] = (char)('a' + i % 26 + (i / 1000) % 3);
		} else {
			lens[n] = strlen(p);
			words[n] = strdup(p);
		}
	}

	return (n);
}

static void
words_free(char *words[WORDS_MAX], int n)
{
	while (n > 0)
		free(words[--n]);
}

static int
run_sync(const struct roots *roots, struct timeval *patience)
{
	redisContext	*c = redisConnectWithTimeout("127.0.0.1", atoi(argv_all[2]), *patience);
	redisReply	*r;
	char		*words[WORDS_MAX];
	size_t		lens[WORDS_MAX];
	int		n;

	if (!c->err && redisSetTimeout(c, *patience) == REDIS_OK && hiredis_tls(c, argv_all[1], roots) == REDIS_OK) {
		while (!c->err && (n = words_read(words, lens)) > 0) {
			r = redisCommandArgv(c, n, (const char **)words, lens);
			words_free(words, n);
			if (r != NULL)
				reply_print(r);
			freeReplyObject(r);
		}
	}
	n = c->err ? fail(hiredis_tls_error(c)) : 0;
	redisFree(c);

	return (n);
}

static void
read_add(void *arg)
{
	((struct loop *)arg)->reading = 1;
}

static void
read_del(void *arg)
{
	((struct loop *)arg)->reading = 0;
}

static void
write_add(void *arg)
{
	((struct loop *)arg)->writing = 1;
}

static void
write_del(void *arg)
{
	((struct loop *)arg)->writing = 0;
}

static void
cleanup(void *arg)
{
	((struct loop *)arg)->ended = 1;
}

static void
answered(redisAsyncContext *ac, void *reply, void *arg)
{
	(void)arg;
	awaited--;
	if (reply != NULL)
		reply_print(reply);
	else
		unanswered++;
	if (reply != NULL && awaited == 0)
		redisAsyncDisconnect(ac);
}

static void
disconnected(const redisAsyncContext *ac, int status)
{
	if (status != REDIS_OK)
		fail(hiredis_tls_error(&ac->c));
}

static int
run_async(const struct roots *roots, struct timeval *patience)
{
	redisAsyncContext	*ac = redisAsyncConnect("127.0.0.1", atoi(argv_all[2]));
	struct loop		loop = { 0 };
	struct pollfd		p;
	char			*words[WORDS_MAX];
	size_t			lens[WORDS_MAX];
	int			n, fd;

	if (ac->err || hiredis_tls(&ac->c, argv_all[1], roots) != REDIS_OK)
		return (fail(ac->c.errstr));
	fd = ac->c.fd;
	ac->ev.data = &loop;
	ac->ev.addRead = read_add;
	ac->ev.delRead = read_del;
	ac->ev.addWrite = write_add;
	ac->ev.delWrite = write_del;
	ac->ev.cleanup = cleanup;
	redisAsyncSetDisconnectCallback(ac, disconnected);
	while ((n = words_read(words, lens)) > 0) {
		awaited++;
		redisAsyncCommandArgv(ac, answered, NULL, n, (const char **)words, lens);
		words_free(words, n);
	}
	while (!loop.ended) {
		p = (struct pollfd){ .fd = fd, .events = (short)((loop.reading ? POLLIN : 0) | (loop.writing ? POLLOUT : 0)) };
		n = poll(&p, 1, (int)(patience->tv_sec * 1000 + patience->tv_usec / 1000));
		if (n == 0) {
			fail("timeout: the server did not respond in time");
			redisAsyncFree(ac);
			return (1);
		}
		if (loop.reading && (p.revents & (POLLIN | POLLHUP | POLLERR)))
			redisAsyncHandleRead(ac);
		if (!loop.ended && loop.writing && (p.revents & POLLOUT))
			redisAsyncHandleWrite(ac);
	}

	return (unanswered > 0);
}

int
main(int argc, char **argv)
{
	struct timeval	patience = { 60, 0 };
	struct roots	*roots;
	const char	*why = NULL, *v;
	char		*pem;
	int		ret;

	argc_all = argc;
	argv_all = argv;
	pem = pem_file(option("roots"));
	if ((roots = roots_parse(pem, &why)) == NULL)
		return (fail(why));
	if ((v = option("patience")) != NULL)
		patience = (struct timeval){ atoi(v) / 1000, atoi(v) % 1000 * 1000 };
	ret = option("async") != NULL ? run_async(roots, &patience) : run_sync(roots, &patience);
	roots_free(roots);
	free(pem);

	return (ret);
}
