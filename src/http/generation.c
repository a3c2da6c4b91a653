/*
 * A statement reads the rows of wanzami.catalogue_change. One runs at a time;
 * calls that come meanwhile wait for the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/changes.h"
#include "http/generation.h"

#define TEXT_MAX	64
#define ASK_MS		25	/* after which a worker with many requests asks again */
#define SLOT_MS		10	/* in which requests are counted */
#define MANY		16	/* requests in a slot */

struct asker {
	generation_done		done;
	void			*arg;
	TAILQ_ENTRY(asker)	list;
};

TAILQ_HEAD(asker_list, asker);

/* The last answer. */
static struct {
	char		text[TEXT_MAX];
	unsigned long	number;		/* GENERATION_NONE after an error */
	unsigned long	highest;
	u_int64_t	sent;		/* when the statement was sent */
	u_int64_t	before;		/* the same of the last answer with the number before */
	unsigned long	changes;	/* changes_count() when the statement was sent */
} known;

static struct asker_list	waiting = TAILQ_HEAD_INITIALIZER(waiting), asked = TAILQ_HEAD_INITIALIZER(asked);
static int			scheduled = 0, running = 0;
static u_int64_t		sent;
static unsigned long		sent_changes;

static void	generation_send(void *, u_int64_t);

static void
schedule(void)
{
	if (scheduled || running)
		return;
	scheduled = 1;
	(void)kore_timer_add(generation_send, 0, NULL, KORE_TIMER_ONESHOT);
}

static void
known_set(const char *text)
{
	if (text == NULL) {
		memset(known.text, 0, sizeof(known.text));
		known.number = GENERATION_NONE;
		return;
	}
	if (known.number == GENERATION_NONE || strcmp(known.text, text) != 0) {
		known.before = known.number == GENERATION_NONE ? 0 : known.sent;
		known.number = ++known.highest;
		snprintf(known.text, sizeof(known.text), "%s", text);
	}
	known.sent = sent;
	known.changes = sent_changes;
}

static void
generation_answered(void *arg, const struct pg_outcome *outcome)
{
	struct asker	*a;

	(void)arg;
	known_set(outcome->error == NULL && PQntuples(outcome->res) == 1 ? PQgetvalue(outcome->res, 0, 0) : NULL);
	while ((a = TAILQ_FIRST(&asked)) != NULL) {
		TAILQ_REMOVE(&asked, a, list);
		a->done(a->arg, outcome);
		free(a);
	}
	running = 0;
	if (!TAILQ_EMPTY(&waiting))
		schedule();
}

/* Runs when the events of this turn have been handled. */
static void
generation_send(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	scheduled = 0;
	running = 1;
	TAILQ_CONCAT(&asked, &waiting, list);
	sent = kore_time_ms();
	sent_changes = changes_count();
	pg_query("changes/generation", 0, NULL, generation_answered, NULL);
}

void
generation_ask(generation_done done, void *arg)
{
	struct asker	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		fatal("out of memory");
	a->done = done;
	a->arg = arg;
	TAILQ_INSERT_TAIL(&waiting, a, list);
	schedule();
}

void
generation_refresh(void)
{
	schedule();
}

unsigned long
generation_now(void)
{
	return (known.number);
}

u_int64_t
generation_seen(unsigned long number)
{
	if (number == GENERATION_NONE || known.changes != changes_count())
		return (0);
	if (number == known.number)
		return (known.sent);

	return (number + 1 == known.number ? known.before : 0);
}

/* Counts a request. Returns 1 if the worker has many. */
static int
requests_many(u_int64_t now)
{
	static u_int64_t	slot = 0;
	static int		count = 0, last = 0;

	if (now / SLOT_MS != slot) {
		last = now / SLOT_MS == slot + 1 ? count : 0;
		slot = now / SLOT_MS;
		count = 0;
	}
	count++;

	return (count > MANY || last > MANY);
}

int
generation_trusted(unsigned long number)
{
	u_int64_t	now = kore_time_ms(), seen = generation_seen(number);

	if (!requests_many(now) || seen == 0 || now - seen > GENERATION_STALE_MS)
		return (0);
	if (now - seen > ASK_MS)
		generation_refresh();

	return (1);
}
