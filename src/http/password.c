/*
 * bcrypt on threads (base/work.h). Tasks wait here, one queue per network, and
 * the queues take turns: a network with many tasks delays another network's
 * task by one task a turn, and a network without tasks goes before networks
 * that have had a turn within its head start. Threads get no more tasks than they
 * can run, so that the queue of base/work.h stays empty, and no more than there
 * are processors for: two hashes at a time on half a processor both take
 * four times as long, and a new task waits for them.
 */
#include <crypt.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <kore/kore.h>
#include <kore/tasks.h>

#include "base/conf.h"
#include "base/counter.h"
#include "base/random.h"
#include "base/work.h"
#include "http/admission.h"
#include "http/limit.h"
#include "http/password.h"
#include "http/reply.h"
#include "http/route.h"

#define SALT_PREFIX	"$2a$10$"
#define SALT_CHARS	22
#define HASH_LENGTH	60
/* A hash that no password has; compared with if there is no account. */
#define NO_MATCH	"$2a$10$abcdefghijklmnopqrstuu1fm5tkiL18NIUMbwuJcKsmg080ioiK."

#define HEAD_START_PART	5	/* of MAX_PASSWORD_WAIT_MS: by how much a network without a turn in this time goes before others */
/* A hash that takes this many times its processor time lowers the number of threads; one below the other raises it. */
#define CROWDED		1.7
#define ROOMY		1.3
#define HELPS		0.75	/* least improvement, as a ratio, for which a lower number of threads is kept */
#define HOLD		100	/* hashes after which a lower number is tried again */

/* A hash or a comparison on its way to a thread and back. */
struct hash_task {
	struct request	*r;
	u_int64_t	since;	/* start of the wait for a thread */
	double		slowness;	/* elapsed time of the work, in units of its processor time */
	int		threads;	/* threads_max when the work began */
	TAILQ_ENTRY(hash_task)	list;
	char		*text;
	char		**hashes;
	int		count;
	int		index;
	char		hash[PASSWORD_HASH_MAX];
	void		(*hashed)(struct request *, const char *);
	void		(*checked)(struct request *, int);
};

/* A network with tasks that wait for a thread. */
struct turn {
	char		network[CLIENT_ADDRESS_MAX];
	u_int64_t	since;		/* when it was served last, or its first task came */
	u_int64_t	place;		/* in the line, which is ordered by it: `since`, less the head start of a new network */
	TAILQ_HEAD(, hash_task)	tasks;
	TAILQ_ENTRY(turn)	list;
};

static TAILQ_HEAD(, turn)	turns = TAILQ_HEAD_INITIALIZER(turns);	/* the next one to be served is the first */
static int			running;	/* tasks that threads have */
static int			threads_max;	/* most tasks that threads may have; 0 before the first task */
static double			crowded;	/* slowness because of which threads_max was lowered last; 0: it was raised since */
static int			held;		/* tasks until it may be lowered again */

/* Hashes text with the salt in setting, which is a salt or a hash. Writes "" if setting is malformed. */
static void
bcrypt(const char *text, const char *setting, char out[PASSWORD_HASH_MAX])
{
	struct crypt_data	data = { 0 };
	const char		*hash;

	hash = crypt_r(text, setting, &data);
	*out = '\0';
	if (hash != NULL && strlen(hash) == HASH_LENGTH)
		memcpy(out, hash, HASH_LENGTH + 1);
}

int
password_make(const char *password, char out[PASSWORD_HASH_MAX])
{
	static const char	alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char		bytes[SALT_CHARS];
	char			setting[sizeof(SALT_PREFIX) + SALT_CHARS] = SALT_PREFIX;
	size_t			i;

	*out = '\0';
	random_bytes(bytes, sizeof(bytes));
	for (i = 0; i < SALT_CHARS; i++)
		setting[strlen(SALT_PREFIX) + i] = alphabet[bytes[i] & 63];
	/* The last of the 22 characters encodes two bits only. */
	setting[strlen(SALT_PREFIX) + SALT_CHARS - 1] = alphabet[bytes[SALT_CHARS - 1] & 48];
	bcrypt(password, setting, out);

	return (*out != '\0');
}

