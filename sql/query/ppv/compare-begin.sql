-- Cron job payments-compare, step 2 (docs/payments.md#comparison): enters the paid purchases of the span that the gateway's list should
-- have; step 3 removes those that it has.
-- $1: gateway.
-- $2: first day.
-- $3: last day.
INSERT INTO wanzami.ppv_unlisted (purchase_id)
SELECT p."id" FROM "PpvPurchase" p
WHERE p."gateway" = $1 AND p."status" = 'SUCCESS' AND p."paystackRef" IS NOT NULL AND p."createdAt" >= $2::date AND p."createdAt" < $3::date + 1
ON CONFLICT DO NOTHING
