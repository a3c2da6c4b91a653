/*
 * Billing account of a user (docs/compatibility.md#billing).
 */
#include "http/route.h"

static const struct field	billing_fields[] = {
	FIELD("provider", FIELD_CHOICE, .required = 1, .choices = "PAYSTACK|FLUTTERWAVE"),
	FIELD("providerCustomerId", FIELD_STRING),
	FIELD("planCode", FIELD_STRING),
	FIELD("status", FIELD_STRING),
	FIELD("billingEmail", FIELD_EMAIL),
	FIELD("paymentMethodBrand", FIELD_STRING),
	FIELD("paymentMethodLast4", FIELD_STRING, .max = 4),
	FIELD("country", FIELD_STRING),
	FIELD("postalCode", FIELD_STRING),
	FIELD("nextPaymentAt", FIELD_DATE),
	FIELD_END
};

ROUTE_SQL(GET, "/api/user/billing", "billing/get", .guard = GUARD_USER);
ROUTE_SQL(PUT, "/api/user/billing", "billing/put", .guard = GUARD_USER, .fields = billing_fields);
