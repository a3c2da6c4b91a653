/*
 * Counters with an expiry, in Valkey or in the memory of this worker.
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
#define LOCK_MEMORY_SEC	86400		/* lock-outs of an account are counted for a day; each one is longer than the one before */
#define LOCK_DOUBLINGS	2		/* the longest lock-out is 4 times the first one */
#define NO_COUNT	INT64_MIN	/* Valkey has not counted */
#define LOCAL_COUNTERS	4096
#define LOCAL_PROBES	8		/* slots tried for a key */

enum { BY_NETWORK, BY_ACCOUNT, COUNTERS };	/* BY_ACCOUNT is used only if the request names an account */

struct rule {
	int	most, seconds;
	int	fixed;		/* not multiplied with WANZAMI_ENV=test */
};

struct limit {
	const char	*name;
	struct rule	rules[COUNTERS];
	int		locks;		/* the second and later lock-outs of an account in a day are longer */
	int		together;	/* the second counter is per account and network */
};

/*
 * A network has a higher limit than an account, because many viewers may share
 * an IP address behind a proxy. A refresh token cannot be guessed; the limit of
 * refreshes stops clients that refresh in a loop.
 */
static const struct limit	standard = { NULL, { { 600, 60, 0 }, { 10, 900, 0 } }, 0, 0 };
static const struct limit	named[] = {
	{ "login", { { 600, 60, 0 }, { 10, 900, 0 } }, 1, 0 },
	{ "refresh", { { 6000, 60, 0 }, { 1200, 900, 0 } }, 0, 0 },
	{ "ticket", { { 100, 3600, 0 }, { 5, 3600, 1 } }, 0, 1 },
};

struct counter {
	char	key[KEY_MAX];
	int	most, seconds;
};

/* A request that waits for the replies of Valkey. */
struct check {
	struct request	*r;
	void		(*next)(struct request *);
	int		locks;
	int		n;
	struct counter	counters[COUNTERS];
};

/* Counters of this worker, used while Valkey is unreachable. */
static struct local {
	char		key[KEY_MAX];
	int64_t		count;
	u_int64_t	until;
} locals[LOCAL_COUNTERS];

static const struct limit *
limit_find(const char *name)
{
	size_t	i;

	for (i = 0; i < sizeof(named) / sizeof(*named); i++) {
		if (!strcmp(named[i].name, name))
			return (&named[i]);
	}

	return (&standard);
}

/* Writes a key of constant length. A digest replaces account and network, so that Valkey stores no personal data. */
static void
key_make(char out[KEY_MAX], const char *name, const char *network, const char *account)
{
	br_sha256_context	hash;
	unsigned char		digest[br_sha256_SIZE];
	int			n;

	br_sha256_init(&hash);
	br_sha256_update(&hash, network, strlen(network) + 1);
	br_sha256_update(&hash, account, strlen(account));
	br_sha256_out(&hash, digest);
	n = snprintf(out, KEY_MAX, KEY_PREFIX "%.24s:", name);
	hex_write(out + n, digest, KEY_DIGEST);
}

/* Fills the counters of an attempt and returns their number. */
static int
counters_make(struct counter counters[COUNTERS], struct request *r, const char *name, const char *account)
{
	const struct limit	*limit = limit_find(name);
	char			network[CLIENT_ADDRESS_MAX];
	int			i, scale = strcmp(conf_str(CONF_WANZAMI_ENV), "test") ? 1 : TEST_SCALE;

	client_network(&r->client, network);
	for (i = 0; i < COUNTERS; i++) {
		counters[i].most = limit->rules[i].most * (limit->rules[i].fixed ? 1 : scale);
		counters[i].seconds = limit->rules[i].seconds;
	}
	/* A missing and an empty account have different keys (docs/compatibility.md#rate-limits), and both differ from the key of the network. */
	key_make(counters[BY_ACCOUNT].key, name, limit->together ? network : "", account == NULL ? "unknown" : *account == '\0' ? " " : account);
	key_make(counters[BY_NETWORK].key, name, network, "");

	return (limit->together || (account != NULL && *account != '\0') ? COUNTERS : BY_ACCOUNT);
}

