/*
 * Comparison of the gateways' lists of payments with the purchases
 * (docs/payments.md#comparison). Payments without a purchase are entered for the
 * cron job payments (jobs/payments.c). Paid purchases that the list lacks are
 * verified with the gateway; those that it does not confirm are left to a person.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "cron/cron_job.h"
#include "net/payment.h"

#define DAY_MAX		16
#define ID_MAX		24
#define REFERENCE_MAX	512
#define PAGES_MAX	100000
#define FAILURES_MAX	3	/* in a row, after which the gateway is taken to be away */

struct span {
	char	first[DAY_MAX], last[DAY_MAX];
	int64_t	payments, entered, held;
};

/* Enters the payments of one page. Returns the number of pages, 0 after an error, which is set as the run's. */
static int
page_enter(struct job_run *run, const char *gateway, int page, struct span *s)
{
	struct payment_response	a;
	const PGresult		*rows = NULL;
	int			pages = 0;

	payment_list(gateway, s->first, s->last, page, job_canceled, run, &a);
	if (a.result != PAYMENT_OK)
		(void)job_failed(run, "%s returned no list of payments: %s", gateway, a.error);
	else if ((rows = job_sql(run, "ppv/compare", 2, (const char *[]){ gateway, a.json })) == NULL)
		(void)job_failed(run, "payments cannot be compared");
	payment_free(&a);
	if (rows == NULL)
		return (0);
	s->payments += strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
	s->entered += strtoll(PQgetvalue(rows, 0, 1), NULL, 10);
	pages = atoi(PQgetvalue(rows, 0, 2));

	return (pages < 1 ? 1 : pages);
}

/* Verifies a purchase that the list lacks. Returns 0 after an error, which is set as the run's. */
static int
unlisted_verify(struct job_run *run, const char *gateway, const char *id, const char *reference, struct span *s)
{
	struct payment_response	a;
	const PGresult		*rows = NULL;

	payment_verify(gateway, reference, job_canceled, run, &a);
	if (a.result == PAYMENT_UNKNOWN)
		(void)job_failed(run, "%s returned no status for %.64s: %.128s", gateway, reference, a.error);
	else if ((rows = job_sql(run, "ppv/unlisted-settle", 3, (const char *[]){ id, payment_results[a.result],
	    a.result == PAYMENT_OK ? a.json : "{}" })) == NULL)
		(void)job_failed(run, "the status of %.64s cannot be stored", reference);
	payment_free(&a);
	s->held += rows != NULL && !strcmp(PQgetvalue(rows, 0, 0), "held");

	return (rows != NULL);
}

/*
 * Verifies the purchases that the list lacks; goes on to the next one after an
 * error, unless several fail in a row: then the gateway is away. Returns 0 after
 * an error, or if the run was cancelled.
 */
static int
unlisted_each(struct job_run *run, const char *gateway, struct span *s)
{
	char		id[ID_MAX] = "0", reference[REFERENCE_MAX];
	const PGresult	*rows;
	int		failed = 0, ok = 1;

	for (;;) {
		if (job_canceled(run))
			return (0);
		if ((rows = job_sql(run, "ppv/unlisted-next", 2, (const char *[]){ gateway, id })) == NULL) {
			(void)job_failed(run, "purchases cannot be compared");
			return (0);
		}
		if (PQntuples(rows) == 0)
			return (ok);
		snprintf(id, sizeof(id), "%s", PQgetvalue(rows, 0, 0));
		snprintf(reference, sizeof(reference), "%s", PQgetvalue(rows, 0, 1));
		failed = unlisted_verify(run, gateway, id, reference, s) ? 0 : failed + 1;
		ok = ok && failed == 0;
		if (failed == FAILURES_MAX)
			return (0);
	}
}

/* Returns 0 after an error, or if the run was cancelled. */
static int
gateway_compare(struct job_run *run, const char *gateway, enum conf_id key, struct span *s)
{
	int	page, pages = 1;

	if (*conf_str(key) == '\0')
		return (1);
	if (job_sql(run, "ppv/compare-begin", 3, (const char *[]){ gateway, s->first, s->last }) == NULL) {
		(void)job_failed(run, "purchases cannot be compared");
		return (0);
	}
	for (page = 1; page <= pages && page <= PAGES_MAX; page++) {
		if (job_canceled(run) || (pages = page_enter(run, gateway, page, s)) == 0)
			return (0);
	}

	return (unlisted_each(run, gateway, s));
}

JOB("payments-compare", CONF_PAYMENTS_COMPARE_CRON, payments_compare, "Compares the payment gateways' lists of payments with the purchases.",
    .arguments = "[FIRST-DAY [LAST-DAY]]");

static enum job_outcome
payments_compare(struct job_run *run)
{
	struct span	s = { .payments = 0 };
	const PGresult	*rows = job_sql(run, "ppv/compare-span", 2, (const char *[]){ job_argument(run, 0),
			    job_argument(run, 0) != NULL ? job_argument(run, 1) : NULL });
	int		paystack, flutterwave;

	if (rows == NULL)
		return (job_failed(run, "the days must have the form YYYY-MM-DD"));
	snprintf(s.first, sizeof(s.first), "%s", PQgetvalue(rows, 0, 0));
	snprintf(s.last, sizeof(s.last), "%s", PQgetvalue(rows, 0, 1));
	paystack = gateway_compare(run, "PAYSTACK", CONF_PAYSTACK_SECRET_KEY, &s);
	flutterwave = gateway_compare(run, "FLUTTERWAVE", CONF_FLW_SECRET_KEY, &s);
	job_count(run, "payments", s.payments);
	job_count(run, "without_purchase", s.entered);
	if (s.held > 0)
		job_count(run, "not_confirmed", s.held);

	return (paystack && flutterwave ? JOB_OK : JOB_FAILED);
}
