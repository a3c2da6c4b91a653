/*
 * Connections to Valkey, reconnection, and commands in flight.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/async.h>
#include <kore/kore.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/host.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "base/work.h"
#include "store/valkey.h"
#include "store/valkey_kore.h"
#include "tls/hiredis.h"

#define VALKEY_PORT		6379
#define VALKEY_FORM		"redis://[user:password@]host[:port], or rediss:// for TLS"
#define VALKEY_CONNECT_MS	3000
#define VALKEY_HOLD_MS		5000	/* commands wait for the first connection: the look-up of the name and the time to connect */
#define VALKEY_TIMEOUT_MS	3000
#define VALKEY_RETRY_MIN_MS	100
#define VALKEY_RETRY_MAX_MS	5000

/* A command and the function that gets its reply. */
struct call {
	TAILQ_ENTRY(call)	list;		/* while it is held */
	char			*text;		/* as it is sent; NULL when hiredis has it */
	size_t			len;
	valkey_done		done;
	int64_t			begun;		/* counter_clock() */
	void			*arg;
};

struct valkey {
	struct valkeykore	loop;		/* first: the event loop passes a pointer to it */
	redisAsyncContext	*ac;		/* NULL: disconnected, or the host name is being resolved */
	int			up;
	int			holds;		/* commands wait for the end of the first attempt to connect */
	TAILQ_HEAD(, call)	held;
	int			down_logged;	/* the failure has been logged */
	int			refused_logged;	/* that the password is refused or cannot be read has been logged */
	int			refused;	/* by this connection: replies that follow are those to another user, or errors */
	int			timeout_ms;
	int			timed;		/* no command waits in the server: their times are counted */
	u_int64_t		retry_ms;
	struct host		found;
	char			password[SECRET_FILE_MAX];	/* of REDIS_PASSWORD_FILE, else of REDIS_URL; until AUTH is sent */
	char			error[256];			/* why there is no address or no password; "" if there are */
	void			(*on_up)(void *);
	void			*arg;
};

static struct {
	int	tls;
	char	host[256];
	int	port;
	char	user[256];
	char	password[SECRET_FILE_MAX];
} server;

static void	link_connect(void *, u_int64_t);

/* Percent-decodes (%41 is A). Returns 0 if the text is malformed or does not fit. */
static int
url_decode(const char *from, size_t len, char *to, size_t size)
{
	char		hex[3] = { 0 }, *end;
	size_t		i, n;

	for (i = 0, n = 0; i < len; i++) {
		if (n + 1 >= size)
			return (0);
		if (from[i] != '%') {
			to[n++] = from[i];
			continue;
		}
		if (i + 2 >= len)
			return (0);
		memcpy(hex, from + i + 1, 2);
		to[n++] = (char)strtol(hex, &end, 16);
		if (end != hex + 2)
			return (0);
		i += 2;
	}
	to[n] = '\0';

	return (1);
}

static int
credentials_parse(const char *text, size_t len)
{
	const char	*colon = memchr(text, ':', len);

	if (colon == NULL)
		return (url_decode(text, len, server.user, sizeof(server.user)));

	return (url_decode(text, (size_t)(colon - text), server.user, sizeof(server.user)) &&
	    url_decode(colon + 1, len - (size_t)(colon + 1 - text), server.password, sizeof(server.password)));
}

/* Parses host, host:port or [IPv6 address]:port. */
static int
authority_parse(const char *text, size_t len)
{
	const char	*host = text, *end = text + len, *host_end;
	char		*rest;
	long		port = VALKEY_PORT;

	if (len > 0 && *text == '[') {
		host++;
		if ((host_end = memchr(text, ']', len)) == NULL)
			return (0);
		text = host_end + 1;
	} else {
		if ((host_end = memchr(text, ':', len)) == NULL)
			host_end = end;
		text = host_end;
	}
	if (text < end) {
		port = *text == ':' ? strtol(text + 1, &rest, 10) : 0;
		if (port < 1 || port > 65535 || rest != end)
			return (0);
	}
	if (host == host_end)
		return (0);
	server.port = (int)port;

	return (url_decode(host, (size_t)(host_end - host), server.host, sizeof(server.host)));
}

