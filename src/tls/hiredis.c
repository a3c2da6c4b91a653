/*
 * redisContextFuncs on top of tls_client. hiredis reads 16 KB at a time, the
 * size of the largest record, so the engine never keeps data after a read that
 * emptied the socket.
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

/* Converts a step that moved no bytes into hiredis's result: 0 means "try again". On a blocking socket that step is a timeout. */
static ssize_t
no_progress(redisContext *c, enum tls_step step)
{
	if (step != TLS_WANT_READ && step != TLS_WANT_WRITE)
		failed(c, step);
	else if (c->flags & REDIS_BLOCK)
		__redisSetError(c, REDIS_ERR_TIMEOUT, "timeout: the server did not respond in time");
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

	return (no_progress(c, step));
}

/* hiredis keeps unwritten bytes at the front of obuf and offers them again, as tls_client_write() requires. */
static ssize_t
tls_write(redisContext *c)
{
	enum tls_step	step;
	size_t		taken = 0;

	if ((step = tls_client_handshake(c->privctx)) == TLS_DONE &&
	    (step = tls_client_write(c->privctx, c->obuf, sdslen(c->obuf), &taken)) == TLS_DONE)
		return ((ssize_t)taken);

	return (no_progress(c, step));
}

/*
 * Continues the handshake. Returns 1 if it has ended, 0 after registering for
 * the event that it needs next. If it has failed, c->err is set, and hiredis
 * closes the connection at the next read or write.
 */
static int
handshake_ended(redisAsyncContext *ac)
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
	if (!handshake_ended(ac))
		return;
	/* Send the commands that were queued during the handshake. */
	if (ac->c.err == 0 && sdslen(ac->c.obuf) > 0)
		ac->ev.addWrite(ac->ev.data);
	redisAsyncRead(ac);
}

static void
tls_async_write(redisAsyncContext *ac)
{
	if (handshake_ended(ac))
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
