-- PUT /api/user/billing (docs/compatibility.md#billing): creates or changes the user's billing account. Absent fields keep
-- their values; status cannot be set. Returns 200 with the account.
-- $1: userId.
-- $2: provider, providerCustomerId, planCode, billingEmail, paymentMethodBrand, paymentMethodLast4, country, postalCode,
--	nextPaymentAt.
INSERT INTO "BillingAccount" AS b ("userId", "provider", "providerCustomerId", "planCode", "status", "billingEmail",
	"paymentMethodBrand", "paymentMethodLast4", "country", "postalCode", "nextPaymentAt", "createdAt", "updatedAt")
VALUES (($1 ->> 'userId')::bigint, ($2 ->> 'provider')::"PaymentProvider", $2 ->> 'providerCustomerId', $2 ->> 'planCode', 'active',
	$2 ->> 'billingEmail', $2 ->> 'paymentMethodBrand', $2 ->> 'paymentMethodLast4', $2 ->> 'country', $2 ->> 'postalCode',
	timestamp 'epoch' + ($2 ->> 'nextPaymentAt')::bigint * interval '1 millisecond', wanzami.now(), wanzami.now())
ON CONFLICT ("userId") DO UPDATE SET
	"provider" = excluded."provider",
	"providerCustomerId" = coalesce(excluded."providerCustomerId", b."providerCustomerId"),
	"planCode" = coalesce(excluded."planCode", b."planCode"),
	"billingEmail" = coalesce(excluded."billingEmail", b."billingEmail"),
	"paymentMethodBrand" = coalesce(excluded."paymentMethodBrand", b."paymentMethodBrand"),
	"paymentMethodLast4" = coalesce(excluded."paymentMethodLast4", b."paymentMethodLast4"),
	"country" = coalesce(excluded."country", b."country"),
	"postalCode" = coalesce(excluded."postalCode", b."postalCode"),
	"nextPaymentAt" = coalesce(excluded."nextPaymentAt", b."nextPaymentAt"),
	"updatedAt" = wanzami.now()
RETURNING 200 AS status, json_build_object('billing', wanzami.billing(b))::text AS body