const char *
valkey_configure(void)
{
	const char	*p = conf_str(CONF_REDIS_URL), *at, *slash;
	size_t		len;

	memset(&server, 0, sizeof(server));
	server.tls = !strncmp(p, "rediss://", 9);
	if (!server.tls && strncmp(p, "redis://", 8))
		return ("REDIS_URL is not valid; allowed is " VALKEY_FORM);
	p = strstr(p, "://") + 3;
	slash = p + strcspn(p, "/?#");
	if (strcmp(slash, "") && strcmp(slash, "/") && strcmp(slash, "/0"))
		return ("REDIS_URL names a database other than 0; serverless Valkey has database 0 only");
	len = (size_t)(slash - p);
	for (at = slash; at > p && at[-1] != '@'; at--)
		;
	if (at > p && !credentials_parse(p, (size_t)(at - 1 - p)))
		return ("REDIS_URL is not valid: the user or password is too long or not percent-encoded correctly");
	if (!authority_parse(at, len - (size_t)(at - p)))
		return ("REDIS_URL is not valid: bad host or port; allowed is " VALKEY_FORM);

	return (NULL);
}

static void
link_down(struct valkey *v)
{
	if (v->up)
		counter_add(COUNTER_VALKEY_CONNECTIONS, -1);
	v->up = 0;
}

static void
command_done(redisAsyncContext *ac, void *reply, void *arg)
{
	struct valkey	*v = ac->data;
	struct call	*c = arg;

	if (v->refused)
		reply = NULL;
	if (reply != NULL) {
		if (v->down_logged)
			log_event(LOG_LEVEL_INFO, "valkey is available again");
		v->down_logged = v->refused_logged = 0;
		v->retry_ms = VALKEY_RETRY_MIN_MS;
	}
	if (v->timed)
		counter_time(COUNTER_VALKEY_TIME, c->begun);
	if (c->done != NULL)
		c->done(c->arg, reply);
	kore_free(c);
}

/* Sends a command; without a connection, calls its function with NULL. */
static void
call_send(struct valkey *v, struct call *c)
{
	int	sent = v->up && redisAsyncFormattedCommand(v->ac, command_done, c, c->text, c->len) == REDIS_OK;

	redisFreeCommand(c->text);
	c->text = NULL;
	if (sent)
		return;
	if (c->done != NULL)
		c->done(c->arg, NULL);
	kore_free(c);
}

/* Sends the held commands: the first attempt to connect has ended, or takes too long. */
static void
held_send(struct valkey *v)
{
	struct call	*c;

	v->holds = 0;
	while ((c = TAILQ_FIRST(&v->held)) != NULL) {
		TAILQ_REMOVE(&v->held, c, list);
		call_send(v, c);
	}
}

static void
hold_over(void *arg, u_int64_t now)
{
	(void)now;
	held_send(arg);
}

/* Logs the first failure of a series and schedules the next attempt to connect. */
static void
link_failed(struct valkey *v, const char *why)
{
	if (!v->down_logged)
		log_event(LOG_LEVEL_WARN, "valkey is unavailable; continuing without it", LOG_S("error", why));
	v->down_logged = 1;
	v->ac = NULL;
	link_down(v);
	kore_timer_add(link_connect, v->retry_ms, v, KORE_TIMER_ONESHOT);
	v->retry_ms = v->retry_ms * 2 < VALKEY_RETRY_MAX_MS ? v->retry_ms * 2 : VALKEY_RETRY_MAX_MS;
	held_send(v);
}

static void
authenticated(redisAsyncContext *ac, void *reply, void *arg)
{
	struct valkey	*v = ac->data;
	redisReply	*r = reply;

	(void)arg;
	if (r == NULL || r->type != REDIS_REPLY_ERROR)
		return;
	if (!v->refused_logged)
		log_event(LOG_LEVEL_ERROR, "valkey refuses the user or password", LOG_S("error", r->str));
	v->down_logged = v->refused_logged = v->refused = 1;
	link_down(v);
	redisAsyncDisconnect(ac);
}

static void
link_authenticate(struct valkey *v)
{
	if (*v->password == '\0')
		return;
	if (*server.user == '\0')
		(void)redisAsyncCommand(v->ac, authenticated, NULL, "AUTH %s", v->password);
	else
		(void)redisAsyncCommand(v->ac, authenticated, NULL, "AUTH %s %s", server.user, v->password);
	explicit_bzero(v->password, sizeof(v->password));
}

