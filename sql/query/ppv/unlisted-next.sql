-- Cron job payments-compare, step 4 (docs/payments.md#comparison): the next purchase that the gateway's list lacks, or lacked in an earlier
-- run.
-- $1: gateway.
-- $2: id of the purchase before it; 0 starts.
SELECT u.purchase_id, p."paystackRef" FROM wanzami.ppv_unlisted u JOIN "PpvPurchase" p ON p."id" = u.purchase_id
WHERE p."gateway" = $1 AND u.purchase_id > $2::bigint ORDER BY u.purchase_id LIMIT 1
