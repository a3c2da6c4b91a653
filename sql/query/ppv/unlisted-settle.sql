-- Cron job payments-compare, step 5 (docs/payments.md#comparison): applies the gateway's response about this purchase.
-- $1: id of the purchase.
-- $2: result (ok, refused, unknown).
-- $3: response of the gateway (JSON).
SELECT wanzami.ppv_unlisted_settle($1::bigint, $2, $3::jsonb)