static int
same(const char *a, const char *b)
{
	unsigned char	diff = 0;
	size_t		i;

	for (i = 0; i < HASH_LENGTH; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);

	return (diff == 0);
}

static void
task_compute(struct hash_task *t)
{
	int	i;

	if (t->hashed != NULL) {
		(void)password_make(t->text, t->hash);
		return;
	}
	for (i = 0; i < t->count && t->index < 0; i++) {
		bcrypt(t->text, t->hashes[i], t->hash);
		if (*t->hash != '\0' && strlen(t->hashes[i]) == HASH_LENGTH && same(t->hash, t->hashes[i]))
			t->index = i;
	}
	if (t->count == 0)
		bcrypt(t->text, NO_MATCH, t->hash);
}

static double
seconds(clockid_t clock)
{
	struct timespec	t;

	(void)clock_gettime(clock, &t);

	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void
task_work(void *arg)
{
	struct hash_task	*t = arg;
	double			elapsed = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_THREAD_CPUTIME_ID);

	task_compute(t);
	used = seconds(CLOCK_THREAD_CPUTIME_ID) - used;
	t->slowness = used > 0 ? (seconds(CLOCK_MONOTONIC) - elapsed) / used : 1;
}

static void
task_free(struct hash_task *t)
{
	int	i;

	explicit_bzero(t->text, strlen(t->text));
	free(t->text);
	for (i = 0; i < t->count; i++)
		free(t->hashes[i]);
	free(t->hashes);
	free(t);
}

/* Takes the first task of the network whose turn it is. The network goes to the end of the line. */
static struct hash_task *
task_next(void)
{
	struct turn		*n = TAILQ_FIRST(&turns);
	struct hash_task	*t = TAILQ_FIRST(&n->tasks);

	TAILQ_REMOVE(&n->tasks, t, list);
	TAILQ_REMOVE(&turns, n, list);
	if (TAILQ_EMPTY(&n->tasks)) {
		free(n);
	} else {
		n->since = n->place = kore_time_ms();
		TAILQ_INSERT_TAIL(&turns, n, list);
	}

	return (t);
}

static void	task_done(void *);

/*
 * Adapts the number of threads to the processors that the process gets. Their
 * number is not asked of the system: a container does not see the limit of its
 * task on Fargate, and other workers use the same processors. If hashes are as
 * slow with one thread less, other programs have the processors, and fewer
 * threads would only get less of them.
 */
static void
threads_adapt(const struct hash_task *t)
{
	if (held > 0)
		held--;
	if (t->threads != threads_max)
		return;		/* it began with another number */
	if (crowded > 0 && t->slowness > crowded * HELPS && threads_max < kore_task_threads) {
		threads_max++;
		crowded = 0;
		held = HOLD;
	} else if (t->slowness > CROWDED && threads_max > 1 && held == 0) {
		threads_max--;
		crowded = t->slowness;
	} else if (t->slowness < ROOMY && threads_max < kore_task_threads) {
		threads_max++;
		crowded = 0;
	}
}

/* Gives tasks to the threads that are free. */
static void
tasks_start(void)
{
	struct hash_task	*t;

	if (threads_max == 0)
		threads_max = kore_task_threads;
	while (running < threads_max && !TAILQ_EMPTY(&turns)) {
		running++;
		t = task_next();
		t->threads = threads_max;
		(void)work_run(WORK_PASSWORD, task_work, task_done, t);
	}
}

/* Answers a request whose task is over, and frees the task. */
static void
task_end(struct hash_task *t)
{
	if (request_resume(t->r)) {
		if (t->hashed != NULL)
			t->hashed(t->r, t->hash);
		else
			t->checked(t->r, t->index);
		request_settle(t->r);
	}
	task_free(t);
}

/* Ends the next tasks of clients that have disconnected: a hash for them would take the time of others. */
static void
tasks_drop(void)
{
	const struct hash_task	*t;

	while (!TAILQ_EMPTY(&turns)) {
		t = TAILQ_FIRST(&TAILQ_FIRST(&turns)->tasks);
		if (request_present(t->r) || t->r->persists)
			break;
		task_end(task_next());
	}
}

