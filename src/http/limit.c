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
#define KNOWN_PREFIX	"{q}known:"
#define KEY_MAX		LIMIT_KEY_MAX
#define KEY_DIGEST	16	/* bytes of a digest */
#define DIGEST_MAX	(2 * KEY_DIGEST + 1)
#define ACCOUNT_MAX	320	/* an e-mail address has at most 254 bytes; a longer text of a ticket is cut */
#define TEST_SCALE	100		/* docs/compatibility.md#rate-limits */
#define LOCK_MEMORY_SEC	86400		/* lock-outs are counted for a day; each one is longer than the one before */
#define LOCK_DOUBLINGS	2		/* the longest lock-out is 4 times the first one */
#define NO_COUNT	INT64_MIN	/* Valkey has not counted */
#define DELAYED_MAX	128	/* attempts that wait in a worker: they keep their memory when their clients have left */
#define LOCAL_COUNTERS	4096
#define LOCAL_PROBES	8		/* slots tried for a key */

/* A network from which the account has signed in is exempt from the account-wide count for this time. */
#define KNOWN_SEC	(90 * 86400)

/* The account-wide count delays an attempt by one second for each SLOW_STEP attempts above SLOW_AFTER. */
#define SLOW_AFTER	20
#define SLOW_STEP	20
#define SLOW_MAX_SEC	10

/* BY_PAIR is used only if the request names an account, BY_ACCOUNT only if the network is not known to it. */
enum { BY_NETWORK, BY_PAIR, BY_ACCOUNT, COUNTERS };

struct rule {
	int	most, seconds;	/* 0, 0: no limit */
	int	fixed;		/* not multiplied with WANZAMI_ENV=test */
};

struct limit {
	const char	*name;
	struct rule	rules[COUNTERS];
	int		locks;		/* the second and later lock-outs of an account and network in a day are longer */
	int		nameless;	/* attempts without an account are counted as those of an account */
	int		configured;	/* the limit of a network is SIGNUPS_PER_HOUR */
};

/*
 * Attempts are counted per account and network, so that nobody can lock out the
 * owner of an account, who is in another network. A network has a higher limit
 * than an account in it, because many viewers may share an IP address behind a
 * proxy. A refresh token cannot be guessed; the limit of refreshes stops clients
 * that refresh in a loop. The account-wide limit of login bounds what many
 * networks can guess together. Each sign-up mails an address that a stranger may
 * have chosen, so that a network has few of them.
 */
static const struct limit	limits[] = {
	{ "login", { { 600, 60, 0 }, { 10, 900, 0 }, { 1000, 86400, 0 } }, 1, 0, 0 },
	{ "refresh", { { 6000, 60, 0 }, { 1200, 900, 0 }, { 0, 0, 0 } }, 0, 0, 0 },
	{ "ticket", { { 100, 3600, 0 }, { 5, 3600, 1 }, { 0, 0, 0 } }, 0, 1, 0 },
	{ "signup", { { 0, 3600, 0 }, { 10, 900, 0 }, { 0, 0, 0 } }, 0, 0, 1 },
	{ "other", { { 600, 60, 0 }, { 10, 900, 0 }, { 0, 0, 0 } }, 0, 0, 0 },	/* the last one: every other name */
};

struct counter {
	char	key[KEY_MAX];
	int	most, seconds;
};

/* A request that waits for the replies of Valkey, or for the end of a delay. */
struct check {
	struct request		*r;
	void			(*next)(struct request *);
	const struct limit	*limit;
	int			n;	/* counters before BY_ACCOUNT */
	int			guessed;	/* BY_ACCOUNT is counted, too */
	struct counter		counters[COUNTERS];
	char			known[KEY_MAX];
};

static int	delayed = 0;	/* attempts of this worker that wait for their delay */

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

	for (i = 0; i < sizeof(limits) / sizeof(*limits) - 1; i++) {
		if (!strcmp(limits[i].name, name))
			break;
	}

	return (&limits[i]);
}

/* Returns the attempts that a counter of the limit allows, without the factor of WANZAMI_ENV=test; 0: any number. */
static int
rule_most(const struct limit *l, int counter)
{
	return (counter == BY_NETWORK && l->configured ? (int)conf_int(CONF_SIGNUPS_PER_HOUR) : l->rules[counter].most);
}

