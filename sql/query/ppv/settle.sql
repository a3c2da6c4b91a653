-- What a gateway said when it was asked about the purchase with the id $1 (docs/compatibility.md#payment-reconciliation): $2
-- ok, with its answer in $3, refused (it knows of no payment) or unknown (it did not say); $4 days of access. Nobody has a day
-- to pay; where the gateway is silent, a week.
SELECT wanzami.ppv_settle(p."paystackRef", CASE
		WHEN a.status IN ('success', 'successful') THEN 'paid'
		WHEN a.status = 'reversed' THEN 'reversed'
		WHEN a.status = 'failed' THEN 'failed'
		WHEN p."createdAt" < wanzami.now() - CASE $2 WHEN 'unknown' THEN interval '7 days' ELSE interval '1 day' END THEN 'expired'
	END, p."gateway", CASE WHEN a.status IS DISTINCT FROM 'reversed' THEN CASE p."gateway" WHEN 'PAYSTACK' THEN wanzami.field_amount(a.data, 'amount') ELSE round(wanzami.field_amount(a.data, 'amount') * 100) END END,
	a.data ->> 'currency', a.data ->> 'id', a.answer, $4::int)
FROM "PpvPurchase" p, LATERAL (SELECT $3::jsonb AS answer, $3::jsonb -> 'data' AS data,
	-- An answer about another payment says nothing.
	CASE WHEN p."paystackRef" IN ($3::jsonb #>> '{data,reference}', $3::jsonb #>> '{data,tx_ref}') THEN $3::jsonb #>> '{data,status}' END AS status) a
WHERE p."id" = $1::bigint
