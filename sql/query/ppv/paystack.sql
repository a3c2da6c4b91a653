-- POST /api/ppv/paystack/webhook (docs/compatibility.md#paystack-webhook), after the handler has checked its signature:
-- applies an event to the purchase. Refunds and disputes name the reference in other fields than charges. A body without
-- event is a charge with the status in data. A dispute ends the access until it is declined. Refunds and disputes are told
-- apart by their ids. Returns 200, or 404 for an unknown purchase.
-- $1: accessDays.
-- $2: data, event.
SELECT wanzami.refuse(400, 'Missing reference') WHERE coalesce(nullif($2 #>> '{data,reference}', ''), $2 #>> '{data,transaction_reference}',
	$2 #>> '{data,transaction,reference}', '') = '';
SELECT CASE done WHEN 'unknown' THEN 404 ELSE 200 END AS status,
	CASE done WHEN 'unknown' THEN '{"message":"Purchase not found"}' ELSE '{"received":true}' END AS body
FROM wanzami.ppv_settle(
	coalesce(nullif($2 #>> '{data,reference}', ''), $2 #>> '{data,transaction_reference}', $2 #>> '{data,transaction,reference}'),
	CASE coalesce($2 ->> 'event', 'charge.' || ($2 #>> '{data,status}'))
		WHEN 'charge.success' THEN 'paid'
		WHEN 'charge.failed' THEN 'failed'
		WHEN 'refund.processed' THEN 'refunded'
		WHEN 'refund.failed' THEN 'unrefunded'
		WHEN 'charge.dispute.create' THEN 'disputed'
		WHEN 'charge.dispute.remind' THEN 'disputed'
		WHEN 'charge.dispute.resolve' THEN CASE $2 #>> '{data,resolution}' WHEN 'declined' THEN 'won' ELSE 'lost' END
	END,
	'PAYSTACK', CASE WHEN coalesce($2 ->> 'event', '') NOT LIKE 'charge.dispute.%' THEN wanzami.field_amount($2 -> 'data', 'amount') END,
	$2 #>> '{data,currency}', $2 #>> '{data,id}', $2, ($1 ->> 'accessDays')::int,
	CASE WHEN $2 ->> 'event' LIKE 'refund.%' THEN coalesce(nullif($2 #>> '{data,refund_reference}', ''), $2 #>> '{data,id}') ELSE $2 #>> '{data,id}' END) done