static void
task_done(void *arg)
{
	struct hash_task	*t = arg;

	running--;
	threads_adapt(t);
	tasks_drop();
	tasks_start();
	task_end(t);
}

/* Returns the network's turn; a new one stands behind those that were served before the head start. */
static struct turn *
turn_find(const char *network)
{
	struct turn	*n, *next;

	TAILQ_FOREACH(n, &turns, list) {
		if (!strcmp(n->network, network))
			return (n);
	}
	if ((n = calloc(1, sizeof(*n))) == NULL)
		fatal("out of memory");
	snprintf(n->network, sizeof(n->network), "%s", network);
	n->since = kore_time_ms();
	n->place = n->since - (u_int64_t)conf_int(CONF_MAX_PASSWORD_WAIT_MS) / HEAD_START_PART;
	TAILQ_INIT(&n->tasks);
	TAILQ_FOREACH(next, &turns, list) {
		if (next->place > n->place) {
			TAILQ_INSERT_BEFORE(next, n, list);
			return (n);
		}
	}
	TAILQ_INSERT_TAIL(&turns, n, list);

	return (n);
}

/*
 * Returns how long the network that has waited longest for its turn has waited,
 * in milliseconds; 0 if no task waits. A network with many tasks has many turns
 * and does not raise it.
 */
static int64_t
longest_wait_ms(void)
{
	const struct turn	*n;
	u_int64_t		now = kore_time_ms(), longest = 0;

	TAILQ_FOREACH(n, &turns, list) {
		if (now - n->since > longest)
			longest = now - n->since;
	}

	return ((int64_t)longest);
}

/* Queues a task, or answers 503 if the tasks of its network have waited for too long. A refused attempt is not counted as one. */
static void
task_queue(struct hash_task *t)
{
	char		network[CLIENT_ADDRESS_MAX];
	struct turn	*n;

	admission_passwords(longest_wait_ms);
	client_network(&t->r->client, network);
	n = turn_find(network);
	t->since = kore_time_ms();
	if (!TAILQ_EMPTY(&n->tasks) && t->since - TAILQ_FIRST(&n->tasks)->since > (u_int64_t)conf_int(CONF_MAX_PASSWORD_WAIT_MS)) {
		counter_add(COUNTER_REFUSED, 1);
		if (t->r->route->limit != NULL)
			limit_undo(t->r);
		reply_message(t->r, 503, ADMISSION_BUSY);
		task_free(t);
		return;
	}
	TAILQ_INSERT_TAIL(&n->tasks, t, list);
	request_wait_outside(t->r);	/* this queue has its own limit and says nothing about the load of the event loop */
	tasks_start();
}

static struct hash_task *
task_new(struct request *r, const char *text)
{
	struct hash_task	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL || (t->text = strdup(text)) == NULL)
		fatal("out of memory");
	t->r = r;
	t->index = -1;

	return (t);
}

void
password_hash(struct request *r, const char *password, void (*next)(struct request *, const char *))
{
	struct hash_task	*t = task_new(r, password);

	t->hashed = next;
	task_queue(t);
}

void
password_check(struct request *r, const char *text, const char *const *hashes, int count, void (*next)(struct request *, int))
{
	struct hash_task	*t = task_new(r, text);
	int		i;

	t->checked = next;
	if ((t->hashes = calloc((size_t)count + 1, sizeof(*t->hashes))) == NULL)
		fatal("out of memory");
	for (i = 0; i < count; i++) {
		if ((t->hashes[i] = strdup(hashes[i])) == NULL)
			fatal("out of memory");
	}
	t->count = count;
	task_queue(t);
}

int
password_strong(const char *text)
{
	int	upper = 0, lower = 0, digit = 0, other = 0;
	size_t	i;

	for (i = 0; text[i] != '\0'; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			upper = 1;
		else if (text[i] >= 'a' && text[i] <= 'z')
			lower = 1;
		else if (text[i] >= '0' && text[i] <= '9')
			digit = 1;
		else
			other = 1;
	}

	return (upper && lower && digit && other);
}