static void
link_connected(const redisAsyncContext *ac, int status)
{
	struct valkey	*v = ac->data;

	if (status != REDIS_OK) {
		link_failed(v, ac->errstr);
		return;
	}
	counter_add(COUNTER_VALKEY_CONNECTIONS, 1);
	v->up = 1;	/* with TLS, commands wait for the handshake within timeout_ms */
	link_authenticate(v);
	held_send(v);
	if (v->on_up != NULL)
		v->on_up(v->arg);
}

static void
link_disconnected(const redisAsyncContext *ac, int status)
{
	link_failed(ac->data, status == REDIS_OK ? "closed" : hiredis_tls_error(&ac->c));
}

static void
link_open(struct valkey *v)
{
	struct timeval	connect = { VALKEY_CONNECT_MS / 1000, VALKEY_CONNECT_MS % 1000 * 1000 };
	struct timeval	command = { v->timeout_ms / 1000, v->timeout_ms % 1000 * 1000 };
	redisOptions	options = { .connect_timeout = &connect, .command_timeout = &command };
	char		error[128];

	REDIS_OPTIONS_SET_TCP(&options, v->found.address[0], server.port);
	if ((v->ac = redisAsyncConnectWithOptions(&options)) == NULL)
		fatal("valkey: out of memory");
	if (v->ac->err || (server.tls && hiredis_tls(&v->ac->c, server.host, NULL) != REDIS_OK)) {
		snprintf(error, sizeof(error), "%s", v->ac->c.errstr);
		redisAsyncFree(v->ac);
		link_failed(v, error);
		return;
	}
	v->ac->data = v;
	v->refused = 0;
	valkeykore_attach(&v->loop, v->ac);
	redisAsyncSetDisconnectCallback(v->ac, link_disconnected);
	redisAsyncSetConnectCallback(v->ac, link_connected);
}

/* Returns the password of REDIS_PASSWORD_FILE, else that of REDIS_URL. Returns 0 with the reason in why. Blocks; any thread. */
static int
password_read(char password[SECRET_FILE_MAX], char *why, size_t len)
{
	if (!secret_file_read(CONF_REDIS_PASSWORD_FILE, password, why, len))
		return (0);
	if (*password == '\0')
		memcpy(password, server.password, SECRET_FILE_MAX);

	return (1);
}

/* Runs on a thread, since the look-up of a host name and the reading of a file block. */
static void
name_resolve(void *arg)
{
	struct valkey	*v = arg;

	v->error[0] = '\0';
	if (!host_resolve(&v->found, server.host))
		snprintf(v->error, sizeof(v->error), "%s", v->found.error);
	else
		(void)password_read(v->password, v->error, sizeof(v->error));
}

static void
name_resolved(void *arg)
{
	struct valkey	*v = arg;

	if (*v->error == '\0') {
		link_open(v);
		return;
	}
	if (v->found.count > 0 && !v->refused_logged) {
		log_event(LOG_LEVEL_ERROR, "the password of valkey cannot be read", LOG_S("error", v->error));
		v->refused_logged = 1;
	}
	link_failed(v, v->error);
}

static void
link_connect(void *arg, u_int64_t now)
{
	struct valkey	*v = arg;

	(void)now;
	(void)work_run(WORK_LOOKUP, name_resolve, name_resolved, v);
}

struct valkey *
valkey_open(int timeout_ms, void (*up)(void *), void *arg)
{
	struct valkey	*v;

	v = kore_calloc(1, sizeof(*v));
	v->timeout_ms = timeout_ms;
	v->retry_ms = VALKEY_RETRY_MIN_MS;
	v->on_up = up;
	v->arg = arg;
	TAILQ_INIT(&v->held);
	if ((v->holds = up == NULL))
		kore_timer_add(hold_over, VALKEY_HOLD_MS, v, KORE_TIMER_ONESHOT);
	link_connect(v, 0);

	return (v);
}

struct valkey *
valkey_shared(void)
{
	static struct valkey	*shared = NULL;

	if (shared == NULL) {
		shared = valkey_open(VALKEY_TIMEOUT_MS, NULL, NULL);
		shared->timed = 1;
	}

	return (shared);
}

