-- Cron job payments, step 6 (docs/payments.md#paid-twice): records what the gateway has said about a refund. An accepted refund counts as
-- money that went back. A refund that the gateway refuses, or does not answer eight times, is left to a person. Returns the state.
-- $1: purchase id.
-- $2: ok, refused (by the gateway) or unknown (no usable response).
-- $3: reason, for people.
SELECT wanzami.ppv_settle(p."paystackRef", 'refunded', p."gateway", NULL, NULL, NULL, '{"event":"refund.requested"}', 0, 'twice')
FROM "PpvPurchase" p WHERE p."id" = $1::bigint AND $2 = 'ok';
SELECT wanzami.ppv_refuse_refund(p, $3) FROM "PpvPurchase" p JOIN wanzami.ppv_refund r ON r.purchase_id = p."id"
WHERE p."id" = $1::bigint AND ($2 = 'refused' OR $2 = 'unknown' AND r.attempts >= 8);
UPDATE wanzami.ppv_refund SET state = CASE WHEN $2 = 'ok' THEN 'requested' ELSE state END, last_error = CASE WHEN $2 <> 'ok' THEN $3 END
WHERE purchase_id = $1::bigint RETURNING state
