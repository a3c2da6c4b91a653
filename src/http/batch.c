/*
 * A queue for each kind of request, of which the head is with the database.
 */
#include <stdlib.h>
#include <string.h>

#include "http/batch.h"
#include "http/reply.h"
#include "http/sql.h"

#define TOGETHER_MAX	256			/* more would hold up what is behind them on the connection */
#define BYTES_MAX	(512 * 1024)

struct batch_waiter {
	struct request			*r;
	char				*context;
	int				alone;		/* what it was gathered with failed */
	TAILQ_ENTRY(batch_waiter)	list;
};

static void	batch_send(struct batch *);

static void
waiter_answer(struct batch_waiter *w, const struct pg_outcome *outcome, int row)
{
	const PGresult	*res = outcome->res;
	const char	*body;
	int		status;

	if (request_resume(w->r)) {
		if (res != NULL && row < PQntuples(res)) {
			status = atoi(PQgetvalue(res, row, PQfnumber(res, "status")));
			body = PQgetvalue(res, row, PQfnumber(res, "body"));
			reply_json(w->r, status, body, strlen(body));
		} else {
			sql_failed(w->r, outcome);
		}
		request_settle(w->r);
	}
	kore_free(w->context);
	free(w);
}

/* Whether a failure may be the fault of one of several, or of something that was removed at the same moment. */
static int
worth_repeating(const struct batch *g, const struct pg_outcome *outcome)
{
	return (outcome->error != NULL && !outcome->disconnected && !TAILQ_FIRST(&g->sent)->alone);
}

static void
batch_done(void *arg, const struct pg_outcome *outcome)
{
	struct batch		*g = arg;
	struct batch_waiter	*w;
	int			row;

	if (worth_repeating(g, outcome)) {
		TAILQ_FOREACH(w, &g->sent, list)
			w->alone = 1;
		TAILQ_CONCAT(&g->sent, &g->waiting, list);
		TAILQ_CONCAT(&g->waiting, &g->sent, list);
	}
	for (row = 0; (w = TAILQ_FIRST(&g->sent)) != NULL; row++) {
		TAILQ_REMOVE(&g->sent, w, list);
		waiter_answer(w, outcome, row);
	}
	batch_send(g);
}

static void
waiter_add(struct batch_waiter *w, struct kore_buf *contexts, struct kore_buf *bodies)
{
	kore_buf_appendf(contexts, contexts->offset > 0 ? "," : "[");
	kore_buf_append(contexts, w->context, strlen(w->context));
	kore_buf_appendf(bodies, bodies->offset > 0 ? "," : "[");
	kore_buf_append(bodies, w->r->body, strlen(w->r->body));
}

/* One statement for as many as wait, unless one is with the database already. */
static void
batch_send(struct batch *g)
{
	struct kore_buf		contexts, bodies;
	struct batch_waiter	*w;
	int			n = 0, alone = 0;

	if (!TAILQ_EMPTY(&g->sent) || TAILQ_EMPTY(&g->waiting))
		return;
	kore_buf_init(&contexts, 8192);
	kore_buf_init(&bodies, 8192);
	while ((w = TAILQ_FIRST(&g->waiting)) != NULL && !alone && n < TOGETHER_MAX && bodies.offset < BYTES_MAX && (n == 0 || !w->alone)) {
		TAILQ_REMOVE(&g->waiting, w, list);
		TAILQ_INSERT_TAIL(&g->sent, w, list);
		waiter_add(w, &contexts, &bodies);
		alone = w->alone;
		n++;
	}
	kore_buf_appendf(&contexts, "]");
	kore_buf_appendf(&bodies, "]");
	pg_transact(PG_FAST, 1, &g->statement, kore_buf_stringify(&contexts, NULL), kore_buf_stringify(&bodies, NULL), batch_done, g);
	kore_buf_cleanup(&contexts);
	kore_buf_cleanup(&bodies);
}

void
batch_reply(struct batch *g, struct request *r)
{
	struct batch_waiter	*w;

	if (!g->began) {
		TAILQ_INIT(&g->waiting);
		TAILQ_INIT(&g->sent);
		g->began = 1;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->r = r;
	w->context = sql_context(r);
	request_wait(r);
	TAILQ_INSERT_TAIL(&g->waiting, w, list);
	batch_send(g);
}