void
valkey_command(struct valkey *v, valkey_done done, void *arg, int argc, const char *const *argv)
{
	struct call	*c = kore_calloc(1, sizeof(*c));
	long long	len;

	c->done = done;
	c->arg = arg;
	c->begun = counter_clock();
	/* hiredis declares argv without const, but does not write to it. */
	if ((len = redisFormatCommandArgv(&c->text, argc, (const char **)(uintptr_t)argv, NULL)) < 0)
		fatal("valkey: out of memory");
	c->len = (size_t)len;
	if (v->holds)
		TAILQ_INSERT_TAIL(&v->held, c, list);
	else
		call_send(v, c);
}

/* Sends a command and writes its reply as text to why. Returns 0 on an error. */
static int
check_command(redisContext *c, char *why, size_t len, int argc, const char **argv)
{
	redisReply	*reply = redisCommandArgv(c, argc, argv, NULL);
	int		ok = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	if (reply == NULL)
		snprintf(why, len, "%s", server.tls ? hiredis_tls_error(c) : c->errstr);
	else
		snprintf(why, len, "%.200s", reply->str != NULL ? reply->str : "answers");
	freeReplyObject(reply);

	return (ok);
}

static int
check_authenticate(redisContext *c, char *why, size_t len)
{
	char		password[SECRET_FILE_MAX];
	const char	*named[] = { "AUTH", server.user, password }, *plain[] = { "AUTH", password };
	int		ok;

	ok = password_read(password, why, len) && (*password == '\0' ||
	    (*server.user != '\0' ? check_command(c, why, len, 3, named) : check_command(c, why, len, 2, plain)));
	explicit_bzero(password, sizeof(password));

	return (ok);
}

static int
check_session(redisContext *c, char *why, size_t len)
{
	static const char	*ping[] = { "PING" };

	if (server.tls && hiredis_tls(c, server.host, NULL) != REDIS_OK) {
		snprintf(why, len, "%s", hiredis_tls_error(c));
		return (0);
	}
	if (!check_authenticate(c, why, len))
		return (0);
	if (!check_command(c, why, len, 1, ping))
		return (0);
	snprintf(why, len, "%s port %d answers%s", server.host, server.port, server.tls ? " over TLS" : "");

	return (1);
}

/* Connects, authenticates and sends PING. Returns NULL and writes the error to why, or returns the connection. */
static redisContext *
check_connect(char *why, size_t len)
{
	struct timeval	timeout = { .tv_sec = 5 };
	redisContext	*c = redisConnectWithTimeout(server.host, server.port, timeout);

	if (c == NULL || c->err != 0) {
		snprintf(why, len, "%s port %d: %s", server.host, server.port, c != NULL ? c->errstr : "out of memory");
		redisFree(c);
		return (NULL);
	}
	(void)redisSetTimeout(c, timeout);
	if (check_session(c, why, len))
		return (c);
	redisFree(c);

	return (NULL);
}

int
valkey_check(char *why, size_t len)
{
	redisContext	*c = check_connect(why, len);

	redisFree(c);

	return (c != NULL);
}

/* Deletes the matching keys of one step of SCAN and moves the cursor on. Returns their number, or -1. */
static long
delete_step(redisContext *c, const char *pattern, char cursor[32], char *why, size_t len)
{
	redisReply	*reply = redisCommand(c, "SCAN %s MATCH %s COUNT 1000", cursor, pattern), *gone;
	long		n = -1;
	size_t		i;

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
		snprintf(why, len, "SCAN: %.200s", reply != NULL && reply->str != NULL ? reply->str : c->errstr);
	} else {
		snprintf(cursor, 32, "%s", reply->element[0]->str);
		n = 0;
		for (i = 0; i < reply->element[1]->elements; i++) {
			gone = redisCommand(c, "DEL %s", reply->element[1]->element[i]->str);
			n += gone != NULL && gone->type == REDIS_REPLY_INTEGER ? (long)gone->integer : 0;
			freeReplyObject(gone);
		}
	}
	freeReplyObject(reply);

	return (n);
}

long
valkey_delete(const char *pattern, char *why, size_t len)
{
	redisContext	*c = check_connect(why, len);
	char		cursor[32] = "0";
	long		n, total = 0;

	if (c == NULL)
		return (-1);
	do {
		n = delete_step(c, pattern, cursor, why, len);
		total += n;
	} while (n >= 0 && strcmp(cursor, "0") != 0);
	redisFree(c);

	return (n >= 0 ? total : -1);
}
