/*
 * Asks the gateways what became of purchases that no webhook has told about
 * (docs/compatibility.md#payment-reconciliation).
 */
#include <stdio.h>
#include <string.h>

#include "base/conf.h"
#include "cron/cron_job.h"
#include "net/payment.h"

#define ID_MAX		24
#define GATEWAY_MAX	32
#define REFERENCE_MAX	512

/* One purchase that is open. */
struct open {
	char	id[ID_MAX], gateway[GATEWAY_MAX], reference[REFERENCE_MAX];
};

/* What a run has found. */
struct tally {
	int	asked, changed, mismatches, failed;
	char	away[GATEWAY_MAX];	/* the gateway that does not answer, "" as long as they do; one is enough to stop asking it */
	char	error[256];
};

/* The open purchase behind the one in o, whose id may be "0". Returns 0 when there is none, -1 when the database does not say. */
static int
open_next(struct job_run *run, struct open *o)
{
	const PGresult	*rows = job_sql(run, "ppv/open", 1, (const char *[]){ o->id });

	if (rows == NULL)
		return (-1);
	if (PQntuples(rows) == 0)
		return (0);
	snprintf(o->id, sizeof(o->id), "%s", PQgetvalue(rows, 0, 0));
	snprintf(o->gateway, sizeof(o->gateway), "%s", PQgetvalue(rows, 0, 1));
	snprintf(o->reference, sizeof(o->reference), "%s", PQgetvalue(rows, 0, 2));

	return (1);
}

static void
gateway_ask(struct job_run *run, const struct open *o, struct tally *t, struct payment_response *a)
{
	memset(a, 0, sizeof(*a));
	a->result = PAYMENT_UNKNOWN;
	if (!strcmp(t->away, o->gateway))
		return;
	payment_verify(o->gateway, o->reference, job_canceled, run, a);
	t->asked++;
	if (a->result != PAYMENT_UNKNOWN)
		return;
	snprintf(t->error, sizeof(t->error), "%s does not say what became of %.64s: %.128s", o->gateway, o->reference, a->error);
	if (a->unreachable)
		snprintf(t->away, sizeof(t->away), "%s", o->gateway);
}

/* Writes down what the gateway says. One that cannot be written must not keep the others from it. */
static void
settle(struct job_run *run, const struct open *o, const struct payment_response *a, struct tally *t)
{
	static const char	*known[] = { [PAYMENT_OK] = "ok", [PAYMENT_REFUSED] = "refused", [PAYMENT_UNKNOWN] = "unknown" };
	const char		*params[] = { o->id, known[a->result], a->result == PAYMENT_OK ? a->json : "{}", conf_str(CONF_PPV_ACCESS_DAYS) };
	const PGresult		*rows;

	if ((rows = job_sql(run, "ppv/settle", 4, params)) == NULL) {
		t->failed++;
	} else if (PQntuples(rows) == 1) {
		t->changed += !strcmp(PQgetvalue(rows, 0, 0), "changed");
		t->mismatches += !strcmp(PQgetvalue(rows, 0, 0), "mismatch");
	}
}

JOB("payments", CONF_PAYMENTS_CRON, payments, "Asks the gateways about payments that nobody has told us of.");

static enum job_outcome
payments(struct job_run *run)
{
	struct open		o = { .id = "0" };
	struct tally		t = { 0 };
	struct payment_response	answer;
	int			found;

	while (!job_canceled(run) && (found = open_next(run, &o)) != 0) {
		if (found == -1)
			return (job_failed(run, "the open purchases cannot be read"));
		gateway_ask(run, &o, &t, &answer);
		if (!job_canceled(run))
			settle(run, &o, &answer, &t);
		payment_free(&answer);
	}
	job_count(run, "asked", t.asked);
	job_count(run, "changed", t.changed);
	job_count(run, "mismatches", t.mismatches);
	if (t.failed > 0)
		return (job_failed(run, "a payment cannot be written down"));
	if (job_sql(run, "ppv/clean", 0, NULL) == NULL)
		return (job_failed(run, "old grants cannot be removed"));

	return (*t.error != '\0' ? job_failed(run, "%s", t.error) : JOB_OK);
}
