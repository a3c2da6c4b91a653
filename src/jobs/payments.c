/*
 * Reconciliation of purchases: queries the payment gateways about open purchases for
 * which no webhook has arrived (docs/compatibility.md#payment-reconciliation) and about
 * payments without a purchase (docs/payments.md#payments-without-a-purchase), and
 * refunds titles that were paid twice (docs/payments.md#paid-twice).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/log.h"
#include "cron/cron_job.h"
#include "net/payment.h"

#define ID_MAX		24
#define GATEWAY_MAX	32
#define REFERENCE_MAX	512

/* An open purchase. */
struct open {
	char	id[ID_MAX], gateway[GATEWAY_MAX], reference[REFERENCE_MAX];
};

/* A payment to refund. */
struct refund {
	char	id[ID_MAX], gateway[GATEWAY_MAX], reference[REFERENCE_MAX], transaction[REFERENCE_MAX];
	int64_t	minor;
};

/* Counts and errors of a run. */
struct tally {
	int	asked, changed, mismatches, restored, held, refunded, failed;
	char	unreachable[GATEWAY_MAX];	/* gateway that could not be reached, "" if none; it is not queried again in this run */
	char	error[256];
};

/* Replaces o by the open purchase with the next greater id; id "0" starts. Returns 0 if there is none, -1 on a database error. */
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
gateway_query(struct job_run *run, const struct open *o, struct tally *t, struct payment_response *a)
{
	memset(a, 0, sizeof(*a));
	a->result = PAYMENT_UNKNOWN;
	if (!strcmp(t->unreachable, o->gateway))
		return;
	payment_verify(o->gateway, o->reference, job_canceled, run, a);
	t->asked++;
	if (a->result != PAYMENT_UNKNOWN)
		return;
	snprintf(t->error, sizeof(t->error), "%s returned no status for %.64s: %.128s", o->gateway, o->reference, a->error);
	if (a->unreachable)
		snprintf(t->unreachable, sizeof(t->unreachable), "%s", o->gateway);
}

/* Stores the status of a purchase. On error, counts it and lets the run continue with the other purchases. */
static void
settle(struct job_run *run, const struct open *o, const struct payment_response *a, struct tally *t)
{
	const char		*params[] = { o->id, payment_results[a->result], a->result == PAYMENT_OK ? a->json : "{}", conf_str(CONF_PPV_ACCESS_DAYS) };
	const PGresult		*rows;

	if ((rows = job_sql(run, "ppv/settle", 4, params)) == NULL) {
		t->failed++;
	} else if (PQntuples(rows) == 1) {
		t->changed += !strcmp(PQgetvalue(rows, 0, 0), "changed");
		t->mismatches += !strcmp(PQgetvalue(rows, 0, 0), "mismatch");
	}
}

/* Takes the next payment without a purchase. Returns 0 if there is none, -1 on a database error. */
static int
unknown_next(struct job_run *run, struct open *o)
{
	const PGresult	*rows = job_sql(run, "ppv/unknown-next", 0, NULL);

	if (rows == NULL)
		return (-1);
	if (PQntuples(rows) == 0)
		return (0);
	snprintf(o->gateway, sizeof(o->gateway), "%s", PQgetvalue(rows, 0, 0));
	snprintf(o->reference, sizeof(o->reference), "%s", PQgetvalue(rows, 0, 1));

	return (1);
}

/* Verifies payments without a purchase. Returns 0 if they cannot be read. */
static int
unknown_verify(struct job_run *run, struct tally *t)
{
	struct open		o = { .id = "" };
	struct payment_response	a;
	const PGresult		*rows;
	int			found;

	while (!job_canceled(run) && (found = unknown_next(run, &o)) != 0) {
		if (found == -1)
			return (0);
		gateway_query(run, &o, t, &a);
		rows = job_canceled(run) ? NULL : job_sql(run, "ppv/unknown-settle", 5, (const char *[]){ o.gateway, o.reference, payment_results[a.result],
		    a.result == PAYMENT_OK ? a.json : "{}", conf_str(CONF_PPV_ACCESS_DAYS) });
		t->failed += rows == NULL && !job_canceled(run);
		t->restored += rows != NULL && !strcmp(PQgetvalue(rows, 0, 0), "restored");
		t->held += rows != NULL && !strcmp(PQgetvalue(rows, 0, 0), "held");
		payment_free(&a);
	}

	return (1);
}

