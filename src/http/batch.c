/*
 * Group commit: one batch per route and worker is with the database, later
 * requests wait for the next one.
 */
#include <stdlib.h>
#include <string.h>

#include "http/batch.h"
#include "http/reply.h"
#include "http/sql.h"

#define REQUESTS_MAX	256		/* requests of a batch; a larger batch would delay the next statements on its connection */
#define BYTES_MAX	(512 * 1024)	/* bodies of a batch; the last request may exceed it */

struct batch_request {
	struct request			*r;
	char				*context;
	int				alone;		/* its batch has failed; it is sent in a batch of its own */
	TAILQ_ENTRY(batch_request)	list;
};

static void	batch_send(struct batch *);

static void
batch_answer(struct batch_request *w, const struct pg_outcome *outcome, int row)
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

/* Returns 1 if the requests of a failed batch are sent again, each alone: one of them, or a row deleted meanwhile, may be the cause. */
static int
worth_repeating(const struct batch *b, const struct pg_outcome *outcome)
{
	return (outcome->error != NULL && !outcome->disconnected && !TAILQ_FIRST(&b->sent)->alone);
}

static void
batch_done(void *arg, const struct pg_outcome *outcome)
{
	struct batch		*b = arg;
	struct batch_request	*w;
	int			row;

	if (worth_repeating(b, outcome)) {
		TAILQ_FOREACH(w, &b->sent, list)
			w->alone = 1;
		TAILQ_CONCAT(&b->sent, &b->waiting, list);
		TAILQ_CONCAT(&b->waiting, &b->sent, list);
	}
	for (row = 0; (w = TAILQ_FIRST(&b->sent)) != NULL; row++) {
		TAILQ_REMOVE(&b->sent, w, list);
		batch_answer(w, outcome, row);
	}
	batch_send(b);
}

static void
batch_add(struct batch_request *w, struct kore_buf *contexts, struct kore_buf *bodies)
{
	kore_buf_appendf(contexts, contexts->offset > 0 ? "," : "[");
	kore_buf_append(contexts, w->context, strlen(w->context));
	kore_buf_appendf(bodies, bodies->offset > 0 ? "," : "[");
	kore_buf_append(bodies, w->r->body, strlen(w->r->body));
}

/* Sends the waiting requests as one batch, unless a batch is with the database. */
static void
batch_send(struct batch *b)
{
	struct kore_buf		contexts, bodies;
	struct batch_request	*w;
	int			n = 0, alone = 0;

	if (!TAILQ_EMPTY(&b->sent) || TAILQ_EMPTY(&b->waiting))
		return;
	kore_buf_init(&contexts, 8192);
	kore_buf_init(&bodies, 8192);
	while ((w = TAILQ_FIRST(&b->waiting)) != NULL && !alone && n < REQUESTS_MAX && bodies.offset < BYTES_MAX && (n == 0 || !w->alone)) {
		TAILQ_REMOVE(&b->waiting, w, list);
		TAILQ_INSERT_TAIL(&b->sent, w, list);
		batch_add(w, &contexts, &bodies);
		alone = w->alone;
		n++;
	}
	kore_buf_appendf(&contexts, "]");
	kore_buf_appendf(&bodies, "]");
	pg_transact(PG_FAST, 1, &b->statement, kore_buf_stringify(&contexts, NULL), kore_buf_stringify(&bodies, NULL), batch_done, b);
	kore_buf_cleanup(&contexts);
	kore_buf_cleanup(&bodies);
}

void
batch_reply(struct batch *b, struct request *r)
{
	struct batch_request	*w;

	if (!b->ready) {
		TAILQ_INIT(&b->waiting);
		TAILQ_INIT(&b->sent);
		b->ready = 1;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->r = r;
	w->context = sql_context(r);
	request_wait(r);
	TAILQ_INSERT_TAIL(&b->waiting, w, list);
	batch_send(b);
}
