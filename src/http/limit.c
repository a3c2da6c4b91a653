/*
 * Counters that run out, in Valkey or in this process.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>

#include "base/conf.h"
#include "base/hex.h"
#include "http/client.h"
#include "http/limit.h"
#include "http/reply.h"
#include "http/route.h"
#include "store/valkey.h"

#define KEY_PREFIX	"{q}limit:"
#define KEY_MAX		80
#define KEY_DIGEST	16	/* bytes of the digest */
#define TEST_SCALE	100		/* docs/compatibility.md#rate-limits */
#define LOCK_MEMORY_SEC	86400		/* how long a lock-out makes the next one longer */
#define LOCK_DOUBLINGS	2
#define MOVED_NOT	INT64_MIN
#define LOCAL_COUNTERS	4096
#define LOCAL_PROBES	8

enum { BY_ADDRESS, BY_ACCOUNT, COUNTERS };	/* the second only where somebody is named */

struct rule {
	int	most, seconds;
	int	fixed;		/* the same in tests */
};

struct limit {
	const char	*name;
	struct rule	rules[COUNTERS];
	int		locks;		/* an account that was locked out is locked out for longer the next time */
	int		together;	/* an account counts for each address by itself */
};

/* Addresses may do much more than accounts: all viewers come through one proxy. A refresh is no guess, but may be a loop gone wild. */
static const struct limit	usual = { NULL, { { 600, 60, 0 }, { 10, 900, 0 } }, 0, 0 };
static const struct limit	others[] = {
	{ "login", { { 600, 60, 0 }, { 10, 900, 0 } }, 1, 0 },
	{ "refresh", { { 6000, 60, 0 }, { 1200, 900, 0 } }, 0, 0 },
	{ "ticket", { { 100, 3600, 0 }, { 5, 3600, 1 } }, 0, 1 },
};

struct counter {
	char	key[KEY_MAX];
	int	most, seconds;
};

/* A request that waits for its counters. */
struct check {
	struct request	*r;
	void		(*next)(struct request *);
	int		locks;
	int		n;
	struct counter	counters[COUNTERS];
};

/* One that is counted here because Valkey is away. */
static struct local {
	char		key[KEY_MAX];
	int64_t		count;
	u_int64_t	until;
} locals[LOCAL_COUNTERS];

static const struct limit *
limit_find(const char *name)
{
	size_t	i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (!strcmp(others[i].name, name))
			return (&others[i]);
	}

	return (&usual);
}

/* Keys tell nobody who they are about, and are of one length whatever was sent. */
static void
key_make(char out[KEY_MAX], const char *name, const char *address, const char *who)
{
	br_sha256_context	hash;
	unsigned char		digest[br_sha256_SIZE];
	int			n;

	br_sha256_init(&hash);
	br_sha256_update(&hash, address, strlen(address) + 1);
	br_sha256_update(&hash, who, strlen(who));
	br_sha256_out(&hash, digest);
	n = snprintf(out, KEY_MAX, KEY_PREFIX "%.24s:", name);
	hex_write(out + n, digest, KEY_DIGEST);
}

/* Returns how many there are. */
static int
counters_make(struct counter counters[COUNTERS], struct request *r, const char *name, const char *who)
{
	const struct limit	*limit = limit_find(name);
	char			address[CLIENT_ADDRESS_MAX];
	int			i, scale = strcmp(conf_str(CONF_WANZAMI_ENV), "test") ? 1 : TEST_SCALE;

	client_address(&r->client, address);
	for (i = 0; i < COUNTERS; i++) {
		counters[i].most = limit->rules[i].most * (limit->rules[i].fixed ? 1 : scale);
		counters[i].seconds = limit->rules[i].seconds;
	}
	/* No text and an empty one are two (docs/compatibility.md#rate-limits), and neither is the address alone. */
	key_make(counters[BY_ACCOUNT].key, name, limit->together ? address : "", who == NULL ? "unknown" : *who == '\0' ? " " : who);
	key_make(counters[BY_ADDRESS].key, name, address, "");

	return (limit->together || (who != NULL && *who != '\0') ? COUNTERS : BY_ACCOUNT);
}

/* Where the counter is, or where it may be: in place of one that has run out, else of the one that does so next. */
static struct local *
local_find(const char *key, u_int64_t now)
{
	struct local	*l, *best = NULL;
	size_t		i, at = 0;

	for (i = 0; key[i] != '\0'; i++)
		at = at * 31 + (unsigned char)key[i];
	for (i = 0; i < LOCAL_PROBES; i++) {
		l = &locals[(at + i) % LOCAL_COUNTERS];
		if (!strcmp(l->key, key) && l->until > now)
			return (l);
		if (best == NULL || l->until < best->until)
			best = l;
	}
	snprintf(best->key, sizeof(best->key), "%s", key);
	best->count = 0;
	best->until = 0;

	return (best);
}

