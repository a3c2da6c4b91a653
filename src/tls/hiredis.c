/*
 * The functions behind hiredis's read, write and close. Its own do the rest:
 * they read 16 KB at a time, which is the largest record, so that nothing
 * stays in the engine when the socket has nothing more.
 */
#include <errno.h>
#include <stdio.h>

#include <hiredis/net.h>

#include "tls/tls_client.h"
#include "tls/hiredis.h"

void	__redisSetError(redisContext *, int, const char *);	/* hiredis.c exports it without a header */

static void
failed(redisContext *c, enum tls_step step)
{
	if (step == TLS_CLOSED)
		__redisSetError(c, REDIS_ERR_EOF, "Server closed the connection");
	else
		__redisSetError(c, REDIS_ERR_OTHER, tls_client_error(c->privctx));
}

/* What hiredis wants to hear of a step that moved no bytes: 0 is "not now", which a blocking socket only says when its time-out is over. */
static ssize_t
nothing_moved(redisContext *c, enum tls_step step)
{
	if (step != TLS_WANT_READ && step != TLS_WANT_WRITE)
		failed(c, step);
	else if (c->flags & REDIS_BLOCK)
		__redisSetError(c, REDIS_ERR_TIMEOUT, "the server did not answer in time");
	else
		return (0);

	return (-1);
}

static ssize_t
tls_read(redisContext *c, char *buf, size_t size)
{
	enum tls_step	step;
	size_t		got = 0;

	if ((step = tls_client_handshake(c->privctx)) == TLS_DONE && (step = tls_client_read(c->privctx, buf, size, &got)) == TLS_DONE)
		return ((ssize_t)got);

	return (nothing_moved(c, step));
}

/* What is not written yet stays in obuf, in front of what comes later: just what tls_client_write() wants to be offered again. */
static ssize_t
tls_write(redisContext *c)
{
	enum tls_step	step;
	size_t		taken = 0;

	if ((step = tls_client_handshake(c->privctx)) == TLS_DONE &&
	    (step = tls_client_write(c->privctx, c->obuf, sdslen(c->obuf), &taken)) == TLS_DONE)
		return ((ssize_t)taken);

	return (nothing_moved(c, step));
}

/*
 * Whether the handshake is over. If not, waits for what it needs next; if it
 * has failed, the connection has an error, and hiredis ends it with the next
 * read or write.
 */
static int
shaken(redisAsyncContext *ac)
{
	enum tls_step	step = tls_client_handshake(ac->c.privctx);

	switch (step) {
	case TLS_DONE:
		return (1);
	case TLS_WANT_READ:
		ac->ev.delWrite(ac->ev.data);
		ac->ev.addRead(ac->ev.data);
		return (0);
	case TLS_WANT_WRITE:
		ac->ev.addWrite(ac->ev.data);
		return (0);
	default:
		failed(&ac->c, step);
		return (1);
	}
}

static void
tls_async_read(redisAsyncContext *ac)
{
	if (!shaken(ac))
		return;
	/* Commands that came during the handshake. */
	if (ac->c.err == 0 && sdslen(ac->c.obuf) > 0)
		ac->ev.addWrite(ac->ev.data);
	redisAsyncRead(ac);
}

static void
tls_async_write(redisAsyncContext *ac)
{
	if (shaken(ac))
		redisAsyncWrite(ac);
}

static void
tls_close(redisContext *c)
{
	if (c->privctx != NULL && c->fd != REDIS_INVALID_FD)
		tls_client_close(c->privctx);
	redisNetClose(c);
}

static void
tls_free(void *privctx)
{
	tls_client_free(privctx);
}

static redisContextFuncs	functions = {
	.close = tls_close, .free_privctx = tls_free, .async_read = tls_async_read, .async_write = tls_async_write,
	.read = tls_read, .write = tls_write
};

int
hiredis_tls(redisContext *c, const char *host, const struct roots *roots)
{
	struct tls_settings	s = { .verify = VERIFY_NAME, .host = host, .roots = roots, .transport.fd = c->fd };
	struct tls_client	*client;
	char			why[128];

	if ((client = tls_client_new(&s, why, sizeof(why))) == NULL) {
		__redisSetError(c, REDIS_ERR_OTHER, why);
		return (REDIS_ERR);
	}
	c->privctx = client;
	c->funcs = &functions;

	return (REDIS_OK);
}

const char *
hiredis_tls_error(const redisContext *c)
{
	const char	*why = c->funcs == &functions && c->privctx != NULL ? tls_client_error(c->privctx) : "";

	return (*why != '\0' ? why : c->errstr);
}
