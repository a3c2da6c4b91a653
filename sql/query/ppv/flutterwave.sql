-- POST /api/ppv/flutterwave/webhook (docs/compatibility.md#flutterwave-webhook), after the handler has checked its secret:
-- applies an event to the purchase. Amounts are in whole units of the currency. A refund names the transaction instead of
-- the reference; one that arrives before its charge is kept. Returns 200, or 404 for an unknown purchase.
-- $1: accessDays.
-- $2: data, event.
SELECT wanzami.refuse(400, 'Missing tx_ref') WHERE coalesce($2 #>> '{data,tx_ref}', '') = '' AND coalesce($2 #>> '{data,meta,reference}', '') = ''
	AND (($2 ->> 'event') NOT LIKE 'refund.%' OR $2 ->> 'event' IS NULL OR $2 #>> '{data,TransactionId}' IS NULL);
-- A refund and the charge of the same transaction wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended('wanzami.ppv ' || coalesce($2 #>> '{data,TransactionId}', $2 #>> '{data,id}', ''), 0));
SELECT wanzami.ppv_refund_early($2 #>> '{data,TransactionId}', $2 #>> '{data,id}', round(100 * wanzami.field_amount($2 -> 'data', 'AmountRefunded')))
WHERE $2 ->> 'event' LIKE 'refund.%' AND lower($2 #>> '{data,status}') = 'completed' AND $2 #>> '{data,TransactionId}' IS NOT NULL
AND coalesce($2 #>> '{data,tx_ref}', '') = '' AND coalesce($2 #>> '{data,meta,reference}', '') = ''
AND NOT EXISTS (SELECT FROM wanzami.ppv_by_transaction($2 #>> '{data,TransactionId}'));
SELECT CASE done WHEN 'unknown' THEN 404 ELSE 200 END AS status,
	CASE done WHEN 'unknown' THEN '{"message":"Purchase not found"}' ELSE '{"received":true}' END AS body
FROM wanzami.ppv_settle(
	coalesce(nullif($2 #>> '{data,tx_ref}', ''), nullif($2 #>> '{data,meta,reference}', ''), (SELECT reference
		FROM wanzami.ppv_by_transaction($2 #>> '{data,TransactionId}') reference LIMIT 1)),
	CASE
		WHEN $2 ->> 'event' LIKE 'refund.%' THEN CASE lower($2 #>> '{data,status}') WHEN 'completed' THEN 'refunded'
			WHEN 'failed' THEN 'unrefunded' END
		WHEN $2 #>> '{data,status}' = 'successful' THEN 'paid'
		WHEN $2 #>> '{data,status}' IN ('failed', 'cancelled') THEN 'failed'
	END,
	'FLUTTERWAVE', round(100 * CASE WHEN $2 ->> 'event' LIKE 'refund.%' THEN wanzami.field_amount($2 -> 'data', 'AmountRefunded')
		ELSE wanzami.field_amount($2 -> 'data', 'amount') END),
	$2 #>> '{data,currency}', $2 #>> '{data,id}', $2, ($1 ->> 'accessDays')::int, $2 #>> '{data,id}') done
