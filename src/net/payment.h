/*
 * The two gateways that viewers pay by, Paystack and Flutterwave, as far as we
 * ask them something (docs/compatibility.md#purchase, #payment-reconciliation).
 * What they tell us by themselves comes in by api/webhooks.c.
 *
 * Sources: Paystack API, "Initialize transaction" and "Verify transaction";
 * Flutterwave v3 API, "Standard" and "Verify transaction by reference".
 */
#ifndef WANZAMI_PAYMENT_H
#define WANZAMI_PAYMENT_H

#include <stdint.h>

enum payment_result {
	PAYMENT_OK,
	PAYMENT_REFUSED,	/* the gateway says no, in JSON */
	PAYMENT_UNKNOWN		/* no answer, or none that makes sense: it may have done it or not */
};

struct payment_order {
	const char	*gateway;	/* "PAYSTACK" or "FLUTTERWAVE" */
	const char	*reference;
	const char	*title;		/* JSON: the title's id as the client sent it */
	const char	*user;		/* its id */
	const char	*email, *name;
	int64_t		minor;		/* kobo, or cents */
};

/* What a gateway answered; payment_free frees it. */
struct payment_answer {
	enum payment_result	result;
	char			*page;		/* where the viewer pays; NULL when the gateway named none */
	char			*json;		/* the whole answer; NULL when it is unknown */
	int			unreachable;	/* it is unknown because no answer came at all */
	char			error[256];	/* why it is unknown, in one line for the log */
};

/* Has a payment begun. Both block for at most 15 seconds; any thread but the event loop's. */
void	payment_begin(const struct payment_order *, struct payment_answer *);

/* Asks what became of a payment. Refused means that the gateway knows of none. canceled(ctx) is asked once a second and ends it. */
void	payment_ask(const char *gateway, const char *reference, int (*canceled)(void *), void *ctx, struct payment_answer *);

void	payment_free(struct payment_answer *);

#endif