static int
scale(void)
{
	return (strcmp(conf_str(CONF_WANZAMI_ENV), "test") ? 1 : TEST_SCALE);
}

static void
digest_write(const char *text, char out[DIGEST_MAX])
{
	br_sha256_context	hash;
	unsigned char		digest[br_sha256_SIZE];

	br_sha256_init(&hash);
	br_sha256_update(&hash, text, strlen(text));
	br_sha256_out(&hash, digest);
	hex_write(out, digest, KEY_DIGEST);
}

/*
 * Writes the digest of an account without regard to case and surrounding white
 * space. A missing and an empty account have different digests
 * (docs/compatibility.md#rate-limits).
 */
static void
account_digest(const char *account, char out[DIGEST_MAX])
{
	char	copy[ACCOUNT_MAX], *p;

	if (account == NULL) {
		digest_write("unknown", out);
		return;
	}
	snprintf(copy, sizeof(copy), "%s", account + strspn(account, " \t\r\n\f\v"));
	for (p = copy; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	}
	while (p > copy && strchr(" \t\r\n\f\v", p[-1]) != NULL)
		*--p = '\0';
	digest_write(*copy != '\0' ? copy : " ", out);
}

void
limit_keys(const char *account, char out[LIMIT_KEY_MAX])
{
	char	digest[DIGEST_MAX];

	account_digest(account, digest);
	snprintf(out, LIMIT_KEY_MAX, KEY_PREFIX "*:%s:*", digest);
}

/* Writes the key under which Valkey remembers that the account has signed in from the network. */
static void
known_key(char out[KEY_MAX], struct request *r, const char *account)
{
	char	network[CLIENT_ADDRESS_MAX], whose[DIGEST_MAX], from[DIGEST_MAX];

	client_network(&r->client, network);
	account_digest(account, whose);
	digest_write(network, from);
	snprintf(out, KEY_MAX, KNOWN_PREFIX "%s:%s", whose, from);
}

/* Fills the counters of an attempt. Digests replace account and network, so that Valkey stores no personal data. */
static void
counters_make(struct check *k, const char *name, const char *account)
{
	const struct rule	*rule;
	char			network[CLIENT_ADDRESS_MAX], whose[DIGEST_MAX], from[DIGEST_MAX];
	int			i;

	client_network(&k->r->client, network);
	account_digest(account, whose);
	digest_write(network, from);
	for (i = 0; i < COUNTERS; i++) {
		rule = &k->limit->rules[i];
		k->counters[i].most = rule_most(k->limit, i) * (rule->fixed ? 1 : scale());
		k->counters[i].seconds = rule->seconds;
		snprintf(k->counters[i].key, KEY_MAX, KEY_PREFIX "%.24s:%s:%s", name, i == BY_NETWORK ? "" : whose, i == BY_ACCOUNT ? "" : from);
	}
	known_key(k->known, k->r, account);
	k->n = k->limit->nameless || (account != NULL && account[strspn(account, " \t\r\n\f\v")] != '\0') ? BY_ACCOUNT : BY_PAIR;
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

/*
 * Creates missing counters with their expiry and increments or decrements all
 * of them, in one transaction of Valkey. Its last result tells if the key known
 * exists, unless that is NULL.
 */
static void
counters_move(const struct counter *counters, int n, const char *verb, const char *known, valkey_done done, void *arg)
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
	if (known != NULL)
		valkey_command(v, NULL, NULL, 2, (const char *const[]){ "EXISTS", known });
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
	counters_move(&locks, 1, "INCR", NULL, lock_done, c);
}

static struct check *
check_new(struct request *r, const char *name, const char *account)
{
	struct check	*k;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		fatal("out of memory");
	k->r = r;
	k->limit = limit_find(name);
	counters_make(k, name, account);

	return (k);
}

/* Goes on with a request, or answers 429. Frees the check. */
static void
check_end(struct check *k, int refused)
{
	struct request	*r = k->r;

	if (request_resume(r)) {
		r->guessed = k->guessed;
		if (refused)
			reply_message(r, 429, "Too many requests. Please wait a bit and try again.");
		else
			k->next(r);
		request_settle(r);
	}
	free(k);
}

static void
delay_done(void *arg, u_int64_t now)
{
	(void)now;
	delayed--;
	check_end(arg, 0);
}

