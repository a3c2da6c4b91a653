-- How a user pays, as the application shows it (contract people §3.31).
CREATE FUNCTION wanzami.billing(b "BillingAccount") RETURNS json LANGUAGE sql STABLE AS $$
	SELECT row_to_json(r) FROM (SELECT b."id"::text AS "id", b."provider", b."providerCustomerId", b."planCode", b."status",
		b."billingEmail", b."paymentMethodBrand", b."paymentMethodLast4", b."country", b."postalCode",
		wanzami.iso(b."nextPaymentAt") AS "nextPaymentAt") r
$$;
