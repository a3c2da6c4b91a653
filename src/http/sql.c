/*
 * Lets a request sleep while its statement runs, and survives that either of
 * the two goes first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "embedkore.h"
#include "http/reply.h"
#include "http/sign.h"
#include "http/sql.h"

/* What ties a sleeping request to its statement; req is NULL once the client has gone. */
struct waiter {
	struct http_request	*req;
	void			(*done)(struct http_request *, const struct pg_outcome *);
};

void	sql_forget(struct http_request *);

KORE_SYMBOL(sql_forget);

static void
statement_done(void *arg, const struct pg_outcome *outcome)
{
	struct waiter		*w = arg;
	struct http_request	*req = w->req;

	if (req != NULL) {
		req->hdlr_extra = NULL;
		w->done(req, outcome);
		http_request_wakeup(req);
	}
	free(w);
}

/* Kore frees the request: the statement, if it still runs, has nobody to answer. */
void
sql_forget(struct http_request *req)
{
	struct waiter	*w = req->hdlr_extra;

	if (w != NULL)
		w->req = NULL;
	req->hdlr_extra = NULL;
}

int
sql_query(struct http_request *req, const char *name, int nparams, const char *const *params,
    void (*done)(struct http_request *, const struct pg_outcome *))
{
	struct waiter	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("out of memory");
	w->req = req;
	w->done = done;
	req->hdlr_extra = w;
	http_request_sleep(req);
	pg_query(name, nparams, params, statement_done, w);

	return (KORE_RESULT_RETRY);
}

static void
body_reply(struct http_request *req, const PGresult *res)
{
	struct kore_buf	body;

	kore_buf_init(&body, (size_t)PQgetlength(res, 0, 1) + 1);
	sign_body(&body, PQgetvalue(res, 0, 1), (size_t)PQgetlength(res, 0, 1));
	reply_json(req, atoi(PQgetvalue(res, 0, 0)), (const char *)body.data, body.offset);
	kore_buf_cleanup(&body);
}

static void
row_reply(struct http_request *req, const struct pg_outcome *outcome)
{
	if (outcome->lost) {
		reply_message(req, 503, "Service unavailable");
	} else if (outcome->error != NULL || PQntuples(outcome->res) != 1) {
		log_event(LOG_LEVEL_ERROR, "statement failed", LOG_S("path", req->path),
		    LOG_S("error", outcome->error != NULL ? outcome->error : "not one row"));
		reply_message(req, 500, "Internal server error");
	} else {
		body_reply(req, outcome->res);
	}
}

int
sql_reply(struct http_request *req, const char *name, int nparams, const char *const *params)
{
	return (sql_query(req, name, nparams, params, row_reply));
}