/* Returns the count of counter i, which is element at of the reply. Counts in this worker if Valkey has not. */
static int64_t
check_count(const struct check *k, const redisReply *reply, int i, size_t at)
{
	int64_t	count = count_of(reply, at);

	return (count != NO_COUNT ? count : local_add(&k->counters[i], 1));
}

/* Refuses, delays or admits an attempt from a network that is not known to the account. */
static void
guess_done(void *arg, const redisReply *reply)
{
	struct check	*k = arg;
	struct request	*r = k->r;
	int64_t		count = check_count(k, reply, BY_ACCOUNT, 0), over = count / scale() - SLOW_AFTER, seconds;
	int		refused;

	k->guessed = 1;
	refused = count > k->counters[BY_ACCOUNT].most || (over > 0 && delayed >= DELAYED_MAX);
	if (refused || over <= 0) {
		check_end(k, refused);
		return;
	}
	seconds = (over + SLOW_STEP - 1) / SLOW_STEP;
	if (request_resume(r)) {
		request_wait_outside(r);
		delayed++;
		kore_timer_add(delay_done, (u_int64_t)(seconds < SLOW_MAX_SEC ? seconds : SLOW_MAX_SEC) * 1000, k, KORE_TIMER_ONESHOT);
		request_settle(r);
	} else {
		free(k);
	}
}

/* Returns 1 if the account has signed in from this network: the result after those of the counters. */
static int
network_known(const struct check *k, const redisReply *reply)
{
	size_t	at = (size_t)k->n * 2;

	return (reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > at &&
	    reply->element[at]->type == REDIS_REPLY_INTEGER && reply->element[at]->integer > 0);
}

static void
counters_done(void *arg, const redisReply *reply)
{
	struct check	*k = arg;
	int64_t		count;
	int		i, refused = 0;

	for (i = 0; i < k->n; i++) {
		count = check_count(k, reply, i, (size_t)i);
		refused |= count > k->counters[i].most;
		if (k->limit->locks && i == BY_PAIR && count == k->counters[i].most + 1)
			lock_lengthen(&k->counters[i]);
	}
	/* A refused attempt is no guess: one network cannot raise the account-wide count beyond its own limit. */
	if (refused || k->n < BY_ACCOUNT || k->counters[BY_ACCOUNT].most == 0 || network_known(k, reply))
		check_end(k, refused);
	else
		counters_move(&k->counters[BY_ACCOUNT], 1, "INCR", NULL, guess_done, k);
}

void
limit_try(struct request *r, const char *name, const char *account, void (*next)(struct request *))
{
	struct check	*k = check_new(r, name, account);

	k->next = next;
	request_wait(r);
	counters_move(k->counters, k->n, "INCR", k->known, counters_done, k);
}

void
limit_route(struct request *r, void (*next)(struct request *))
{
	limit_try(r, r->route->limit, request_text(r, "email"), next);
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
	struct check	*k = check_new(r, r->route->limit, request_text(r, "email"));

	k->n += r->guessed;	/* BY_ACCOUNT follows BY_PAIR */
	r->guessed = 0;
	counters_move(k->counters, k->n, "DECR", NULL, undo_done, k);
}

void
limit_remember(struct request *r, const char *account)
{
	char	key[KEY_MAX], seconds[16];

	known_key(key, r, account);
	snprintf(seconds, sizeof(seconds), "%d", KNOWN_SEC);
	valkey_command(valkey_shared(), NULL, NULL, 5, (const char *const[]){ "SET", key, "1", "EX", seconds });
}

void
limit_print(FILE *out)
{
	static const char	*names[COUNTERS] = { "network", "pair", "account" };
	const struct rule	*rule;
	size_t			i;
	int			j;

	fprintf(out, "{\"slowAfter\":%d,\"slowStep\":%d,\"slowMaxSeconds\":%d,\"knownSeconds\":%d", SLOW_AFTER, SLOW_STEP, SLOW_MAX_SEC, KNOWN_SEC);
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		fprintf(out, ",\n\"%s\":{\"lengthens\":%s", limits[i].name, limits[i].locks ? "true" : "false");
		for (j = 0; j < COUNTERS; j++) {
			rule = &limits[i].rules[j];
			if (rule_most(&limits[i], j) != 0)
				fprintf(out, ",\"%s\":{\"most\":%d,\"seconds\":%d}", names[j], rule_most(&limits[i], j), rule->seconds);
		}
		fputs("}", out);
	}
	fputs("}\n", out);
}