/* Takes the next payment to refund. Returns 0 if there is none, -1 on a database error. */
static int
refund_next(struct job_run *run, struct refund *f)
{
	const PGresult	*rows = job_sql(run, "ppv/refund-next", 0, NULL);

	if (rows == NULL)
		return (-1);
	if (PQntuples(rows) == 0)
		return (0);
	snprintf(f->id, sizeof(f->id), "%s", PQgetvalue(rows, 0, 0));
	snprintf(f->gateway, sizeof(f->gateway), "%s", PQgetvalue(rows, 0, 1));
	snprintf(f->reference, sizeof(f->reference), "%s", PQgetvalue(rows, 0, 2));
	snprintf(f->transaction, sizeof(f->transaction), "%s", PQgetvalue(rows, 0, 3));
	f->minor = strtoll(PQgetvalue(rows, 0, 4), NULL, 10);

	return (1);
}

/* Requests a refund and stores the response. Returns 0 on a database error. */
static int
refund_perform(struct job_run *run, const struct refund *f, struct tally *t)
{
	struct payment_response	a;
	const char		*params[] = { f->id, NULL, a.error };
	int			stored;

	payment_refund(f->gateway, f->reference, f->transaction, f->minor, job_canceled, run, &a);
	params[1] = payment_results[a.result];
	if (a.result == PAYMENT_UNKNOWN && job_canceled(run)) {
		payment_free(&a);
		return (1);
	}
	if (a.result == PAYMENT_OK) {
		log_event(LOG_LEVEL_WARN, "title paid twice: refund requested", LOG_S("reference", f->reference));
		t->refunded++;
	} else {
		log_event(LOG_LEVEL_ERROR, "title paid twice: the refund failed", LOG_S("reference", f->reference), LOG_S("error", a.error));
		snprintf(t->error, sizeof(t->error), "%s did not refund %.64s: %.128s", f->gateway, f->reference, a.error);
	}
	stored = job_sql(run, "ppv/refund-done", 3, params) != NULL;
	payment_free(&a);

	return (stored);
}

static int
refunds_perform(struct job_run *run, struct tally *t)
{
	struct refund	f;
	int		found;

	while (!job_canceled(run) && (found = refund_next(run, &f)) != 0) {
		if (found == -1 || !refund_perform(run, &f, t))
			return (0);
	}

	return (1);
}

JOB("payments", CONF_PAYMENTS_CRON, payments, "Checks open purchases and payments without a purchase with the payment gateways.");

static enum job_outcome
payments(struct job_run *run)
{
	struct open		o = { .id = "0" };
	struct tally		t = { 0 };
	struct payment_response	answer;
	int			found;

	while (!job_canceled(run) && (found = open_next(run, &o)) != 0) {
		if (found == -1)
			return (job_failed(run, "open purchases cannot be read"));
		gateway_query(run, &o, &t, &answer);
		if (!job_canceled(run))
			settle(run, &o, &answer, &t);
		payment_free(&answer);
	}
	if (!unknown_verify(run, &t))
		return (job_failed(run, "payments without a purchase cannot be read"));
	if (!refunds_perform(run, &t))
		return (job_failed(run, "payments to refund cannot be read or stored"));
	job_count(run, "asked", t.asked);
	job_count(run, "changed", t.changed);
	job_count(run, "mismatches", t.mismatches);
	if (t.restored > 0)
		job_count(run, "restored", t.restored);
	if (t.held > 0)
		job_count(run, "held", t.held);
	if (t.refunded > 0)
		job_count(run, "refunded", t.refunded);
	if (t.failed > 0)
		return (job_failed(run, "the status of %d purchases cannot be stored", t.failed));
	if (job_sql(run, "ppv/clean", 0, NULL) == NULL)
		return (job_failed(run, "old grants cannot be deleted"));

	return (*t.error != '\0' ? job_failed(run, "%s", t.error) : JOB_OK);
}
