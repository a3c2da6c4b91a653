-- Returns the payment settings of a user as clients see them (docs/compatibility.md#billing).
CREATE OR REPLACE FUNCTION wanzami.billing(b "BillingAccount") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT b."id"::text AS "id", b."provider", b."providerCustomerId", b."planCode", b."status",
		b."billingEmail", b."paymentMethodBrand", b."paymentMethodLast4", b."country", b."postalCode",
		wanzami.iso(b."nextPaymentAt") AS "nextPaymentAt") r
$$;
