-- Cron job payments, step 4 (docs/payments.md#payments-without-a-purchase): applies a payment gateway's response about a payment whose
-- reference no purchase has. Returns what was done.
-- $1: gateway.
-- $2: reference.
-- $3: ok, refused (the gateway knows no such payment) or unknown (no usable response).
-- $4: response of the gateway (JSON).
-- $5: days of access after payment.
SELECT pg_advisory_xact_lock(hashtextextended('wanzami.ppv ' || ($4::jsonb #>> '{data,id}'), 0)) FROM (SELECT $1::text, $2::text, $3::text) request;
SELECT wanzami.ppv_found($1, $2, $3, $4::jsonb, $5::int)
