-- Cron job payments, step 2 (docs/compatibility.md#payment-reconciliation): applies a payment gateway's response to a
-- purchase. Without payment the purchase is CANCELLED after one day, and after seven days if the gateway gives no response.
-- Returns what was done.
-- $1: purchase id.
-- $2: ok, refused (the gateway knows no such payment) or unknown (no usable response).
-- $3: response of the gateway (JSON).
-- $4: days of access after payment.
SELECT pg_advisory_xact_lock(hashtextextended('wanzami.ppv ' || ($3::jsonb #>> '{data,id}'), 0)) FROM (SELECT $1::bigint, $2::text) request;
SELECT wanzami.ppv_settle(p."paystackRef", CASE
		WHEN a.status IN ('success', 'successful') THEN 'paid'
		WHEN a.status = 'reversed' THEN 'refunded'
		WHEN a.status = 'failed' THEN 'failed'
		WHEN p."createdAt" < wanzami.now() - CASE $2 WHEN 'unknown' THEN interval '7 days' ELSE interval '1 day' END THEN 'expired'
	END, p."gateway", CASE WHEN a.status IS DISTINCT FROM 'reversed' THEN CASE p."gateway" WHEN 'PAYSTACK' THEN wanzami.field_amount(a.data, 'amount') ELSE round(wanzami.field_amount(a.data, 'amount') * 100) END END,
	a.data ->> 'currency', a.data ->> 'id', a.answer, $4::int, 'reversal')
FROM "PpvPurchase" p, LATERAL (SELECT $3::jsonb AS answer, $3::jsonb -> 'data' AS data,
	-- The status is ignored if the response is about another reference.
	CASE WHEN p."paystackRef" IN ($3::jsonb #>> '{data,reference}', $3::jsonb #>> '{data,tx_ref}') THEN $3::jsonb #>> '{data,status}' END AS status) a
WHERE p."id" = $1::bigint
