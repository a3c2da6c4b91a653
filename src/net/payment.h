/*
 * Client of the payment gateways Paystack and Flutterwave
 * (docs/compatibility.md#purchase, #payment-reconciliation). Their webhooks
 * arrive in api/webhooks.c.
 *
 * Sources: Paystack API, "Initialize transaction", "Verify transaction",
 * "List transactions" and "Create refund"; Flutterwave v3 API, "Standard", "Verify
 * transaction by reference", "Get multiple transactions" and "Initiate a refund".
 */
#ifndef WANZAMI_PAYMENT_H
#define WANZAMI_PAYMENT_H

#include <stdint.h>

enum payment_result {
	PAYMENT_OK,
	PAYMENT_REFUSED,	/* the gateway responded with an error in JSON */
	PAYMENT_UNKNOWN		/* no response or an unusable one; the gateway may have executed the request */
};

/* The name of a result as SQL takes it: ok, refused, unknown. */
extern const char	*const payment_results[];

struct payment_order {
	const char	*gateway;	/* "PAYSTACK" or "FLUTTERWAVE" */
	const char	*reference;
	const char	*title;		/* JSON: the title's id as the client sent it */
	const char	*user;		/* the user's id */
	const char	*email, *name;
	int64_t		minor;		/* amount in the currency's minor unit: kobo or cents */
};

/* A gateway's response. payment_free() frees it. */
struct payment_response {
	enum payment_result	result;
	char			*page;		/* URL of the payment page; NULL if the response has none */
	char			*json;		/* the response body; NULL if the response is missing or not JSON */
	int			unreachable;	/* with PAYMENT_UNKNOWN: no response was received */
	char			error[256];	/* with PAYMENT_UNKNOWN, and after payment_list() or payment_refund(): the reason in one line, for the log */
};

/* Starts a payment. Blocks for at most 15 seconds. Any thread except the event loop's. */
void	payment_begin(const struct payment_order *, struct payment_response *);

/*
 * Gets the state of a payment. PAYMENT_REFUSED means that the gateway does not
 * know the reference. Blocks for at most 15 seconds; calls canceled(ctx) at
 * least once a second and ends if it returns non-zero. Any thread except the
 * event loop's.
 */
void	payment_verify(const char *gateway, const char *reference, int (*canceled)(void *), void *ctx, struct payment_response *);

/*
 * Gets a page (from 1) of the gateway's list of successful payments of the days
 * first to last (YYYY-MM-DD, UTC). Flutterwave counts days in another time zone,
 * so its list may begin or end some hours off. Blocks and ends as
 * payment_verify(); PAYMENT_OK: json has the list.
 */
void	payment_list(const char *gateway, const char *first, const char *last, int page, int (*canceled)(void *), void *ctx, struct payment_response *);

/*
 * Requests the refund of a whole payment: reference and transaction are the
 * gateway's names of it. minor is its amount in kobo or cents. The gateways
 * refuse to return more than was paid, so a request that had no response can be
 * repeated. PAYMENT_REFUSED: error has the gateway's message. Blocks and ends as
 * payment_verify().
 */
void	payment_refund(const char *gateway, const char *reference, const char *transaction, int64_t minor, int (*canceled)(void *), void *ctx,
	    struct payment_response *);

void	payment_free(struct payment_response *);

#endif