/* Returns the counter of a key. If there is none, takes the slot whose counter has expired or expires first. */
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

/* Creates missing counters with their expiry and increments or decrements all of them, in one transaction of Valkey. */
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

/* Returns the value of counter i in the reply of EXEC, or NO_COUNT. */
static int64_t
count_of(const redisReply *reply, size_t i)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2 * i + 2 ||
	    reply->element[2 * i + 1]->type != REDIS_REPLY_INTEGER)
		return (NO_COUNT);

	return (reply->element[2 * i + 1]->integer);
}

/* Extends a lock-out: the second of a day lasts twice as long as the first, later ones four times as long. */
static void
lock_done(void *arg, const redisReply *reply)
{
	struct counter	*c = arg;
	int64_t		n = count_of(reply, 0);
	char		seconds[24];

	if (n > 1) {
		snprintf(seconds, sizeof(seconds), "%d", c->seconds << (n - 1 < LOCK_DOUBLINGS ? n - 1 : LOCK_DOUBLINGS));
		valkey_command(valkey_shared(), NULL, NULL, 3, (const char *const[]){ "EXPIRE", c->key, seconds });
	}
	free(c);
}

/* Counts a lock-out. Called for the first attempt above the limit only. */
static void
lock_lengthen(const struct counter *locked)
{
	struct counter	*c, locks;

	if ((c = malloc(sizeof(*c))) == NULL)
		fatal("out of memory");
	*c = locks = *locked;
	snprintf(locks.key, sizeof(locks.key), KEY_PREFIX "locks:%s", locked->key + strlen(KEY_PREFIX));
	locks.seconds = LOCK_MEMORY_SEC;
	counters_move(&locks, 1, "INCR", lock_done, c);
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
counters_done(void *arg, const redisReply *reply)
{
	struct check	*k = arg;
	struct request	*r = k->r;
	int64_t		count;
	int		i, refused = 0;

	for (i = 0; i < k->n; i++) {
		if ((count = count_of(reply, (size_t)i)) == NO_COUNT)
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
limit_try(struct request *r, const char *name, const char *account, void (*next)(struct request *))
{
	struct check	*k = check_new(name);

	k->r = r;
	k->next = next;
	k->n = counters_make(k->counters, r, name, account);
	request_wait(r);
	counters_move(k->counters, k->n, "INCR", counters_done, k);
}

/* Returns the field "email" of the body in lower case and without surrounding white space. Returns NULL if it is not a string. */
static const char *
route_account(struct request *r)
{
	const char	*text = request_text(r, "email");
	char		*account, *p;

	if (text == NULL)
		return (NULL);
	account = request_copy(r, text + strspn(text, " \t\r\n\f\v"));
	for (p = account; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	}
	while (p > account && strchr(" \t\r\n\f\v", p[-1]) != NULL)
		*--p = '\0';

	return (account);
}

void
limit_route(struct request *r, void (*next)(struct request *))
{
	limit_try(r, r->route->limit, route_account(r), next);
}

/* Decrements the local counters of attempts that Valkey has not counted. */
static void
undo_done(void *arg, const redisReply *reply)
{
	struct check	*k = arg;
	int		i;

	for (i = 0; i < k->n; i++) {
		if (count_of(reply, (size_t)i) == NO_COUNT)
			(void)local_add(&k->counters[i], -1);
	}
	free(k);
}

void
limit_undo(struct request *r)
{
	struct check	*k = check_new(r->route->limit);

	k->n = counters_make(k->counters, r, r->route->limit, route_account(r));
	counters_move(k->counters, k->n, "DECR", undo_done, k);
}