static int64_t
local_add(const struct counter *c, int step)
{
	u_int64_t	now = kore_time_ms();
	struct local	*l = local_find(c->key, now);

	if (l->until == 0)
		l->until = now + (u_int64_t)c->seconds * 1000;
	l->count = l->count + step > 0 ? l->count + step : 0;

	return (l->count);
}

/* Each counter exists and has an end, and moves by one: all of it at once, whoever else does the same. */
static void
counters_move(const struct counter *counters, int n, const char *verb, valkey_done done, void *arg)
{
	struct valkey	*v = valkey_shared();
	char		seconds[16];
	int		i;

	valkey_command(v, NULL, NULL, 1, (const char *const[]){ "MULTI" });
	for (i = 0; i < n; i++) {
		snprintf(seconds, sizeof(seconds), "%d", counters[i].seconds);
		valkey_command(v, NULL, NULL, 6, (const char *const[]){ "SET", counters[i].key, "0", "EX", seconds, "NX" });
		valkey_command(v, NULL, NULL, 2, (const char *const[]){ verb, counters[i].key });
	}
	valkey_command(v, done, arg, 1, (const char *const[]){ "EXEC" });
}

/* What EXEC tells of the counter number i; MOVED_NOT when it tells nothing. */
static int64_t
moved_to(const redisReply *reply, size_t i)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 * i + 2 ||
	    reply->element[2 * i + 1]->type != REDIS_REPLY_INTEGER)
		return (MOVED_NOT);

	return (reply->element[2 * i + 1]->integer);
}

/* How many lock-outs there have been today says how much longer this one is. */
static void
lock_counted(void *arg, const redisReply *reply)
{
	struct counter	*c = arg;
	int64_t		n = moved_to(reply, 0);
	char		seconds[24];

	if (n > 1) {
		snprintf(seconds, sizeof(seconds), "%d", c->seconds << (n - 1 < LOCK_DOUBLINGS ? n - 1 : LOCK_DOUBLINGS));
		valkey_command(valkey_shared(), NULL, NULL, 3, (const char *const[]){ "EXPIRE", c->key, seconds });
	}
	free(c);
}

/* One client alone is the first that is refused. */
static void
lock_lengthen(const struct counter *locked)
{
	struct counter	*c, locks;

	if ((c = malloc(sizeof(*c))) == NULL)
		fatal("out of memory");
	*c = locks = *locked;
	snprintf(locks.key, sizeof(locks.key), KEY_PREFIX "locks:%s", locked->key + strlen(KEY_PREFIX));
	locks.seconds = LOCK_MEMORY_SEC;
	counters_move(&locks, 1, "INCR", lock_counted, c);
}

static struct check *
check_new(const char *name)
{
	struct check	*k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		fatal("out of memory");
	k->locks = limit_find(name)->locks;

	return (k);
}

static void
counted(void *arg, const redisReply *reply)
{
	struct check	*k = arg;
	struct request	*r = k->r;
	int64_t		count;
	int		i, refused = 0;

	for (i = 0; i < k->n; i++) {
		if ((count = moved_to(reply, (size_t)i)) == MOVED_NOT)
			count = local_add(&k->counters[i], 1);
		refused |= count > k->counters[i].most;
		if (k->locks && i == BY_ACCOUNT && count == k->counters[i].most + 1)
			lock_lengthen(&k->counters[i]);
	}
	if (request_resume(r)) {
		if (refused)
			reply_message(r, 429, "Too many requests. Please wait a bit and try again.");
		else
			k->next(r);
		request_settle(r);
	}
	free(k);
}

void
limit_try(struct request *r, const char *name, const char *who, void (*next)(struct request *))
{
	struct check	*k = check_new(name);

	k->r = r;
	k->next = next;
	k->n = counters_make(k->counters, r, name, who);
	request_wait(r);
	counters_move(k->counters, k->n, "INCR", counted, k);
}

/* The body's email as people type it: case and blanks around it do not count. NULL when it is no text. */
static const char *
route_who(struct request *r)
{
	const char	*text = request_text(r, "email");
	char		*who, *p;

	if (text == NULL)
		return (NULL);
	who = request_copy(r, text + strspn(text, " \t\r\n\f\v"));
	for (p = who; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	}
	while (p > who && strchr(" \t\r\n\f\v", p[-1]) != NULL)
		*--p = '\0';

	return (who);
}

void
limit_route(struct request *r, void (*next)(struct request *))
{
	limit_try(r, r->route->limit, route_who(r), next);
}

/* Those that Valkey did not get were counted here. */
static void
forgiven(void *arg, const redisReply *reply)
{
	struct check	*k = arg;
	int		i;

	for (i = 0; i < k->n; i++) {
		if (moved_to(reply, (size_t)i) == MOVED_NOT)
			(void)local_add(&k->counters[i], -1);
	}
	free(k);
}

void
limit_forgive(struct request *r)
{
	struct check	*k = check_new(r->route->limit);

	k->n = counters_make(k->counters, r, r->route->limit, route_who(r));
	counters_move(k->counters, k->n, "DECR", forgiven, k);
}
