-- POST /api/ppv/paystack/webhook (docs/compatibility.md#paystack-webhook), its signature checked. Refunds and disputes name the
-- payment in other places than charges do. A message without an event is about the charge that it tells the status of. A
-- dispute takes the access away until it is decided for us.
SELECT wanzami.refuse(400, 'Missing reference') WHERE coalesce(nullif($2 #>> '{data,reference}', ''), $2 #>> '{data,transaction_reference}',
	$2 #>> '{data,transaction,reference}', '') = '';
SELECT CASE done WHEN 'unknown' THEN 404 ELSE 200 END AS status,
	CASE done WHEN 'unknown' THEN '{"message":"Purchase not found"}' ELSE '{"received":true}' END AS body
FROM wanzami.ppv_settle(
	coalesce(nullif($2 #>> '{data,reference}', ''), $2 #>> '{data,transaction_reference}', $2 #>> '{data,transaction,reference}'),
	CASE coalesce($2 ->> 'event', 'charge.' || ($2 #>> '{data,status}'))
		WHEN 'charge.success' THEN 'paid'
		WHEN 'charge.failed' THEN 'failed'
		WHEN 'refund.processed' THEN 'reversed'
		WHEN 'charge.dispute.create' THEN 'reversed'
		WHEN 'charge.dispute.remind' THEN 'reversed'
		WHEN 'charge.dispute.resolve' THEN CASE $2 #>> '{data,resolution}' WHEN 'declined' THEN 'restored' ELSE 'reversed' END
	END,
	'PAYSTACK', CASE WHEN coalesce($2 ->> 'event', '') NOT LIKE 'charge.dispute.%' THEN wanzami.field_amount($2 -> 'data', 'amount') END,
	$2 #>> '{data,currency}', $2 #>> '{data,id}', $2, ($1 ->> 'accessDays')::int) done
